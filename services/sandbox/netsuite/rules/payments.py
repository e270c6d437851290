"""Customer payments: money that came in, applied to approved invoices."""

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..money import minor
from ..problems import missing, user_error
from .setup import open_period

__all__ = ["complete", "removing", "written"]


def complete(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    if old is not None:
        if {**new, "memo": None} != {**old, "memo": None}:
            raise user_error("A payment cannot be changed except for its memo. Delete it instead.")
        return
    require("customerPayment", new)
    payer = books.need("customer", new["customer"])
    applied = [line for line in new.get("apply") or () if line.get("apply")]
    first = books.need("invoice", applied[0]["doc"]) if applied else payer
    new.setdefault("currency", first["currency"])
    new["subsidiary"] = first["subsidiary"]
    new.setdefault("tranDate", stamp.today)
    open_period(books, new["subsidiary"], new["tranDate"])
    exponent = books.exponent(new["currency"])
    new["apply"] = [_applied(books, new, line, exponent) for line in applied]
    new["applied"] = sum(line["amount"] for line in new["apply"])
    new.setdefault("payment", new["applied"])
    new["payment"] = minor(new["payment"], exponent)
    if new["payment"] <= 0:
        raise missing("Payment Amount")
    if new["applied"] > new["payment"]:
        raise user_error("The amount applied must not be greater than the payment.")
    new["unapplied"] = new["payment"] - new["applied"]
    new["tranId"] = f"PAY{books.number('tranId:customerPayment'):06d}"


def _applied(books: Books, payment: Document, line: Document, exponent: int) -> Document:
    invoice = books.need("invoice", line["doc"])
    if invoice["entity"] != payment["customer"] or invoice["currency"] != payment["currency"]:
        raise user_error("A payment can be applied to invoices of its own customer and currency only.")
    if invoice["status"] != "A":
        raise user_error(f"Invoice {invoice.get('tranId', invoice['id'])} is not open.")
    amount = minor(line["amount"] if "amount" in line else invoice["amountRemaining"], exponent)
    if not 0 < amount <= invoice["amountRemaining"]:
        raise user_error("The amount applied must be positive and not more than what the invoice has open.")
    return {**line, "amount": amount}


def written(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    if old is None:
        _settle(books, new, 1, stamp)


def removing(books: Books, document: Document, stamp: Stamp) -> None:
    _settle(books, document, -1, stamp)


def _settle(books: Books, payment: Document, sign: int, stamp: Stamp) -> None:
    """Count the payment into (`sign` 1) or out of (-1) what its invoices have received."""
    for line in payment["apply"]:
        invoice = dict(books.need("invoice", line["doc"]))
        invoice["amountPaid"] += sign * line["amount"]
        invoice["amountRemaining"] = invoice["total"] - invoice["amountPaid"]
        invoice["status"] = "A" if invoice["amountRemaining"] else "B"
        books.write("invoice", invoice, stamp)
