"""`!transform`: what a new record takes over from the one it is made from, before the body's overrides."""

from collections.abc import Callable

from ..ledger import Document
from .books import Books
from .problems import user_error

__all__ = ["TRANSFORMS"]


def _project_to_invoice(books: Books, project: Document) -> Document:
    if project.get("parent") is None:
        raise user_error("A project without a customer cannot be invoiced.")
    return {
        "entity": project["parent"],
        "job": project["id"],
        "subsidiary": project["subsidiary"],
        "currency": project["currency"],
    }


def _invoice_to_payment(books: Books, invoice: Document) -> Document:
    if invoice["status"] != "A":
        raise user_error("Only an open invoice can be paid.")
    return {
        "customer": invoice["entity"],
        "currency": invoice["currency"],
        "apply": [{"doc": invoice["id"], "apply": True}],
    }


TRANSFORMS: dict[tuple[str, str], tuple[str, Callable[[Books, Document], Document]]] = {
    ("job", "invoice"): ("invoice", _project_to_invoice),
    ("invoice", "customerPayment"): ("customerPayment", _invoice_to_payment),
}
