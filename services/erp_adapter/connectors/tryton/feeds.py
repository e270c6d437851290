"""What changed in Tryton: periods, rate cards, projects and invoices.

A watermark is `<instant>` after a finished round, from which the next one starts a little earlier (a change is
stamped when its transaction begins, and seen when it ends), or `<instant>/<id>` in the middle of a round.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec

from contracts.invoices.v1 import InvoiceChanged
from contracts.projects.v1 import ProjectStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.types import ConnectionName, InvoiceId, RecordId, period_of
from services.adapterkit.connector import Observed, Page

from .directory import Company, Directory
from .invoices import Invoice
from .keys import PREFIX, engagement_in
from .options import Options
from .rpc import Row, Rpc
from .tasks import Tasks
from .values import Day, Moment, moment

__all__ = ["MOST", "Feeds", "after", "watermark"]

#: Records that one poll reads.
MOST: Final = 500
BY_CHANGE: Final = (("last_modified_at", "ASC"), ("id", "ASC"))


class _Changed(Row, frozen=True, kw_only=True):
    last_modified_at: Moment


class _Period(_Changed, frozen=True, kw_only=True):
    model = "account.period"
    fields = ("start_date", "end_date", "state", "company", "last_modified_at")

    start_date: Day
    end_date: Day
    state: str
    company: int


class _Status(msgspec.Struct, frozen=True):
    name: str


class _Project(_Changed, frozen=True, kw_only=True):
    model = "project.work"
    fields = ("comment", "status.name", "last_modified_at")

    comment: str | None
    status: _Status = msgspec.field(name="status.")


C = TypeVar("C", bound=Row)


class Feeds:
    """Reads changes in the order of their stamp and id, so that equal stamps never hide one."""

    def __init__(
        self, rpc: Rpc, directory: Directory, tasks: Tasks, options: Options, connection: ConnectionName
    ) -> None:
        self._rpc, self._directory, self._tasks = rpc, directory, tasks
        self._options, self._connection = options, connection

    async def periods(self, mark: str | None) -> Page:
        companies = await self._companies()
        domain = [["company", "in", sorted(companies)], ["type", "=", "standard"]]
        rows = await self._changed(_Period, domain, mark)
        return self._page(
            rows,
            [self._period(row, companies[row.company]) for row in rows if row.company in companies],
            mark,
        )

    async def rate_cards(self, mark: str | None) -> Page:
        """Prices carry no stamp of their own: all are read every time, one card for each company that has one."""
        cards = self._options.rate_cards
        companies = [one for one in (await self._companies()).values() if one.entity in cards]
        return Page(
            observed=[await self._rate_card(one, cards[one.entity]) for one in companies], watermark=""
        )

    async def projects(self, mark: str | None) -> Page:
        domain = [
            ["company", "in", sorted(await self._companies())],
            ["type", "=", "project"],
            ["comment", "like", f"{PREFIX}%"],
        ]
        rows = await self._changed(_Project, domain, mark)
        return self._page(rows, [seen for row in rows for seen in self._project(row)], mark)

    async def invoices(self, mark: str | None) -> Page:
        domain = [
            ["company", "in", sorted(await self._companies())], ["type", "=", "out"], ["reference", "!=", None],
        ]  # fmt: skip
        rows = await self._changed(Invoice, domain, mark)
        return self._page(rows, [seen for row in rows for seen in self._invoice(row)], mark)

    async def _companies(self) -> dict[int, Company]:
        return {one.id: one for one in (await self._directory.companies()).values()}

    async def _changed(self, shape: type[C], domain: Sequence[Any], mark: str | None) -> list[C]:
        clauses = after(mark, self._options.overlap_seconds)
        return await self._rpc.rows(shape, [*domain, *clauses], order=BY_CHANGE, limit=MOST)

    def _page(
        self, rows: Sequence[_Period | _Project | Invoice], seen: Sequence[Observed], mark: str | None
    ) -> Page:
        more = len(rows) == MOST
        return Page(observed=seen, watermark=watermark(rows, more, mark), more=more)

    def _period(self, row: _Period, company: Company) -> Observed:
        period = period_of(row.start_date.date)
        changed = PeriodChanged(
            legal_entity=company.entity, period=period, version=0, start=row.start_date.date,
            end=row.end_date.date, open=row.state == "open", connection=self._connection,
        )  # fmt: skip
        return Observed(record=f"period:{row.id}", contract=changed)

    async def _rate_card(self, company: Company, card: str) -> Observed:
        services = await self._tasks.services(company)
        rates = {
            category: service.list_price_used.decimal
            for category, service in sorted(services.items())
            if service.list_price_used is not None and service.list_price_used.decimal
        }
        changed = RateCardChanged(
            rate_card=card, version=0, currency=company.currency, rates=rates, connection=self._connection
        )
        return Observed(record=f"rate-card:{card}", contract=changed)

    def _project(self, row: _Project) -> list[Observed]:
        engagement = engagement_in(row.comment)
        if engagement is None:
            return []
        changed = ProjectStatusChanged(
            engagement=engagement, version=0, connection=self._connection,
            state=self._options.project_states.get(row.status.name, "on-hold"),
        )  # fmt: skip
        return [Observed(record=f"project:{row.id}", contract=changed)]

    def _invoice(self, row: Invoice) -> list[Observed]:
        """An invoice under another's reference, or without the line in its comment that we wrote, is not ours."""
        if row.engagement is None or not row.reference:
            return []
        changed = InvoiceChanged(
            invoice=InvoiceId(row.reference), engagement=row.engagement, version=0,
            record=RecordId(row.record), state=row.standing, total=row.total, paid=row.paid,
            connection=self._connection,
        )  # fmt: skip
        return [Observed(record=row.record, contract=changed)]


def after(mark: str | None, overlap: int) -> list[Any]:
    """The clauses that read on from a watermark."""
    if not mark:
        return []
    at, _, record = mark.partition("/")
    instant = datetime.fromisoformat(at)
    if not record:
        return [["last_modified_at", ">=", moment(instant - timedelta(seconds=overlap))]]
    behind = [["last_modified_at", "=", moment(instant)], ["id", ">", int(record)]]
    return [["OR", [["last_modified_at", ">", moment(instant)]], behind]]


def watermark(rows: Sequence[_Period | _Project | Invoice], more: bool, mark: str | None) -> str:
    """Where the next poll goes on: behind the last row, or at its instant where the round is over."""
    if not rows:
        return (mark or "").partition("/")[0]
    instant = rows[-1].last_modified_at.utc.astimezone(UTC).isoformat()
    return f"{instant}/{rows[-1].id}" if more else instant
