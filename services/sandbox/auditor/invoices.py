"""Invoices: what they bill, what they come to, and that nothing is billed twice."""

from collections.abc import Iterator, Mapping, Sequence

from .account import Finding
from .ledgers import EXPONENTS, CrmDeal, ErpLedger, Invoice, Line, Posting

__all__ = ["check"]


def check(books: ErpLedger, deals: Mapping[str, CrmDeal]) -> Iterator[Finding]:
    """Every invoice that does not add up or bills what it should not; `deals` by engagement."""
    postings = {posting.record: posting for posting in books.postings}
    for invoice in books.invoices:
        for line in invoice.lines:
            yield from _line(books, invoice, line, postings)
        yield from _sums(books, invoice)
    yield from _billed_once(books)
    yield from _fees(books, deals)


def _found(invoice: Invoice, words: str, cents: int) -> Finding:
    return Finding(
        kind="invoice",
        reference=f"invoice {invoice.called}",
        words=words,
        cents=abs(cents),
        currency=invoice.currency,
    )


def _money(amount: int, currency: str) -> str:
    digits = EXPONENTS[currency]
    return f"{amount / 10**digits:,.{digits}f} {currency}"


def _line(
    books: ErpLedger, invoice: Invoice, line: Line, postings: Mapping[str, Posting]
) -> Iterator[Finding]:
    """A line over time is minutes times rate, of time that is posted on this invoice's own engagement."""
    amount = _money(line.amount, invoice.currency)
    if line.fee:
        return
    over = [postings[record] for record in line.postings if record in postings]
    if len(over) < len(line.postings) or not over or line.rate is None:
        named = ", ".join(line.postings) or repr(line.what)
        yield _found(invoice, f"{amount} is billed for {named}, which is no posted time", line.amount)
        return
    if any(posting.engagement != invoice.engagement for posting in over):
        named = ", ".join(line.postings)
        words = f"posting {named} belongs to {over[0].engagement}, the invoice to {invoice.engagement}"
        yield _found(invoice, words, line.amount)
    minutes = sum(posting.minutes for posting in over)
    right = books.arithmetic.price(minutes, line.rate, EXPONENTS[invoice.currency])
    if right != line.amount:
        words = (
            f"{minutes} minutes at {line.rate} are {_money(right, invoice.currency)}, the line says {amount}"
        )
        yield _found(invoice, words, right - line.amount)


def _sums(books: ErpLedger, invoice: Invoice) -> Iterator[Finding]:
    net = sum(line.amount for line in invoice.lines)
    tax = books.arithmetic.tax(net, invoice.entity)
    if tax != invoice.tax:
        words = (
            f"tax on {_money(net, invoice.currency)} is {_money(tax, invoice.currency)}, the invoice says "
        )
        yield _found(invoice, words + _money(invoice.tax, invoice.currency), tax - invoice.tax)
    if net + invoice.tax != invoice.total:
        words = f"lines and tax make {_money(net + invoice.tax, invoice.currency)}, the invoice says "
        yield _found(
            invoice, words + _money(invoice.total, invoice.currency), net + invoice.tax - invoice.total
        )
    if invoice.paid + invoice.open != invoice.total:
        words = (
            f"paid {_money(invoice.paid, invoice.currency)} and open {_money(invoice.open, invoice.currency)}"
        )
        words += f" do not make {_money(invoice.total, invoice.currency)}"
        yield _found(invoice, words, invoice.paid + invoice.open - invoice.total)


def _billed_once(books: ErpLedger) -> Iterator[Finding]:
    """A posting is on the one line of the one invoice that it says it is on."""
    on: dict[str, list[tuple[Invoice, Line]]] = {}
    for invoice in books.invoices:
        for line in invoice.lines:
            for record in line.postings:
                on.setdefault(record, []).append((invoice, line))
    for posting in books.postings:
        lines = on.get(posting.record, [])
        for invoice, line in lines[1:]:
            first = lines[0][0].called
            words = f"posting {posting.record} is billed again; it is on invoice {first} too"
            yield _found(invoice, words, line.amount)
        billed = {invoice.record for invoice, _ in lines}
        if billed != ({posting.invoice} if posting.invoice else set()):
            words = f"says it is on invoice {posting.invoice or 'none'}; lines have it on {sorted(billed)}"
            yield Finding(kind="invoice", reference=f"posting {posting.record}", words=words)


def _fees(books: ErpLedger, deals: Mapping[str, CrmDeal]) -> Iterator[Finding]:
    """Fees are of a fixed-fee deal, each milestone once, together no more than the deal's amount."""
    billed: dict[str, int] = {}
    first: dict[tuple[str, str], Invoice] = {}
    for invoice, line in _fee_lines(books.invoices):
        deal, amount = deals.get(invoice.engagement), _money(line.amount, invoice.currency)
        if deal is None or not deal.fixed_fee:
            words = f"{amount} is billed for {line.what!r}, and {invoice.engagement or 'it'} has no fixed fee"
            yield _found(invoice, words, line.amount)
            continue
        before = first.setdefault((invoice.engagement, line.what), invoice)
        if before is not invoice:
            words = f"{line.what!r} of {invoice.engagement} is billed again; it is on {before.called} too"
            yield _found(invoice, words, line.amount)
            continue
        sofar = billed.get(invoice.engagement, 0)
        billed[invoice.engagement] = sofar + line.amount
        over = max(0, sofar + line.amount - deal.amount) - max(0, sofar - deal.amount)
        if over:
            words = f"{_money(over, invoice.currency)} is billed beyond the fee of {deal.number}"
            yield _found(invoice, words, over)


def _fee_lines(invoices: Sequence[Invoice]) -> Iterator[tuple[Invoice, Line]]:
    for invoice in invoices:
        for line in invoice.lines:
            if line.fee:
                yield invoice, line
