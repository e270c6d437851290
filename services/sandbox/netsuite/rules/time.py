"""Time bills: who worked how long on which project and task, and what that hour costs the customer."""

from decimal import Decimal

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..money import priced
from ..problems import missing, user_error
from .setup import open_period

__all__ = ["complete", "hours", "removing"]


def hours(minutes: int) -> Decimal:
    """Minutes as exact hours, as far as 28 digits go."""
    return Decimal(minutes) / 60


def complete(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    if old is not None and old.get("invoice"):
        raise user_error("This time entry has been billed and can no longer be changed.")
    new.setdefault("tranDate", stamp.today)
    require("timeBill", new)
    if new["hours"] <= 0:
        raise user_error("The duration of a time entry must be greater than zero.")
    employee = books.need("employee", new["employee"])
    if employee["isInactive"]:
        raise user_error(f"Employee {employee['entityId']} is inactive. Time cannot be entered.")
    payer = _payer(books, new)
    new["subsidiary"] = (payer or employee)["subsidiary"]
    new["currency"] = (payer or books.need("subsidiary", new["subsidiary"]))["currency"]
    _check_task(books, new, payer)
    _check_periods(books, new, old)
    _approve(new)
    _price(books, new, old, payer)


def removing(books: Books, document: Document, stamp: Stamp) -> None:
    """An entry may go until it is on an invoice, approved or not, whatever its period."""
    if document.get("invoice"):
        raise user_error("This time entry has been billed and cannot be deleted.")


def _payer(books: Books, new: Document) -> Document | None:
    """The project or customer the time is for, checked for being open to time."""
    if new.get("customer") is None:
        return None
    project = books.get("job", new["customer"])
    payer = project or books.need("customer", new["customer"])
    if payer["isInactive"]:
        raise user_error(f"{payer['entityId']} is inactive. Time cannot be entered.")
    if project is not None and not project["allowTime"]:
        raise user_error(f"Project {project['entityId']} does not allow time entry.")
    if new.get("item") is None:
        raise missing("Service Item")
    return payer


def _check_task(books: Books, new: Document, payer: Document | None) -> None:
    task = books.get("projectTask", new.get("caseTaskEvent"))
    if task is None:
        return
    if payer is None or task["project"] != payer["id"]:
        raise user_error(f"Task {task['title']} does not belong to the project of this time entry.")
    if task["status"] == "COMPLETE":
        raise user_error(f"Task {task['title']} is complete. Time cannot be entered against it.")
    assigned = [line.get("resource") for line in task.get("assignee") or ()]
    if payer["limitTimeToAssignees"] and new["employee"] not in assigned:
        raise user_error(f"The employee is not assigned to task {task['title']}.")
    if task["nonBillableTask"]:
        new["isBillable"] = False


def _check_periods(books: Books, new: Document, old: Document | None) -> None:
    open_period(books, new["subsidiary"], new["tranDate"])
    if old is not None and old["tranDate"] != new["tranDate"]:
        open_period(books, old["subsidiary"], old["tranDate"])


def _approve(new: Document) -> None:
    if "approvalStatus" not in new:
        new["approvalStatus"] = "3" if new.get("supervisorApproval") else "1"
    new["supervisorApproval"] = new["posted"] = new["approvalStatus"] == "3"
    new.setdefault("timeType", "A")


def _price(books: Books, new: Document, old: Document | None, payer: Document | None) -> None:
    """The stated rate, else the price of the item on the project's rate card, which follows the item."""
    new.setdefault("isBillable", payer is not None)
    stated = new.get("rate") is not None
    if stated and old is not None and new["rate"] == old.get("rate"):
        stated = old["rateStated"]
    new["rateStated"] = stated
    if not stated:
        new.pop("rate", None)
        card = books.get("billingRateCard", (payer or {}).get("billingRateCard"))
        for line in (card or {}).get("pricing", ()):
            if line["serviceItem"] == new.get("item"):
                new["rate"] = line["rate"]
    if "rate" not in new:
        new.pop("amount", None)
        if new["isBillable"]:
            raise missing("Rate")
        return
    if Decimal(new["rate"]) < 0:
        raise user_error("The rate of a time entry must not be negative.")
    new["amount"] = priced(hours(new["hours"]), new["rate"], books.exponent(new["currency"]))
