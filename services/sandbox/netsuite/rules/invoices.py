"""Invoices: a draft (pending approval) gathers time, expenses and fees; an approved one is posted for good."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..money import tax
from ..problems import user_error
from .billing import expense_lines, fee_lines, time_lines
from .setup import open_period

__all__ = ["APPROVED", "complete", "removing", "written"]

APPROVED = "2"
STATUS = {"1": "D", "2": "A", "3": "E"}
#: Days until an invoice is due, by the id of its terms.
DAYS = {"1": 15, "2": 30, "3": 60, "4": 0}


def complete(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    if old is not None and old["approvalStatus"] == APPROVED:
        if _without_memo(new) != _without_memo(old):
            raise user_error("This invoice has been approved. Only its memo can be changed.")
        return
    _address(books, new, stamp)
    period = open_period(books, new["subsidiary"], new["tranDate"])
    _date_due(new, old)
    exponent = books.exponent(new["currency"])
    new["item"] = fee_lines(new, old, exponent)
    new["time"] = time_lines(books, new)
    new["expCost"] = expense_lines(books, new)
    amounts = [line["amount"] for sublist in ("item", "time", "expCost") for line in new[sublist]]
    if not amounts:
        raise user_error("You must enter at least one line item for this transaction.")
    percent = int(books.need("subsidiary", new["subsidiary"])["taxRatePercent"])
    new["subTotal"] = sum(amounts)
    new["taxTotal"] = tax(new["subTotal"], percent)
    new["total"] = new["amountRemaining"] = new["subTotal"] + new["taxTotal"]
    new["amountPaid"] = 0
    if new["total"] < 0:
        raise user_error("The total of an invoice must not be negative.")
    _decide(books, new, period)


def written(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    """Bind the time and expenses on the invoice to it, and set those free that were taken off."""
    if old is not None and old["approvalStatus"] == APPROVED:
        return
    before, after = dict(_billed(old)), dict(_billed(new))
    for source in before.keys() - after.keys():
        _bind(books, source, None, stamp)
    for source in after.keys() - before.keys():
        _bind(books, source, new["id"], stamp)


def removing(books: Books, document: Document, stamp: Stamp) -> None:
    if document["approvalStatus"] == APPROVED:
        raise user_error("This invoice has been approved and cannot be deleted.")
    for source, _ in _billed(document):
        _bind(books, source, None, stamp)


def _without_memo(document: Document) -> Document:
    return {name: value for name, value in document.items() if name != "memo"}


def _address(books: Books, new: Document, stamp: Stamp) -> None:
    """Fill in whom, where and in which currency; an invoice to a project is one to its customer."""
    require("invoice", new)
    project = books.get("job", new["entity"])
    if project is not None:
        if project.get("parent") is None:
            raise user_error("A project without a customer cannot be invoiced.")
        new["job"], new["entity"] = project["id"], project["parent"]
    project = books.get("job", new.get("job"))
    if project is not None and project.get("parent") != new["entity"]:
        raise user_error("The project of an invoice must belong to its customer.")
    payer = books.need("customer", new["entity"])
    if payer["isInactive"]:
        raise user_error(f"Customer {payer['entityId']} is inactive.")
    new.setdefault("subsidiary", (project or payer)["subsidiary"])
    new.setdefault("currency", (project or payer)["currency"])
    new.setdefault("tranDate", stamp.today)
    new.setdefault("terms", payer.get("terms", "2"))
    new.setdefault("approvalStatus", "1")


def _date_due(new: Document, old: Document | None) -> None:
    moved = (
        old is not None
        and new.get("dueDate") == old["dueDate"]
        and (new["tranDate"] != old["tranDate"] or new["terms"] != old["terms"])
    )
    if moved or "dueDate" not in new:
        due = date.fromisoformat(new["tranDate"]) + timedelta(days=DAYS[new["terms"]])
        new["dueDate"] = due.isoformat()


def _decide(books: Books, new: Document, period: Document) -> None:
    new["status"] = STATUS[new["approvalStatus"]]
    if new["approvalStatus"] == APPROVED:
        new["tranId"] = f"INV{books.number('tranId:invoice'):06d}"
        new["postingPeriod"] = period["id"]
        if new["total"] == 0:
            new["status"] = "B"


def _billed(invoice: Document | None) -> Iterator[tuple[tuple[str, str, Any], None]]:
    """What an invoice bills, as (record type, id, line of an expense report)."""
    if invoice is not None:
        for line in invoice["time"]:
            yield ("timeBill", line["doc"], None), None
        for line in invoice["expCost"]:
            yield ("expenseReport", line["doc"], line["expenseLine"]), None


def _bind(books: Books, source: tuple[str, str, Any], invoice: str | None, stamp: Stamp) -> None:
    record, key, number = source
    document = dict(books.need(record, key))
    if record == "timeBill":
        document["invoice"] = invoice
    else:
        document["expense"] = [
            {**line, "invoice": invoice} if str(line["line"]) == number else line
            for line in document["expense"]
        ]
    books.write(record, document, stamp)
