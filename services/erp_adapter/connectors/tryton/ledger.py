"""Everything that Tryton holds for a range of days, ours or not: time lines first, then customer invoices."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

import msgspec

from contracts.ledgers.v1 import LedgerLine
from contracts.types import EngagementId, RecordId

from .directory import Directory
from .invoices import Invoice
from .keys import engagement_in, line_reference
from .rpc import Row, Rpc
from .values import Day, Span, day, moment
from .works import Line

__all__ = ["MOST", "Ledger"]

#: Records that one call reads.
MOST = 1000


class _Origin(msgspec.Struct, frozen=True):
    """The task of a timesheet work: its place in the tree begins with its project's id."""

    path: str | None


class _Sheet(msgspec.Struct, frozen=True):
    origin: _Origin | None = msgspec.field(name="origin.", default=None)


class _Time(Row, frozen=True, kw_only=True):
    model = "timesheet.line"
    fields = ("description", "date", "duration", "work.origin.path", "invoice_line.invoice")

    description: str | None
    date: Day
    duration: Span
    work: _Sheet = msgspec.field(name="work.")
    line: Line | None = msgspec.field(name="invoice_line.")

    @property
    def project(self) -> int | None:
        path = self.work.origin.path if self.work.origin else None
        first = (path or "").partition("/")[0]
        return int(first) if first.isdecimal() else None


class _Project(Row, frozen=True, kw_only=True):
    model = "project.work"
    fields = ("comment",)

    comment: str | None


R = TypeVar("R", bound=Row)


class Ledger:
    """Pages go by id, so that what changes meanwhile shifts none."""

    def __init__(self, rpc: Rpc, directory: Directory) -> None:
        self._rpc, self._directory = rpc, directory

    async def lines(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        """All lines whose day lies in [start, end]."""
        companies = sorted(one.id for one in (await self._directory.companies()).values())
        mine: list[Any] = [["company", "in", companies]]
        engagements: dict[int, EngagementId | None] = {}
        days = [["date", ">=", day(start)], ["date", "<=", day(end)]]
        async for page in self._pages(_Time, [*mine, *days]):
            engagements |= await self._engagements(
                [row.project for row in page if row.project not in engagements]
            )
            for row in page:
                yield _time_line(row, engagements)
        async for bills in self._pages(Invoice, [*mine, ["type", "=", "out"], _dated(start, end)]):
            for bill in bills:
                yield _invoice_line(bill)

    async def _pages(self, shape: type[R], domain: Sequence[Any]) -> AsyncIterator[list[R]]:
        last = 0
        while rows := await self._rpc.rows(shape, [*domain, ["id", ">", last]], limit=MOST):
            yield rows
            last = rows[-1].id

    async def _engagements(self, projects: Sequence[int | None]) -> Mapping[int, EngagementId | None]:
        ids = sorted({one for one in projects if one is not None})
        rows = await self._rpc.rows(_Project, [["id", "in", ids]]) if ids else []
        return {row.id: engagement_in(row.comment) for row in rows}


def _dated(start: date, end: date) -> list[Any]:
    """A draft without a date counts by the day (UTC) it was made on."""
    dated = [["invoice_date", ">=", day(start)], ["invoice_date", "<=", day(end)]]
    first = datetime.combine(start, time.min, UTC)
    beyond = datetime.combine(end + timedelta(days=1), time.min, UTC)
    made = [["create_date", ">=", moment(first)], ["create_date", "<", moment(beyond)]]
    return ["OR", dated, [["invoice_date", "=", None], *made]]


def _time_line(row: _Time, engagements: Mapping[int, EngagementId | None]) -> LedgerLine:
    """A time line; its engagement is that of its project, whoever entered it."""
    billed = row.line.invoice if row.line else None
    return LedgerLine(
        kind="posted-time", record=RecordId(f"line:{row.id}"), reference=line_reference(row.description),
        engagement=engagements.get(row.project or 0), day=row.date.date, minutes=row.duration.minutes,
        billed_on=RecordId(f"invoice:{billed}") if billed is not None else None,
    )  # fmt: skip


def _invoice_line(row: Invoice) -> LedgerLine:
    ours = row.engagement is not None
    return LedgerLine(
        kind="invoice", record=RecordId(row.record), reference=row.reference if ours else None,
        engagement=row.engagement, day=row.invoice_date.date if row.invoice_date else row.create_date.utc.date(),
        amount=row.total, paid=row.paid, state=row.standing,
    )  # fmt: skip
