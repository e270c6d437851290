"""The SuiteQL tables over the account's records: their columns, and ways in that need no full scan."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from ...ledger import Document
from ..books import Books
from ..money import major
from ..rules.time import hours
from .tree import BadQuery

__all__ = [
    "COMMON",
    "Column",
    "Table",
    "column_of",
    "day",
    "flag",
    "identities",
    "key",
    "moment",
    "money",
    "number",
    "plain_tables",
    "text",
    "text_of",
]


@dataclass(frozen=True)
class Column:
    """How to read one column off a row. `kind` is number, text, flag, date or datetime; None is NULL."""

    kind: str
    read: Callable[[Document], Any]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: `ways` find rows by the value of one column; `since` gives rows by change, oldest first."""

    columns: Mapping[str, Column]
    rows: Callable[[], Iterable[Document]]
    ways: Mapping[str, Callable[[str], Iterable[Document]]] = field(default_factory=dict)
    since: Callable[[str], Iterator[Document]] | None = None


def column_of(table: Table, name: str) -> Column:
    """A column by its lower-case name; raises `BadQuery` where the table has none."""
    column = table.columns.get(name)
    if column is None:
        raise BadQuery(f"Field '{name}' for record was not found")
    return column


def text_of(value: Any, kind: str, form: str = "") -> str:
    """A value as result rows show it; dates in `form`, or in the account's format, which is M/D/YYYY here."""
    if kind in ("date", "datetime"):
        read = datetime.fromisoformat(value)
        return read.strftime(form) if form else f"{read.month}/{read.day}/{read.year}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def text(name: str) -> Column:
    return Column("text", lambda row: row.get(name))


def day(name: str) -> Column:
    return Column("date", lambda row: row.get(name))


def moment(name: str) -> Column:
    return Column("datetime", lambda row: row.get(name))


def flag(name: str) -> Column:
    return Column("flag", lambda row: "T" if row.get(name) else "F")


def key(name: str) -> Column:
    """An internal id, which sorts as a number."""
    return Column("number", lambda row: None if row.get(name) is None else int(row[name]))


def number(name: str) -> Column:
    return Column("number", lambda row: None if row.get(name) is None else Decimal(row[name]))


def _hours(row: Document) -> Decimal:
    return round(hours(row["hours"]), 10)


COMMON = {
    "id": key("id"),
    "externalid": text("externalId"),
    "lastmodifieddate": moment("lastModifiedDate"),
    "createddate": moment("createdDate"),
    "lastmodifiedby": key("lastModifiedBy"),
}
NAMED = {**COMMON, "isinactive": flag("isInactive")}

PLAIN: dict[str, tuple[str, dict[str, Column]]] = {
    "customer": ("customer", {
        **NAMED, "entityid": text("entityId"), "companyname": text("companyName"), "email": text("email"),
        "parent": key("parent"), "subsidiary": key("subsidiary"), "currency": key("currency"),
        "isperson": flag("isPerson"), "terms": key("terms"),
    }),
    "job": ("job", {
        **NAMED, "entityid": text("entityId"), "companyname": text("companyName"), "parent": key("parent"),
        "customer": key("parent"), "subsidiary": key("subsidiary"), "currency": key("currency"),
        "startdate": day("startDate"), "projectedenddate": day("projectedEndDate"),
        "enddate": day("endDate"), "projectmanager": key("projectManager"), "allowtime": flag("allowTime"),
        "allowexpenses": flag("allowExpenses"), "jobbillingtype": text("jobBillingType"),
        "billingratecard": key("billingRateCard"), "billingschedule": key("billingSchedule"),
        "entitystatus": text("entityStatus"), "jobprice": number("jobPrice"),
    }),
    "projecttask": ("projectTask", {
        **COMMON, "title": text("title"), "project": key("project"), "parent": key("parent"),
        "status": text("status"), "estimatedwork": number("estimatedWork"),
        "nonbillabletask": flag("nonBillableTask"), "ismilestone": flag("isMilestone"),
    }),
    "employee": ("employee", {
        **NAMED, "entityid": text("entityId"), "firstname": text("firstName"), "lastname": text("lastName"),
        "email": text("email"), "title": text("title"), "subsidiary": key("subsidiary"),
        "hiredate": day("hireDate"),
    }),
    "item": ("serviceItem", {**NAMED, "itemid": text("itemId"), "displayname": text("displayName"),
                             "itemtype": Column("text", lambda row: "Service")}),
    "subsidiary": ("subsidiary", {**NAMED, "name": text("name"), "currency": key("currency"),
                                  "country": text("country"), "fiscalcalendar": key("fiscalCalendar")}),
    "accountingperiod": ("accountingPeriod", {
        **NAMED, "periodname": text("periodName"), "startdate": day("startDate"), "enddate": day("endDate"),
        "closed": flag("closed"), "fiscalcalendar": key("fiscalCalendar"),
        "isquarter": flag("isQuarter"), "isyear": flag("isYear"),
    }),
    "timebill": ("timeBill", {
        **COMMON, "employee": key("employee"), "customer": key("customer"),
        "casetaskevent": key("caseTaskEvent"), "item": key("item"), "trandate": day("tranDate"),
        "hours": Column("number", _hours), "memo": text("memo"), "isbillable": flag("isBillable"),
        "rate": number("rate"), "approvalstatus": key("approvalStatus"), "posted": flag("posted"),
        "timetype": text("timeType"), "subsidiary": key("subsidiary"), "currency": key("currency"),
        "invoice": key("invoice"),
    }),
}  # fmt: skip

#: Plain fields that the ledger indexes, by table and column.
INDEXED = {
    "timebill": {"customer": "customer", "employee": "employee", "invoice": "invoice"},
    "job": {"parent": "parent", "customer": "parent"},
    "projecttask": {"project": "project"},
    "accountingperiod": {"fiscalcalendar": "fiscalCalendar"},
}


def plain_tables(books: Books) -> dict[str, Table]:
    """The tables that show one record type each, by lower-case name."""
    return {name: _plain(books, name, record, columns) for name, (record, columns) in PLAIN.items()}


def _plain(books: Books, name: str, record: str, columns: dict[str, Column]) -> Table:
    collection = books.records[record]

    def indexed(index: str) -> Callable[[str], Iterable[Document]]:
        return lambda value: collection.where(index, value)

    ways = {column: indexed(index) for column, index in INDEXED.get(name, {}).items()}
    if name == "timebill":
        columns = {**columns, "amount": Column("number", money(books, "amount"))}
    return Table(
        columns=columns,
        rows=lambda: collection,
        ways={**ways, **identities(books, (record,))},
        since=books.recent[name].since if name in books.recent else None,
    )


def identities(books: Books, records: tuple[str, ...]) -> dict[str, Callable[[str], Iterable[Document]]]:
    def found(prefix: str) -> Callable[[str], Iterable[Document]]:
        def look(value: str) -> list[Document]:
            held = (books.locate(record, prefix + value) for record in records)
            return [document for document in held if document is not None]

        return look

    return {"id": found(""), "externalid": found("eid:")}


def money(books: Books, name: str) -> Callable[[Document], Decimal | None]:
    def read(row: Document) -> Decimal | None:
        if row.get(name) is None:
            return None
        return major(row[name], books.exponent(row["currency"]))

    return read
