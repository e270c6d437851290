"""Everything that NetSuite holds for a range of days, ours or not: time bills first, then invoices."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from contracts.ledgers.v1 import LedgerLine
from contracts.types import RecordId

from .currencies import Currencies
from .external_ids import ExternalIds
from .money import money_of
from .options import Options
from .project_book import KnownProject, ProjectBook
from .suitetalk import Row, SuiteTalk

__all__ = ["InvoiceLine", "TimeLine", "invoice_line", "ledger_lines", "minutes_of", "time_line"]

DAYS = "trandate >= TO_DATE(?, 'YYYY-MM-DD') AND trandate <= TO_DATE(?, 'YYYY-MM-DD')"
DAY = "TO_CHAR(trandate, 'YYYY-MM-DD') AS day"
TIME_STATES = {1: "open", 2: "pending", 3: "approved", 4: "rejected"}


class TimeLine(Row, frozen=True, kw_only=True):
    day: date
    hours: Decimal
    externalid: str | int | None = None
    customer: int | None = None
    approvalstatus: int | None = None
    amount: Decimal | None = None
    invoice: int | None = None


class InvoiceLine(Row, frozen=True, kw_only=True):
    day: date
    status: str
    currency: int
    foreigntotal: Decimal
    foreignamountunpaid: Decimal = Decimal(0)
    externalid: str | int | None = None


def minutes_of(hours: Decimal) -> int:
    """Whole minutes of decimal hours, which NetSuite shows rounded (1.3333 hours are 80 minutes)."""
    return int((hours * 60).quantize(Decimal(1), ROUND_HALF_UP))


def time_line(row: TimeLine, project: KnownProject | None, ids: ExternalIds) -> LedgerLine:
    """A time bill; its engagement is that of its project, whoever entered it."""
    ours = ids.read_time(str(row.externalid))
    return LedgerLine(
        kind="posted-time",
        record=RecordId(str(row.id)),
        reference=f"{ours[0]}#{ours[1]}" if ours else None,
        engagement=project.engagement if project else None,
        day=row.day,
        minutes=minutes_of(row.hours),
        amount=money_of(row.amount, project.currency) if project and row.amount is not None else None,
        state=TIME_STATES.get(row.approvalstatus or 0, ""),
        billed_on=RecordId(str(row.invoice)) if row.invoice is not None else None,
    )


def invoice_line(row: InvoiceLine, currency: str, ids: ExternalIds, options: Options) -> LedgerLine:
    """An invoice; a status letter without a meaning is shown as it is."""
    ours = ids.read_invoice(str(row.externalid))
    letter = row.status.rpartition(":")[2]
    state = options.invoice_states.get(letter, letter)
    total = money_of(row.foreigntotal, currency)
    return LedgerLine(
        kind="invoice",
        record=RecordId(str(row.id)),
        reference=ours[1] if ours else None,
        engagement=ours[0] if ours else None,
        day=row.day,
        amount=total,
        paid=total - money_of(row.foreignamountunpaid if state != "draft" else row.foreigntotal, currency),
        state=state,
    )


async def ledger_lines(
    suitetalk: SuiteTalk, currencies: Currencies, ids: ExternalIds, options: Options, start: date, end: date
) -> AsyncIterator[LedgerLine]:
    """All lines whose day lies in [start, end]; projects are looked up anew, since people give them ids."""
    days = [start.isoformat(), end.isoformat()]
    book = ProjectBook(suitetalk, currencies, ids)
    columns = f"id, externalid, customer, hours, approvalstatus, {DAY}"
    for name, column in (("amount", options.time_amount_column), ("invoice", options.time_invoice_column)):
        columns += f", {column} AS {name}" if column else ""
    async for times in suitetalk.pages(f"SELECT {columns} FROM timebill", DAYS, days, TimeLine):  # noqa: S608
        projects = await book.look_up({row.customer for row in times})
        for row in times:
            yield time_line(row, projects.get(row.customer), ids)
    columns = f"id, externalid, status, currency, foreigntotal, foreignamountunpaid, {DAY}"
    select = f"SELECT {columns} FROM transaction"  # noqa: S608
    async for bills in suitetalk.pages(select, f"type = 'CustInvc' AND {DAYS}", days, InvoiceLine):
        for bill in bills:
            yield invoice_line(bill, await currencies.code(bill.currency), ids, options)
