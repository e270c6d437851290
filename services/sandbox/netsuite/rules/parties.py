"""Customers, their projects (jobs) and the projects' tasks."""

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..problems import missing, user_error

__all__ = ["customer", "job", "project_task", "removing_customer", "removing_job", "removing_task"]


def customer(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    """The entity id defaults to the name and is unique without regard to case."""
    new.setdefault("isPerson", False)
    new.setdefault("isInactive", False)
    person = f"{new.get('firstName', '')} {new.get('lastName', '')}".strip()
    name = person if new["isPerson"] else new.get("companyName")
    if not name:
        raise missing("Last Name" if new["isPerson"] else "Company Name")
    require("customer", new)
    new.setdefault("currency", books.need("subsidiary", new["subsidiary"])["currency"])
    new.setdefault("entityId", name)
    new["nameKey"] = new["entityId"].lower()
    ancestor = new.get("parent")
    while ancestor is not None:
        if ancestor == new["id"]:
            raise user_error("A customer cannot be its own parent.")
        ancestor = books.need("customer", ancestor).get("parent")


def job(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    """The currency is the customer's unless stated; the rate card must price in it."""
    require("job", new)
    if not (new.get("companyName") or new.get("entityId")):
        raise missing("Project Name")
    if "entityId" not in new:
        new["entityId"] = f"PRJ{books.number('entityId:job'):05d}"
    new.setdefault("companyName", new["entityId"])
    new["nameKey"] = new["entityId"].lower()
    for field in ("allowTime", "allowExpenses"):
        new.setdefault(field, True)
    for field in ("isInactive", "limitTimeToAssignees"):
        new.setdefault(field, False)
    payer = books.get("customer", new.get("parent")) or books.need("subsidiary", new["subsidiary"])
    new.setdefault("currency", payer["currency"])
    card = books.get("billingRateCard", new.get("billingRateCard"))
    if card is not None and card["currency"] != new["currency"]:
        raise user_error("The currency of the billing rate card must be the currency of the project.")
    finish = new.get("endDate") or new.get("projectedEndDate")
    if finish is not None:
        new["calculatedEndDate"] = finish
        if new.get("startDate", finish) > finish:
            raise user_error("The end date must not be before the start date.")


def project_task(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("projectTask", new)
    new.setdefault("status", "NOTSTART")
    new.setdefault("nonBillableTask", False)
    parent = books.get("projectTask", new.get("parent"))
    if parent is not None and parent["project"] != new["project"]:
        raise user_error("The parent task must belong to the same project.")


def removing_customer(books: Books, document: Document, stamp: Stamp) -> None:
    key = document["id"]
    if (
        books.records["job"].where("parent", key)
        or books.records["invoice"].where("entity", key)
        or books.records["timeBill"].where("customer", key)
        or any(other.get("parent") == key for other in books.records["customer"])
    ):
        raise _depended_on()


def removing_job(books: Books, document: Document, stamp: Stamp) -> None:
    key = document["id"]
    if (
        books.records["projectTask"].where("project", key)
        or books.records["timeBill"].where("customer", key)
        or books.records["invoice"].where("job", key)
    ):
        raise _depended_on()


def removing_task(books: Books, document: Document, stamp: Stamp) -> None:
    times = books.records["timeBill"].where("customer", document["project"])
    if any(time.get("caseTaskEvent") == document["id"] for time in times):
        raise _depended_on()


def _depended_on() -> Exception:
    return user_error("This record cannot be deleted because it has dependent records.")
