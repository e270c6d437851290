"""The lines of an invoice: fees as written, time and expenses as they stand in their own records."""

from decimal import Decimal

from ...ledger import Document
from ..books import Books
from ..money import minor, priced
from ..problems import Problem, user_error

__all__ = ["expense_lines", "fee_lines", "time_lines"]


def fee_lines(new: Document, old: Document | None, exponent: int) -> list[Document]:
    """Item lines: the stated amount, else quantity times rate, half up to the minor unit."""
    before = {line["line"]: line for line in (old or {}).get("item", ())}
    return [_fee(dict(line), before.get(line["line"]), exponent) for line in new.get("item") or ()]


def _fee(line: Document, old: Document | None, exponent: int) -> Document:
    line.setdefault("quantity", "1")
    if isinstance(line.get("amount"), Decimal):
        line["amountStated"] = True
    elif old is None or (line.get("rate"), line["quantity"]) != (old.get("rate"), old["quantity"]):
        line["amountStated"] = False
    if line["amountStated"]:
        line["amount"] = minor(line["amount"], exponent)
    elif line.get("rate") is None:
        raise user_error("Please enter value(s) for: Amount.")
    else:
        line["amount"] = priced(Decimal(line["quantity"]), line["rate"], exponent)
    return line


def time_lines(books: Books, new: Document) -> list[Document]:
    """Applied time entries; refuses what is not approved, not billable, not this customer's, or billed."""
    made = []
    for line in new.get("time") or ():
        if not line.get("apply"):
            continue
        time = books.need("timeBill", line["doc"])
        _may_bill(books, new, time.get("customer"), time["currency"], time.get("invoice"))
        if not time["isBillable"]:
            raise user_error(f"Time entry {time['id']} is not billable.")
        if time["approvalStatus"] != "3":
            raise user_error(f"Time entry {time['id']} is not approved.")
        shown = {name: time.get(name) for name in ("item", "employee", "hours", "rate", "amount", "memo")}
        made.append({"line": line["line"], "apply": True, "doc": time["id"], **shown})
    return made


def expense_lines(books: Books, new: Document) -> list[Document]:
    """Applied expenses; a line without `expenseLine` takes all billable lines of its report for the payer."""
    made: list[Document] = []
    taken: set[tuple[str, int]] = set()
    for line in new.get("expCost") or ():
        if not line.get("apply"):
            continue
        report = books.need("expenseReport", line["doc"])
        for expense in _chosen(books, new, report, line.get("expenseLine")):
            _may_bill(books, new, expense.get("customer"), report["currency"], expense.get("invoice"))
            if not expense["isBillable"]:
                raise user_error(f"Line {expense['line']} of {report['tranId']} is not billable.")
            if (report["id"], expense["line"]) in taken:
                continue
            taken.add((report["id"], expense["line"]))
            made.append(
                {
                    "line": len(made) + 1,
                    "apply": True,
                    "doc": report["id"],
                    "expenseLine": str(expense["line"]),
                    "amount": expense["amount"],
                    "memo": expense.get("memo"),
                }
            )
    return made


def _chosen(books: Books, invoice: Document, report: Document, wanted: str | None) -> list[Document]:
    """The stated line of a report, or all that may be billed on this invoice."""
    chosen = [
        expense
        for expense in report["expense"]
        if (str(expense["line"]) == wanted if wanted else _is_open(books, invoice, expense))
    ]
    if not chosen:
        raise user_error(f"Expense report {report['tranId']} has no such line to bill.")
    return chosen


def _is_open(books: Books, invoice: Document, expense: Document) -> bool:
    try:
        _may_bill(books, invoice, expense.get("customer"), invoice["currency"], expense.get("invoice"))
    except Problem:
        return False
    return bool(expense["isBillable"])


def _may_bill(books: Books, invoice: Document, payer: str | None, currency: str, holder: str | None) -> None:
    """Raise `Problem` unless this payer's item belongs on this invoice and on no other."""
    if holder is not None and holder != invoice["id"]:
        raise user_error("This time or expense has already been billed.")
    project = books.get("job", payer)
    owner = payer if project is None else project.get("parent")
    if payer is None or owner != invoice["entity"] or invoice.get("job", payer) != payer:
        raise user_error("Time and expenses must belong to the customer and project of the invoice.")
    if currency != invoice["currency"]:
        raise user_error("Time and expenses must be in the currency of the invoice.")
