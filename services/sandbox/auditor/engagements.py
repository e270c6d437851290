"""Deals, projects and workspaces: each won deal has exactly one of each, and nobody else has any."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from .account import Finding
from .ledgers import EXPONENTS, CrmDeal, ErpLedger, Invoice, TimeLedger

__all__ = ["doubles", "match", "shown_by_crm"]


def match(
    deals: Mapping[str, CrmDeal], time: TimeLedger, books: ErpLedger, held: Collection[str]
) -> Iterator[Finding]:
    """What is missing somewhere. Deals whose number is in `held` are known to the caller and passed over."""
    won = {engagement for engagement, deal in deals.items() if deal.won}
    passed = {engagement for engagement, deal in deals.items() if deal.number in held}
    active = {project.engagement for project in books.projects if project.active and project.engagement}
    open_ = {workspace.engagement for workspace in time.workspaces if workspace.engagement}
    for engagement in sorted(won - active - passed):
        yield Finding(
            kind="deal",
            reference=deals[engagement].number,
            words=f"is won and has no active project in {books.name}",
        )
    for engagement in sorted(active - won):
        words = f"has an active project in {books.name} and is no won deal"
        yield Finding(kind="deal", reference=engagement, words=words)
    for engagement in sorted(active - open_ - passed):
        words = f"has an active project in {books.name} and no workspace"
        yield Finding(kind="workspace", reference=engagement, words=words)
    for engagement in sorted(open_ - {project.engagement for project in books.projects}):
        words = f"has a workspace and no project in {books.name}"
        yield Finding(kind="workspace", reference=engagement, words=words)


def doubles(time: TimeLedger, books: ErpLedger) -> Iterator[Finding]:
    """Records that carry the reference of an earlier one. NetSuite's references ignore capitals, so do these."""
    kinds: dict[str, Sequence[tuple[str, str]]] = {
        "customer": [(one.reference, one.record) for one in books.customers],
        "project": [(one.engagement, one.record) for one in books.projects],
        "invoice": [(one.reference, one.record) for one in books.invoices],
        "workspace": [(one.engagement, one.record) for one in time.workspaces],
    }
    for kind, records in kinds.items():
        first: dict[str, str] = {}
        for reference, record in records:
            if not reference:
                continue
            before = first.setdefault(reference.casefold(), record)
            if before != record:
                words = f"{kind} {record} is there beside {kind} {before}"
                yield Finding(kind="duplicate", reference=reference, words=words)


def shown_by_crm(deals: Mapping[str, CrmDeal], invoices: Sequence[Invoice]) -> Iterator[Finding]:
    """Deals whose invoiced and paid amounts differ between the CRM and the books."""
    invoiced: dict[str, int] = {}
    paid: dict[str, int] = {}
    for invoice in invoices:
        if invoice.posted:
            invoiced[invoice.engagement] = invoiced.get(invoice.engagement, 0) + invoice.total
            paid[invoice.engagement] = paid.get(invoice.engagement, 0) + invoice.paid
    for engagement, deal in deals.items():
        figures = (
            ("invoiced", deal.invoiced, invoiced.get(engagement, 0)),
            ("paid", deal.paid, paid.get(engagement, 0)),
        )
        for word, shown, booked in figures:
            if shown != booked:
                units = 10 ** EXPONENTS[deal.currency]
                words = f"the CRM shows {shown / units} {deal.currency} {word}, the books {booked / units}"
                yield Finding(
                    kind="crm",
                    reference=deal.number,
                    words=words,
                    cents=abs(shown - booked),
                    currency=deal.currency,
                )
