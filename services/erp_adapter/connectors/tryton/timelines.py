"""Posted time: one time line for each revision, its key at the start of the description."""

from collections.abc import Mapping, Sequence
from datetime import date

from contracts.postings.v1 import PostTime
from contracts.types import WorkerId
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Family, Rejected, Unsure

from ..port import TimeValue
from . import bodies
from .bulk import all_or_each
from .directory import Company, Directory
from .keys import line_reference, posting_key
from .locks import Locks
from .rpc import Row, Rpc
from .tasks import Place, Tasks
from .values import day

__all__ = ["TimeLines"]

Employees = Mapping[WorkerId, int]


class _Line(Row, frozen=True, kw_only=True):
    model = "timesheet.line"
    fields = ("description",)

    description: str | None


class TimeLines:
    """Posts in bulk. Looked up first: Tryton takes a second line under the same key without a word."""

    def __init__(self, rpc: Rpc, directory: Directory, tasks: Tasks, locks: Locks) -> None:
        self._rpc, self._directory, self._tasks, self._locks = rpc, directory, tasks, locks

    async def post(self, writes: Sequence[Write]) -> Sequence[Applied | Family]:
        """One outcome for each write. Projects are locked, so that no line slips into a bill that is being made."""
        outcomes: dict[int, Applied | Family] = {}
        commands: list[PostTime] = [write.command for write in writes]
        async with self._locks.all_of(one.project_record for one in commands):
            for entity in sorted({one.legal_entity for one in commands}):
                mine = [at for at, one in enumerate(commands) if one.legal_entity == entity]
                try:
                    company = await self._directory.company(entity)
                    outcomes |= await self._post(company, {at: commands[at] for at in mine})
                except Family as family:
                    outcomes |= dict.fromkeys(mine, family)
        return [outcomes[at] for at in range(len(commands))]

    async def find(self, write: Write) -> TimeValue | None:
        """The line that carries this revision; raises `Unsure` where several do."""
        command: PostTime = write.command
        company = await self._directory.company(command.legal_entity)
        employees = await self._directory.employees(company, [command.worker])
        found = (await self._held(company, [command], employees)).get(_reference(command))
        if isinstance(found, Family):
            raise found
        return found

    async def _post(
        self, company: Company, commands: Mapping[int, PostTime]
    ) -> dict[int, TimeValue | Applied | Family]:
        """Found, refused here, or created: each command ends as one of the three."""
        employees = await self._directory.employees(company, [one.worker for one in commands.values()])
        held = await self._held(company, list(commands.values()), employees)
        outcomes: dict[int, TimeValue | Applied | Family] = {
            at: held[_reference(one)] for at, one in commands.items() if _reference(one) in held
        }
        new = {at: one for at, one in commands.items() if at not in outcomes}
        outcomes |= await self._refused(company, new, employees)
        new = {at: one for at, one in new.items() if at not in outcomes}
        found = dict(zip(new, await self._tasks.places(company, list(new.values())), strict=True))
        outcomes |= {at: place for at, place in found.items() if isinstance(place, Family)}
        places = {at: place for at, place in found.items() if isinstance(place, Place)}

        async def create(some: Sequence[int]) -> Sequence[Applied]:
            values = [_values(new[at], company, employees, places[at]) for at in some]
            return [
                _value(line) for line in await self._rpc.create("timesheet.line", values, company=company.id)
            ]

        return outcomes | await all_or_each(list(places), create)

    async def _refused(
        self, company: Company, commands: Mapping[int, PostTime], employees: Employees
    ) -> dict[int, Rejected]:
        """What Tryton itself would not refuse, or not in plain words: it takes time in closed periods."""
        closed = await self._directory.closed(company, [one.posting_date for one in commands.values()])
        refused = {}
        for at, one in commands.items():
            if why := closed.get(one.posting_date):
                refused[at] = Rejected(why, "policy")
            elif one.worker not in employees:
                refused[at] = Rejected(f"{one.worker} is no employee of {company.entity} in Tryton")
        return refused

    async def _held(
        self, company: Company, commands: Sequence[PostTime], employees: Employees
    ) -> Mapping[str, TimeValue | Unsure]:
        """The lines that carry our postings, by reference, among these employees' lines of their days."""
        days: dict[int, set[date]] = {}
        for one in commands:
            if one.worker in employees:
                days.setdefault(employees[one.worker], set()).add(one.posting_date)
        if not days:
            return {}
        theirs = [
            [["employee", "=", employee], ["date", "in", [day(each) for each in sorted(dates)]]]
            for employee, dates in sorted(days.items())
        ]
        domain: list[object] = [["company", "=", company.id], ["OR", *theirs]]
        if len(commands) == 1:
            domain.append(["description", "like", f"{_key(commands[0])} |%"])
        found: dict[str, list[int]] = {}
        for row in await self._rpc.rows(_Line, domain, company=company.id):
            if (reference := line_reference(row.description)) is not None:
                found.setdefault(reference, []).append(row.id)
        return {reference: _one(reference, lines) for reference, lines in found.items()}


def _reference(command: PostTime) -> str:
    return f"{command.entry}#{command.revision}"


def _key(command: PostTime) -> str:
    return posting_key(command.entry, command.revision)


def _value(line: int) -> TimeValue:
    """Tryton values time only when it is billed, so a posting has no amount of its own."""
    return {"record": f"line:{line}", "amount": None}


def _one(reference: str, lines: Sequence[int]) -> TimeValue | Unsure:
    if len(lines) > 1:
        return Unsure(f"lines {', '.join(map(str, lines))} carry {reference}")
    return _value(lines[0])


def _values(command: PostTime, company: Company, employees: Employees, place: Place) -> bodies.Body:
    return bodies.time_line(
        key=_key(command), text=place.text, employee=employees[command.worker], work=place.work,
        on=command.posting_date, minutes=command.minutes, company=company.id,
    )  # fmt: skip
