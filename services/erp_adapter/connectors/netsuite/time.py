"""Posted time: one time bill for each revision of an entry, in batches; taken back by deleting it."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from contracts.postings.v1 import PostTime, ReverseTime
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Family, Rejected, Unavailable, Unsure

from .. import port
from . import bodies
from .external_ids import ExternalIds
from .jobs import Job, Jobs
from .money import money_of
from .options import Options
from .project_book import ProjectBook
from .subsidiaries import Subsidiaries
from .suitetalk import Row, SuiteTalk

__all__ = ["TimeBills"]


class _TimeBill(Row, frozen=True, kw_only=True):
    externalid: str | int | None = None
    customer: int | None = None
    amount: Decimal | None = None
    invoice: int | None = None


class _Present(msgspec.Struct, frozen=True):
    id: str


class TimeBills:
    """Posts and reverses. An upsert under the revision's own external id can be repeated and is found again."""

    def __init__(
        self,
        suitetalk: SuiteTalk,
        jobs: Jobs,
        subsidiaries: Subsidiaries,
        book: ProjectBook,
        ids: ExternalIds,
        options: Options,
    ) -> None:
        self._suitetalk, self._jobs, self._subsidiaries = suitetalk, jobs, subsidiaries
        self._book, self._ids, self._options = book, ids, options

    async def post(self, writes: Sequence[Write]) -> Sequence[Applied | Family]:
        """Post one by one call, several by a batch; each answers for itself."""
        commands: list[PostTime] = [write.command for write in writes]
        if len(commands) == 1:
            return [await self._one(commands[0])]
        named = {self._id(command): command for command in commands}
        job = await self._jobs.upsert(
            "timeBill",
            [
                {"externalId": name, **bodies.time_bill(command, self._options)}
                for name, command in named.items()
            ],
        )
        await self._jobs.finished(job)
        held = await self._jobs.patiently(job, lambda: self._values(list(named)))
        outcomes: dict[str, Applied | Family] = {**held}
        for number, (name, command) in enumerate(named.items(), 1):
            if name not in held:
                outcomes[name] = await self._missing(job, number, command)
        return [outcomes[self._id(command)] for command in commands]

    async def find(self, write: Write) -> Applied | None:
        name = self._id(write.command)
        return (await self._values([name])).get(name)

    async def reverse(self, write: Write) -> port.Recorded:
        """Delete the revision's time bill. One that is gone is reversed; one on an invoice is refused."""
        command: ReverseTime = write.command
        name = self._ids.time(command.entry, command.revision)
        try:
            deleted = await self._suitetalk.delete(f"timeBill/eid:{name}")
        except Rejected as refusal:
            raise await self._why_kept(refusal, name, command) from None
        if not deleted and await self._exists(command.record):
            raise Rejected(f"time bill {command.record} no longer carries the external id {name}", "conflict")
        return {"record": command.record}

    async def find_reversal(self, write: Write) -> port.Recorded | None:
        """A reversal is proved by absence: neither the external id nor the record is there."""
        command: ReverseTime = write.command
        if await self._rows([self._ids.time(command.entry, command.revision)]):
            return None
        return None if await self._exists(command.record) else {"record": command.record}

    def _id(self, command: PostTime) -> str:
        return self._ids.time(command.entry, command.revision)

    async def _one(self, command: PostTime) -> Applied | Family:
        name = self._id(command)
        try:
            record = await self._suitetalk.put(
                f"timeBill/eid:{name}", bodies.time_bill(command, self._options)
            )
        except Rejected as refusal:
            return await self._explained(refusal, command)
        except Family as family:
            return family
        try:
            return (await self._values([name]))[name]
        except (Family, KeyError):  # it is posted for certain; what it is worth stays open
            value: port.TimeValue = {"record": record, "amount": None}
            return value

    async def _missing(self, job: Job, number: int, command: PostTime) -> Applied | Family:
        """What became of an item that the job left no record of.

        The results of a job that an earlier try started are old news: what it refused then may be fit now, and
        its key would bring the same job for ever. So those go one by one.
        """
        if job.repeated:
            return await self._one(command)
        outcome = await self._jobs.result(job, number)
        if isinstance(outcome, Rejected):
            return await self._explained(outcome, command)
        if isinstance(outcome, Family):
            return outcome
        value: port.TimeValue = {"record": outcome, "amount": None}
        return value

    async def _explained(self, refusal: Rejected, command: PostTime) -> Rejected:
        return await self._subsidiaries.explained(refusal, command.posting_date, entity=command.legal_entity)

    async def _why_kept(self, refusal: Rejected, name: str, command: ReverseTime) -> Rejected:
        """A time bill that may not be deleted is on an invoice, or lies in a closed period, or neither."""
        for row in await self._rows([name]):
            if row.invoice is not None:
                return Rejected(f"{refusal.why} (on invoice {row.invoice})", "policy")
            jobs = await self._book.look_up({row.customer})
            for job in jobs.values():
                return await self._subsidiaries.explained(
                    refusal, command.posting_date, subsidiary=job.subsidiary
                )
        return refusal

    async def _values(self, names: Sequence[str]) -> Mapping[str, Applied]:
        """The time bills of these external ids, valued where the account says by how much."""
        rows = await self._rows(names)
        jobs = await self._book.look_up({row.customer for row in rows if row.amount is not None})
        held: dict[str, Applied] = {}
        for row in rows:
            name = str(row.externalid)
            if name in held:
                raise Unsure(f"several time bills share the external id {name}")
            job = jobs.get(row.customer)
            worth = money_of(row.amount, job.currency) if row.amount is not None and job else None
            value: port.TimeValue = {
                "record": str(row.id),
                "amount": None if worth is None else port.money_json(worth),
            }
            held[name] = value
        return held

    async def _rows(self, names: Sequence[str]) -> Sequence[_TimeBill]:
        marks = ", ".join("?" for _ in names)
        q = f"SELECT {self._columns()} FROM timebill WHERE externalid IN ({marks})"  # noqa: S608
        rows, _ = await self._suitetalk.query(q, list(names), _TimeBill)
        if stray := {str(row.externalid) for row in rows} - set(names):
            raise Unavailable(f"time bills that were not asked for: {', '.join(sorted(stray)[:3])}")
        return rows

    async def _exists(self, record: str) -> bool:
        return await self._suitetalk.read_if_any(f"timeBill/{record}", _Present) is not None

    def _columns(self) -> str:
        columns = ["id", "externalid", "customer"]
        if self._options.time_amount_column:
            columns.append(f"{self._options.time_amount_column} AS amount")
        if self._options.time_invoice_column:
            columns.append(f"{self._options.time_invoice_column} AS invoice")
        return ", ".join(columns)
