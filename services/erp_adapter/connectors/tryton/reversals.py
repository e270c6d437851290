"""Reversed time: the line is deleted while it is unbilled. Tryton takes no line of fewer than nought minutes."""

from collections.abc import Mapping, Sequence

import msgspec

from contracts.postings.v1 import ReverseTime
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Family, Rejected

from ..port import Recorded
from .bulk import all_or_each
from .keys import line_reference
from .rpc import Row, Rpc
from .values import number
from .works import Line

__all__ = ["Reversals"]


class _Line(Row, frozen=True, kw_only=True):
    model = "timesheet.line"
    fields = ("description", "company", "invoice_line.invoice")

    description: str | None
    company: int
    line: Line | None = msgspec.field(name="invoice_line.")


class Reversals:
    """A line that is gone is reversed. Accounting periods do not matter: unbilled time is in no books."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc

    async def reverse(self, writes: Sequence[Write]) -> Sequence[Applied | Family]:
        """One outcome for each write; a billed line is refused, and so is one that is not the revision's."""
        commands: list[ReverseTime] = [write.command for write in writes]
        held = await self._held(commands)
        outcomes: dict[int, Applied | Family] = {}
        doomed: dict[int, _Line] = {}
        for at, command in enumerate(commands):
            line = held.get(number(command.record, "line") or 0)
            if line is None:
                outcomes[at] = _recorded(command)
            elif (refusal := _refusal(command, line)) is not None:
                outcomes[at] = refusal
            else:
                doomed[at] = line

        async def delete(some: Sequence[int]) -> Sequence[Applied]:
            ids = [doomed[at].id for at in some]
            await self._rpc.delete("timesheet.line", ids, company=doomed[some[0]].company)
            return [_recorded(commands[at]) for at in some]

        for company in sorted({line.company for line in doomed.values()}):
            outcomes |= await all_or_each([at for at in doomed if doomed[at].company == company], delete)
        return [outcomes[at] for at in range(len(commands))]

    async def find(self, write: Write) -> Recorded | None:
        """The record, where the line is gone."""
        command: ReverseTime = write.command
        return None if await self._held([command]) else _recorded(command)

    async def _held(self, commands: Sequence[ReverseTime]) -> Mapping[int, _Line]:
        """The lines that are still there, by id; raises `Rejected` for a record that is no line."""
        ids = []
        for command in commands:
            if (line := number(command.record, "line")) is None:
                raise Rejected(f"{command.record} is no time line of Tryton's")
            ids.append(line)
        return {row.id: row for row in await self._rpc.rows(_Line, [["id", "in", sorted(set(ids))]])}


def _recorded(command: ReverseTime) -> Recorded:
    return {"record": command.record}


def _refusal(command: ReverseTime, line: _Line) -> Rejected | None:
    if line_reference(line.description) != f"{command.entry}#{command.revision}":
        said = f"line {line.id} is not {command.entry}#{command.revision} but {line.description!r}"
        return Rejected(said, "conflict")
    if line.line is not None:
        return Rejected(f"line {line.id} is billed on invoice {line.line.invoice}", "conflict")
    return None
