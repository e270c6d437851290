"""What the records look like: every field that this stand-in keeps, by record type.

Names are those of the REST API Browser; the sublists of billingRateCard and billingSchedule and the key
`expenseLine` of an invoice's expCost lines are assumptions (see the README).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

__all__ = ["RECORDS", "SPACES", "Field", "Kind", "Record"]


class Kind(StrEnum):
    TEXT = "text"
    FLAG = "flag"
    DATE = "date"
    MOMENT = "moment"
    NUMBER = "number"
    MONEY = "money"
    DURATION = "duration"
    REFERENCE = "reference"
    CHOICE = "choice"
    LINES = "lines"
    GROUP = "group"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field. `label` is its name on the form; `to` the record types a reference may point to.

    `choices` of a CHOICE by id; empty means that the account's own list is open and every id is taken.
    `fields` of a LINES sublist or GROUP subrecord; `key` names what identifies a line beside `line`.
    """

    kind: Kind
    label: str = ""
    required: bool = False
    readonly: bool = False
    to: tuple[str, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, "Field"] = field(default_factory=dict)
    key: str = "line"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record type. `called` is the field other records show as its name.

    `setup` records are written by people only; a `view` is read only and made from other records.
    """

    fields: Mapping[str, Field]
    called: str
    space: str
    index: tuple[str, ...] = ()
    setup: bool = False
    view: bool = False


def text(label: str = "", **more: bool) -> Field:
    return Field(kind=Kind.TEXT, label=label, **more)  # type: ignore[arg-type]


def flag(**more: bool) -> Field:
    return Field(kind=Kind.FLAG, **more)  # type: ignore[arg-type]


def date(label: str = "", **more: bool) -> Field:
    return Field(kind=Kind.DATE, label=label, **more)  # type: ignore[arg-type]


def number(label: str = "", **more: bool) -> Field:
    return Field(kind=Kind.NUMBER, label=label, **more)  # type: ignore[arg-type]


def money(label: str = "", **more: bool) -> Field:
    return Field(kind=Kind.MONEY, label=label, **more)  # type: ignore[arg-type]


def ref(*to: str, label: str = "", required: bool = False, readonly: bool = False) -> Field:
    return Field(kind=Kind.REFERENCE, to=to, label=label, required=required, readonly=readonly)


def choice(choices: Mapping[str, str] | None = None, *, label: str = "", **more: bool) -> Field:
    return Field(kind=Kind.CHOICE, choices=choices or {}, label=label, **more)  # type: ignore[arg-type]


def lines(fields: Mapping[str, Field], key: str = "line") -> Field:
    return Field(kind=Kind.LINES, fields=fields, key=key)


MOMENT = Field(kind=Kind.MOMENT)
DURATION = Field(kind=Kind.DURATION, label="Duration", required=True)
SHOWN_DURATION = Field(kind=Kind.DURATION, readonly=True)

TERMS = {"1": "Net 15", "2": "Net 30", "3": "Net 60", "4": "Due on receipt"}
TIME_APPROVAL = {"1": "Open", "2": "Pending Approval", "3": "Approved", "4": "Rejected"}
INVOICE_APPROVAL = {"1": "Pending Approval", "2": "Approved", "3": "Rejected"}
INVOICE_STATUS = {"A": "Open", "B": "Paid In Full", "D": "Pending Approval", "E": "Rejected"}
BILLING_TYPES = {"1": "Charge-Based", "2": "Fixed Bid, Interval", "3": "Fixed Bid, Milestone",
                 "4": "Time and Materials", "5": "None"}  # fmt: skip
TASK_STATUS = {"NOTSTART": "Not Started", "PROGRESS": "In Progress", "COMPLETE": "Completed"}

ADDRESS = Field(
    kind=Kind.GROUP,
    fields={"addressee": text(), "addr1": text(), "addr2": text(), "city": text(), "state": text(),
            "zip": text(), "country": choice()},
)  # fmt: skip

#: Record types that number their records from one counter: entities and transactions share ids in NetSuite.
SPACES = ("entity", "transaction", "item", "time", "task", "list")

RECORDS: dict[str, Record] = {
    "subsidiary": Record(
        setup=True, called="name", space="list",
        fields={"name": text("Name", required=True), "legalName": text(), "isInactive": flag(),
                "currency": ref("currency", label="Currency", required=True), "country": choice(),
                "fiscalCalendar": choice(), "taxRatePercent": number(readonly=True)},
    ),
    "currency": Record(
        setup=True, called="name", space="list",
        fields={"name": text("Name", required=True), "symbol": text("ISO Code", required=True),
                "currencyPrecision": choice({"0": "Zero", "2": "Two"}), "isInactive": flag(),
                "isBaseCurrency": flag()},
    ),
    "employee": Record(
        setup=True, called="entityId", space="entity",
        fields={"entityId": text(), "firstName": text(), "lastName": text("Last Name", required=True),
                "email": text(), "title": text(), "hireDate": date(), "laborCost": number(),
                "supervisor": ref("employee"), "isInactive": flag(),
                "subsidiary": ref("subsidiary", label="Subsidiary", required=True)},
    ),
    "serviceItem": Record(
        setup=True, called="itemId", space="item",
        fields={"itemId": text("Item Name/Number", required=True), "displayName": text(),
                "isInactive": flag()},
    ),
    "billingRateCard": Record(
        setup=True, called="name", space="list",
        fields={"name": text("Name", required=True), "isInactive": flag(),
                "currency": ref("currency", label="Currency", required=True),
                "pricing": lines({"serviceItem": ref("serviceItem", label="Service Item", required=True),
                                  "rate": number("Rate", required=True)}, key="serviceItem")},
    ),
    "billingSchedule": Record(
        called="name", space="list",
        fields={"name": text("Name", required=True), "scheduleType": choice(), "isInactive": flag(),
                "project": ref("job"),
                "recurrence": lines({"memo": text(), "date": date(), "amount": number(),
                                     "milestone": ref("projectTask")})},
    ),
    "accountingPeriod": Record(
        setup=True, called="periodName", space="list", index=("fiscalCalendar",),
        fields={"periodName": text("Period Name", required=True), "closed": flag(), "isInactive": flag(),
                "startDate": date("Start Date", required=True), "endDate": date("End Date", required=True),
                "fiscalCalendar": choice(label="Fiscal Calendar", required=True)},
    ),
    "customer": Record(
        called="entityId", space="entity",
        fields={"entityId": text(), "companyName": text(), "isPerson": flag(), "firstName": text(),
                "lastName": text(), "email": text(), "phone": text(), "vatRegNumber": text(),
                "comments": text(), "isInactive": flag(), "parent": ref("customer"),
                "subsidiary": ref("subsidiary", label="Primary Subsidiary", required=True),
                "currency": ref("currency"), "terms": choice(TERMS), "category": choice(),
                "entityStatus": choice(), "salesRep": ref("employee"), "creditLimit": number(),
                "balance": money(readonly=True),
                "addressBook": lines({"label": text(), "defaultBilling": flag(), "defaultShipping": flag(),
                                      "addressBookAddress": ADDRESS})},
    ),
    "job": Record(
        called="entityId", space="entity", index=("parent",),
        fields={"entityId": text(), "companyName": text(), "comments": text(), "isInactive": flag(),
                "parent": ref("customer"), "currency": ref("currency"),
                "subsidiary": ref("subsidiary", label="Subsidiary", required=True),
                "projectExpenseType": choice(label="Project Expense Type", required=True),
                "startDate": date(), "projectedEndDate": date(), "endDate": date(),
                "calculatedEndDate": date(readonly=True), "projectManager": ref("employee"),
                "jobType": choice(), "jobBillingType": choice(BILLING_TYPES), "jobPrice": number(),
                "entityStatus": choice(), "allowTime": flag(), "allowExpenses": flag(),
                "allowAllResourcesForTasks": flag(), "limitTimeToAssignees": flag(),
                "billingSchedule": ref("billingSchedule"), "billingRateCard": ref("billingRateCard"),
                "estimatedTime": number(), "percentComplete": number()},
    ),
    "projectTask": Record(
        called="title", space="task", index=("project",),
        fields={"title": text("Name", required=True), "isInactive": flag(), "message": text(),
                "project": ref("job", label="Project", required=True), "parent": ref("projectTask"),
                "estimatedWork": number(), "startDateTime": MOMENT, "finishByDate": date(),
                "constraintType": choice({"FIXEDSTART": "Fixed Start", "ASAP": "As Soon As Possible"}),
                "status": choice(TASK_STATUS), "priority": choice(), "nonBillableTask": flag(),
                "isMilestone": flag(),
                "assignee": lines({"resource": ref("employee"), "estimatedWork": number(),
                                   "unitCost": number(), "unitPrice": number(), "units": number(),
                                   "serviceItem": ref("serviceItem")}, key="resource"),
                "predecessor": lines({"predecessor": ref("projectTask"), "lagDays": number(),
                                      "type": choice({"FS": "Finish-To-Start", "SS": "Start-To-Start",
                                                      "FF": "Finish-To-Finish", "SF": "Start-To-Finish"})})},
    ),
    "timeBill": Record(
        called="id", space="time", index=("customer", "employee", "invoice"),
        fields={"employee": ref("employee", label="Employee", required=True),
                "customer": ref("job", "customer"), "caseTaskEvent": ref("projectTask"),
                "item": ref("serviceItem"), "tranDate": date("Date", required=True), "hours": DURATION,
                "isBillable": flag(), "memo": text(), "rate": number(), "amount": money(readonly=True),
                "approvalStatus": choice(TIME_APPROVAL), "supervisorApproval": flag(),
                "timeType": choice({"A": "Actual", "P": "Planned", "B": "Allocated"}),
                "department": choice(), "class": choice(), "location": choice(),
                "subsidiary": ref("subsidiary", readonly=True), "currency": ref("currency", readonly=True),
                "posted": flag(readonly=True), "invoice": ref("invoice", readonly=True)},
    ),
    "expenseReport": Record(
        called="tranId", space="transaction", index=("entity",),
        fields={"entity": ref("employee", label="Employee", required=True), "tranId": text(readonly=True),
                "tranDate": date(), "memo": text(), "currency": ref("currency"),
                "supervisorApproval": flag(), "accountingApproval": flag(), "complete": flag(),
                "subsidiary": ref("subsidiary", readonly=True), "total": money(readonly=True),
                "expense": lines({"expenseDate": date(), "category": choice(),
                                  "amount": money("Amount", required=True), "memo": text(),
                                  "customer": ref("job", "customer"), "isBillable": flag(),
                                  "invoice": ref("invoice", readonly=True)})},
    ),
    "invoice": Record(
        called="tranId", space="transaction", index=("entity", "job"),
        fields={"tranId": text(readonly=True), "entity": ref("customer", "job", label="Customer", required=True),
                "job": ref("job"), "tranDate": date(), "dueDate": date(), "startDate": date(),
                "endDate": date(), "subsidiary": ref("subsidiary"), "currency": ref("currency"),
                "terms": choice(TERMS), "memo": text(), "otherRefNum": text(),
                "approvalStatus": choice(INVOICE_APPROVAL), "status": choice(INVOICE_STATUS, readonly=True),
                "postingPeriod": ref("accountingPeriod", readonly=True),
                "subTotal": money(readonly=True), "taxTotal": money(readonly=True),
                "total": money(readonly=True), "amountPaid": money(readonly=True),
                "amountRemaining": money(readonly=True),
                "item": lines({"item": ref("serviceItem", label="Item", required=True),
                               "quantity": number(), "rate": number(), "amount": money(),
                               "description": text()}),
                "time": lines({"apply": flag(), "doc": ref("timeBill", label="Time", required=True),
                               "item": ref("serviceItem", readonly=True),
                               "employee": ref("employee", readonly=True), "hours": SHOWN_DURATION,
                               "rate": number(readonly=True), "amount": money(readonly=True),
                               "memo": text(readonly=True)}, key="doc"),
                "expCost": lines({"apply": flag(), "expenseLine": number(), "memo": text(readonly=True),
                                  "doc": ref("expenseReport", label="Expense", required=True),
                                  "amount": money(readonly=True)}, key="doc")},
    ),
    "customerPayment": Record(
        called="tranId", space="transaction", index=("customer",),
        fields={"tranId": text(readonly=True), "customer": ref("customer", label="Customer", required=True),
                "tranDate": date(), "currency": ref("currency"), "payment": money(), "memo": text(),
                "subsidiary": ref("subsidiary", readonly=True), "account": choice(),
                "paymentMethod": choice(), "checkNum": text(), "applied": money(readonly=True),
                "unapplied": money(readonly=True),
                "apply": lines({"apply": flag(), "doc": ref("invoice", label="Invoice", required=True),
                                "amount": money()}, key="doc")},
    ),
    "charge": Record(
        called="id", space="time", view=True,
        fields={"billTo": ref("job", "customer"), "chargeDate": date(), "chargeEmployee": ref("employee"),
                "serviceItem": ref("serviceItem"), "projectTask": ref("projectTask"), "memo": text(),
                "quantity": number(), "rate": number(), "amount": money(), "currency": ref("currency"),
                "stage": choice({"READY_FOR_BILLING": "Ready For Billing", "PROCESSED": "Processed"}),
                "timeRecord": ref("timeBill"), "invoice": ref("invoice")},
    ),
}  # fmt: skip
