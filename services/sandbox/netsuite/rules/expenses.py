"""Expense reports: what an employee spent, line by line, and which lines a customer pays."""

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..money import minor
from ..problems import user_error
from .setup import open_period

__all__ = ["complete", "removing"]


def complete(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    new.setdefault("tranDate", stamp.today)
    require("expenseReport", new)
    employee = books.need("employee", new["entity"])
    if employee["isInactive"]:
        raise user_error(f"Employee {employee['entityId']} is inactive. Expenses cannot be entered.")
    new["subsidiary"] = employee["subsidiary"]
    new.setdefault("currency", books.need("subsidiary", new["subsidiary"])["currency"])
    if not new.get("expense"):
        raise user_error("You must enter at least one line item for this transaction.")
    open_period(books, new["subsidiary"], new["tranDate"])
    for flag in ("complete", "supervisorApproval", "accountingApproval"):
        new.setdefault(flag, False)
    exponent = books.exponent(new["currency"])
    new["expense"] = [_line(books, line, new, exponent) for line in new["expense"]]
    _keep_billed(new, old)
    new["total"] = sum(line["amount"] for line in new["expense"])
    if "tranId" not in new:
        new["tranId"] = f"EXP{books.number('tranId:expenseReport'):06d}"


def _line(books: Books, line: Document, report: Document, exponent: int) -> Document:
    made = {
        "expenseDate": report["tranDate"],
        "isBillable": False,
        **line,
        "amount": minor(line["amount"], exponent),
    }
    project = books.get("job", line.get("customer"))
    if project is not None and (project["isInactive"] or not project["allowExpenses"]):
        raise user_error(f"Project {project['entityId']} does not allow expenses.")
    return made


def _keep_billed(new: Document, old: Document | None) -> None:
    lines = {line["line"]: line for line in new["expense"]}
    for line in (old or {}).get("expense", ()):
        if line.get("invoice") and lines.get(line["line"]) != line:
            raise user_error("An expense that has been billed can no longer be changed.")


def removing(books: Books, document: Document, stamp: Stamp) -> None:
    if any(line.get("invoice") for line in document["expense"]):
        raise user_error("An expense report with billed expenses cannot be deleted.")
