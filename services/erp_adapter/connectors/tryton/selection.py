"""Making Tryton bill exactly what is asked for. It bills a whole project: all unbilled time up to a day, or every
complete milestone. So what is not asked for is kept out of its reach for that moment, and looked at afterwards.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import msgspec

from contracts.invoices.v1 import DraftInvoice
from services.adapterkit.families import Rejected, Unavailable

from . import bodies
from .directory import Company
from .keys import SET_ASIDE, milestone_key
from .rpc import Row, Rpc
from .values import Day, Span, day, money, number
from .works import Line, Work, tree, with_key

__all__ = ["Milestones", "Selection", "Time"]


class Selection(Protocol):
    """What one draft is asked to carry, in one project."""

    async def holders(self) -> Mapping[int, int | None]:
        """Each thing asked for by its id, with the invoice that carries it; raises `Rejected` where one is amiss."""
        ...

    async def carried(self, invoice: int) -> Collection[int]:
        """The ids of everything of the project's kind that an invoice carries."""
        ...

    async def isolate(self) -> None:
        """Leave Tryton nothing to bill but this."""
        ...

    async def release(self) -> None:
        """Undo `isolate`, also that of an attempt that was cut off."""
        ...

    async def withdraw(self) -> None:
        """The draft is not to be: undo what `isolate` did to the things asked for."""
        ...


class _Time(Row, frozen=True, kw_only=True):
    model = "timesheet.line"
    fields = ("date", "duration", "work", "invoice_line.invoice")

    date: Day
    duration: Span
    work: int
    line: Line | None = msgspec.field(name="invoice_line.")


class Time:
    """Time lines of a project that is billed by the hour.

    Lines that are not asked for and not later than the last one that is wait below their task, on one without a
    price. Where they belong is where they are: so an attempt that was cut off is mended by the next.
    """

    def __init__(self, rpc: Rpc, company: Company, project: Work, command: DraftInvoice) -> None:
        self._rpc, self._company, self._project = rpc, company, project
        self._asked = {number(one.record, "line"): one for one in command.time}

    async def holders(self) -> Mapping[int, int | None]:
        held = {row.id: row for row in await self._lines()}
        for line, billed in self._asked.items():
            if line is None or line not in held:
                raise Rejected(
                    f"{billed.record} ({billed.entry}#{billed.revision}) is not in Tryton", "conflict"
                )
            if (minutes := held[line].duration.minutes) != billed.minutes:
                said = f"line {line} has {minutes} minutes in Tryton, {billed.minutes} were posted"
                raise Rejected(said, "conflict")
        return {line: row.line.invoice if row.line else None for line, row in held.items()}

    async def carried(self, invoice: int) -> Collection[int]:
        rows = await self._rpc.rows(_Time, [["invoice_line.invoice", "=", invoice]], company=self._company.id)
        return {row.id for row in rows}

    async def isolate(self) -> None:
        asked = await self._lines()
        if len(asked) != len(self._asked):
            raise Unavailable("time lines of the order vanished while it was drafted")
        last = max(row.date.date for row in asked)
        works = await tree(self._rpc, self._project.id, self._company)
        owner = {sheet: work for work in works if work.priced for sheet in work.timesheet_works}
        domain = [["work", "in", sorted(owner)], ["invoice_line", "=", None], ["date", "<=", day(last)]]
        rows = await self._rpc.rows(_Time, domain, company=self._company.id)
        others: dict[int, list[int]] = {}
        for row in rows:
            if row.id not in self._asked and row.work in owner:
                others.setdefault(owner[row.work].id, []).append(row.id)
        shelves = await self._shelves(works, sorted(others))
        await self._move({shelves[task]: lines for task, lines in others.items()})
        cut_off = {"project_invoice_timesheet_up_to": day(last)}
        await self._rpc.write("project.work", [self._project.id], cut_off, company=self._company.id)

    async def release(self) -> None:
        works = {work.id: work for work in await tree(self._rpc, self._project.id, self._company)}
        home = {
            sheet: works[work.parent].sheet
            for work in with_key(works.values(), SET_ASIDE)
            if work.parent in works
            for sheet in work.timesheet_works
        }
        domain = [["work", "in", sorted(home)]]
        rows = await self._rpc.rows(_Time, domain, company=self._company.id) if home else []
        back: dict[int, list[int]] = {}
        for row in rows:
            if row.work in home:
                back.setdefault(home[row.work], []).append(row.id)
        await self._move(back)

    async def withdraw(self) -> None:
        """Time that was billed is free again when its draft is gone."""

    async def _lines(self) -> Sequence[_Time]:
        ids = sorted(line for line in self._asked if line is not None)
        return await self._rpc.rows(_Time, [["id", "in", ids]], company=self._company.id)

    async def _shelves(self, works: Sequence[Work], tasks: Sequence[int]) -> dict[int, int]:
        """For each task the timesheet work that its other time waits on; made where there is none yet."""
        known = {work.parent: work for work in with_key(works, SET_ASIDE)}
        missing = [task for task in tasks if task not in known]
        if missing:
            company = self._company.id
            values = [bodies.set_aside_task(parent=task, company=company) for task in missing]
            made = await self._rpc.create("project.work", values, company=company)
            rows = await self._rpc.rows(Work, [["id", "in", made]], company=company)
            known |= {row.parent: row for row in rows}
        if unseen := [task for task in tasks if task not in known]:
            raise Unavailable(f"Tryton does not show the tasks that it made below {unseen}")
        return {task: known[task].sheet for task in tasks}

    async def _move(self, lines: Mapping[int, Sequence[int]]) -> None:
        """Move lines to timesheet works, all or none."""
        changes = [part for work, ids in lines.items() for part in (ids, {"work": work})]
        if changes:
            await self._rpc.write("timesheet.line", *changes, company=self._company.id)


