"""Set-up records, which people keep: subsidiaries, currencies, employees, items, rate cards, periods."""

from ...ledger import Document
from ..books import Books, Stamp
from ..editing import require
from ..problems import user_error

__all__ = [
    "accounting_period",
    "billing_schedule",
    "currency",
    "employee",
    "keep",
    "open_period",
    "rate_card",
    "service_item",
    "subsidiary",
]

#: Sales tax in per cent by the subsidiary's country; this account has one rate for each.
TAX_PERCENT = {"US": "0", "GB": "20", "DE": "19", "JP": "10"}


def subsidiary(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("subsidiary", new)
    new["taxRatePercent"] = TAX_PERCENT.get(new.get("country", ""), "0")
    new.setdefault("fiscalCalendar", new["id"])
    new.setdefault("isInactive", False)


def currency(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("currency", new)
    new.setdefault("currencyPrecision", "2")


def employee(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("employee", new)
    new.setdefault("entityId", f"{new.get('firstName', '')} {new['lastName']}".strip())
    new.setdefault("isInactive", False)


def service_item(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("serviceItem", new)
    new.setdefault("isInactive", False)


def rate_card(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("billingRateCard", new)
    new.setdefault("isInactive", False)


def billing_schedule(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("billingSchedule", new)


def accounting_period(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    require("accountingPeriod", new)
    new.setdefault("closed", False)
    if new["startDate"] > new["endDate"]:
        raise user_error("The period's start date must not be after its end date.")


def keep(books: Books, document: Document, stamp: Stamp) -> None:
    raise user_error("This record cannot be deleted because it has dependent records. Make it inactive.")


def open_period(books: Books, subsidiary_id: str, day: str) -> Document:
    """The open accounting period of a subsidiary that holds `day`; raises `Problem` where there is none."""
    calendar = books.need("subsidiary", subsidiary_id)["fiscalCalendar"]
    for period in books.records["accountingPeriod"].where("fiscalCalendar", calendar):
        if period["startDate"] <= day <= period["endDate"]:
            if period["closed"]:
                raise user_error(
                    f"The transaction date {day} falls in the closed accounting period "
                    f"{period['periodName']}. Choose a date in an open period."
                )
            return period
    raise user_error(f"The transaction date {day} is not within the date range of any accounting period.")
