"""The audit: reads the three ledgers and draws the account."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence

import httpx

from .account import Account, Finding
from .engagements import doubles, match, shown_by_crm
from .invoices import check
from .kantata import KantataTime
from .ledgers import CrmDeal, CrmReader, ErpLedger, ErpReader, Invoice, TimeLedger, TimeReader
from .salesforce import SalesforceDeals
from .time import compare, grouped, is_posted

__all__ = ["audit", "draw", "read"]


async def audit(
    *,
    salesforce_url: str,
    kantata_url: str,
    erp: ErpReader,
    http: httpx.AsyncClient,
    held: Collection[str] = frozenset(),
    connection: str = "kantata",
) -> Account:
    """Read the vendors' own ledgers, all pages, and compare them.

    `held` are references that the caller knows to be in open exceptions, entries (`kantata:85`) and deals
    (`D-00003`): they are counted and not found fault with. `connection` is what references to entries start with.
    """
    crm = SalesforceDeals(salesforce_url, http=http)
    time = KantataTime(kantata_url, http=http, connection=connection)
    return draw(*await read(crm, time, erp), held=held)


async def read(
    crm: CrmReader, time: TimeReader, erp: ErpReader
) -> tuple[Sequence[CrmDeal], TimeLedger, ErpLedger]:
    """The ledgers as they are now: downstream first, so that what is posted meanwhile is approved already."""
    deals = await crm.read()
    books = await erp.read()
    return deals, await time.read(), books


def draw(
    deals: Sequence[CrmDeal], time: TimeLedger, books: ErpLedger, *, held: Collection[str] = frozenset()
) -> Account:
    """The account of three ledgers; `held` as in `audit`."""
    known, by_engagement = frozenset(held), {deal.engagement: deal for deal in deals}
    findings: list[Finding] = [
        *match(by_engagement, time, books, known),
        *doubles(time, books),
        *compare(time.entries, books.postings, known),
        *check(books, by_engagement),
        *shown_by_crm(by_engagement, books.invoices),
    ]
    approved, by_entry = [entry for entry in time.entries if entry.approved], grouped(books.postings)
    waiting = [
        entry
        for entry in approved
        if entry.entry in known and not is_posted(entry, by_entry.get(entry.entry, []))
    ]
    posted = [invoice for invoice in books.invoices if invoice.posted]
    return Account(
        deals_won=sum(deal.won for deal in deals),
        projects_active=sum(project.active and bool(project.engagement) for project in books.projects),
        entries_approved=len(approved),
        minutes_approved=sum(entry.minutes for entry in approved),
        entries_posted=len(by_entry),
        minutes_posted=sum(posting.minutes for posting in books.postings),
        entries_held=len(waiting),
        minutes_held=sum(entry.minutes for entry in waiting),
        invoices_posted=len(posted),
        invoices_paid=sum(invoice.open == 0 for invoice in posted),
        invoiced=_by_currency((invoice, invoice.total) for invoice in posted),
        paid=_by_currency((invoice, invoice.paid) for invoice in posted),
        findings=tuple(findings),
    )


def _by_currency(amounts: Iterable[tuple[Invoice, int]]) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for invoice, amount in amounts:
        sums[invoice.currency] += amount
    return dict(sums)