class Milestones:
    """Milestones of a project with a fixed fee: those that are complete are billed."""

    def __init__(self, rpc: Rpc, company: Company, project: Work, command: DraftInvoice) -> None:
        self._rpc, self._company, self._project, self._command = rpc, company, project, command
        self._completed: list[int] = []

    async def holders(self) -> Mapping[int, int | None]:
        works = await tree(self._rpc, self._project.id, self._company)
        asked = self._find(works)
        if others := [work.name for work in works if work.id not in asked and _would_be_billed(work)]:
            said = f"{', '.join(others)} is complete in Tryton and would be billed as well"
            raise Rejected(said, "conflict")
        return {work.id: work.line.invoice if work.line else None for work in asked.values()}

    async def carried(self, invoice: int) -> Collection[int]:
        rows = await self._rpc.rows(Work, [["invoice_line.invoice", "=", invoice]], company=self._company.id)
        return {row.id for row in rows}

    async def isolate(self) -> None:
        """Complete what is asked for; all else is incomplete, or `holders` would have said so."""
        works = self._find(await tree(self._rpc, self._project.id, self._company)).values()
        self._completed = [work.id for work in works if work.progress != 1.0]
        if self._completed:
            await self._rpc.write(
                "project.work", self._completed, {"progress": 1.0}, company=self._company.id
            )

    async def release(self) -> None:
        """Nothing is kept out of reach."""

    async def withdraw(self) -> None:
        if self._completed:
            await self._rpc.write(
                "project.work", self._completed, {"progress": None}, company=self._company.id
            )

    def _find(self, works: Sequence[Work]) -> dict[int, Work]:
        """The milestones asked for, by the id of their task; raises `Rejected` where one differs in Tryton."""
        found: dict[int, Work] = {}
        for stone in self._command.milestones:
            held = with_key(works, milestone_key(self._command.engagement, stone.milestone))
            price = held[0].list_price if len(held) == 1 else None
            if price is None:
                raise Rejected(f"milestone {stone.milestone} has no task with a price in Tryton", "conflict")
            if (fee := money(price, self._company.currency)) != stone.amount:
                said = f"milestone {stone.milestone} is {fee.amount} {fee.currency} (minor units) in Tryton"
                raise Rejected(f"{said}, {stone.amount.amount} were asked for", "conflict")
            found[held[0].id] = held[0]
        return found


def _would_be_billed(work: Work) -> bool:
    return work.priced and work.progress == 1.0 and work.line is None
