"""The SuiteQL tables `transaction` and `transactionline` over invoices, payments and expense reports."""

from collections.abc import Iterator

from ...ledger import Document
from ..books import Books
from ..rules.time import hours
from .tables import COMMON, Column, Table, day, flag, identities, key, moment, money, number, text

__all__ = ["transaction_lines", "transactions"]

TRANSACTIONS = {"invoice": "CustInvc", "customerPayment": "CustPymt", "expenseReport": "ExpRept"}


def transactions(books: Books) -> Table:
    """Invoices, payments and expense reports in one table, as NetSuite keeps them."""

    def rows() -> Iterator[Document]:
        for name in TRANSACTIONS:
            yield from books.records[name]

    def of_entity(value: str) -> list[Document]:
        invoices = books.records["invoice"].where("entity", value)
        payments = books.records["customerPayment"].where("customer", value)
        return [*invoices, *payments, *books.records["expenseReport"].where("entity", value)]

    return Table(
        columns=_columns(books),
        rows=rows,
        ways={
            **identities(books, tuple(TRANSACTIONS)),
            "entity": of_entity,
            "job": lambda value: books.records["invoice"].where("job", value),
        },
        since=books.recent["transaction"].since,
    )


def _columns(books: Books) -> dict[str, Column]:
    paid, owed = money(books, "payment"), money(books, "total")

    def kind(row: Document) -> str:
        """Told by the collection that holds the row: the ids of all three come from one counter."""
        return next(kind for name, kind in TRANSACTIONS.items() if row["id"] in books.records[name])

    def status(row: Document) -> str | None:
        return "C" if "payment" in row else row.get("status")

    return {
        **COMMON, "tranid": text("tranId"), "trandate": day("tranDate"), "duedate": day("dueDate"),
        "type": Column("text", kind), "status": Column("text", status),
        "approvalstatus": key("approvalStatus"), "job": key("job"), "subsidiary": key("subsidiary"),
        "entity": Column("number", lambda row: int(row.get("entity") or row["customer"])),
        "currency": key("currency"), "postingperiod": key("postingPeriod"), "memo": text("memo"),
        "otherrefnum": text("otherRefNum"),
        "foreigntotal": Column("number", lambda row: paid(row) if "payment" in row else owed(row)),
        "foreignamountunpaid": Column("number", money(books, "amountRemaining")),
        "foreignamountpaid": Column("number", money(books, "amountPaid")),
        "taxtotal": Column("number", money(books, "taxTotal")),
    }  # fmt: skip


def transaction_lines(books: Books) -> Table:
    """Invoices as double entry: the main line debits the total, every other line credits its amount."""

    def rows() -> Iterator[Document]:
        for invoice in books.records["invoice"]:
            yield from _lines(invoice)

    def of_transaction(value: str) -> Iterator[Document]:
        if (invoice := books.get("invoice", value)) is not None:
            yield from _lines(invoice)

    columns = {
        "transaction": key("transaction"), "id": key("line"), "item": key("item"),
        "quantity": number("quantity"), "rate": number("rate"), "memo": text("memo"),
        "mainline": flag("mainline"), "taxline": flag("taxline"), "entity": key("job"),
        "source": key("source"), "lastmodifieddate": moment("lastModifiedDate"),
        "foreignamount": Column("number", money(books, "amount")),
    }  # fmt: skip
    return Table(columns=columns, rows=rows, ways={"transaction": of_transaction})


def _lines(invoice: Document) -> Iterator[Document]:
    common = {
        "transaction": invoice["id"],
        "currency": invoice["currency"],
        "job": invoice.get("job"),
        "lastModifiedDate": invoice["lastModifiedDate"],
    }
    yield {**common, "line": 0, "mainline": True, "amount": invoice["total"]}
    billed = [line for sublist in ("item", "time", "expCost") for line in invoice[sublist]]
    for place, line in enumerate(billed, 1):
        minutes = line.get("hours")
        yield {
            **common,
            "line": place,
            "item": line.get("item"),
            "quantity": line.get("quantity") if minutes is None else round(hours(minutes), 10),
            "rate": line.get("rate"),
            "amount": -line["amount"],
            "memo": line.get("description") or line.get("memo"),
            "source": line.get("doc"),
        }
    if invoice["taxTotal"]:
        yield {**common, "line": len(billed) + 1, "taxline": True, "amount": -invoice["taxTotal"]}
