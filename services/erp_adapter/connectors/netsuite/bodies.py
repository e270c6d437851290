"""What NetSuite is sent, as pure functions of the command: no look-ups, no clock."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from contracts.customers.v1 import Customer
from contracts.invoices.v1 import DraftInvoice
from contracts.postings.v1 import PostTime
from contracts.projects.v1 import BillingInstalment, CreateProject, Milestone, Plan, Task

from .external_ids import ExternalIds
from .money import major
from .options import Options
from .suitetalk import Body

__all__ = [
    "address", "billing_schedule", "customer", "eid", "hours", "invoice", "milestone", "new_customer", "project",
    "reference", "task", "time_bill",
]  # fmt: skip

APPROVED_TIME = {"id": "3"}
PENDING_INVOICE = {"id": "1"}


def eid(external_id: str) -> Mapping[str, str]:
    """A reference by external id."""
    return {"externalId": external_id}


def reference(command: PostTime) -> str:
    """The canonical id of a posted revision: `kantata:85#1`."""
    return f"{command.entry}#{command.revision}"


def hours(minutes: int) -> str:
    """A duration as NetSuite writes it, `h:mm`."""
    return f"{'-' if minutes < 0 else ''}{abs(minutes) // 60}:{abs(minutes) % 60:02d}"


def address(customer: Customer) -> Body:
    """The fields of the billing address that the customer has."""
    given = {
        "addr1": customer.street,
        "city": customer.city,
        "zip": customer.postal_code,
        "country": {"id": customer.country} if customer.country else None,
    }
    return {name: value for name, value in given.items() if value is not None}


def customer(customer: Customer, *, parent: str | None, line: int | None) -> Body:
    """What a customer is kept at, as the CRM has it; what the CRM does not say is left as it is.

    `parent` is the record of the company above it, `line` the line of the billing address that is to change.
    """
    given: dict[str, Any] = {
        "companyName": customer.name,
        "isPerson": False,
        "email": customer.email,
        "vatRegNumber": customer.tax_number,
        "parent": {"id": parent} if parent else None,
    }
    if place := address(customer):
        billing: dict[str, Any] = {"label": "Billing", "defaultBilling": True, "defaultShipping": True}
        given["addressBook"] = {
            "items": [{**(billing if line is None else {"line": line}), "addressBookAddress": place}]
        }
    return {name: value for name, value in given.items() if value is not None}


def new_customer(customer: Customer, currency: Mapping[str, str] | None) -> Body:
    """What is said once: NetSuite fixes subsidiary and currency with the first transaction.

    The client number leads the entity id, because NetSuite refuses a second customer of the same entity id and
    two clients may bear one name.
    """
    given = {
        "entityId": f"{customer.id} {customer.name}",
        "subsidiary": eid(customer.legal_entity) if customer.legal_entity else None,
        "currency": currency,
    }
    return {name: value for name, value in given.items() if value is not None}


def project(command: CreateProject, options: Options, currency: Mapping[str, str]) -> Body:
    """The job. Anyone may book on its tasks: who is on the team is the time system's affair."""
    plan = command.plan
    return {
        "entityId": plan.code,
        "companyName": plan.name,
        "parent": {"id": command.customer_record},
        "subsidiary": eid(plan.legal_entity),
        "currency": currency,
        "projectExpenseType": {"id": options.project_expense_type},
        "jobBillingType": {"id": options.billing_types[plan.contract_type]},
        "billingRateCard": eid(plan.rate_card),
        "projectManager": eid(plan.manager),
        "jobPrice": major(plan.contract_value),
        "estimatedTime": (Decimal(plan.budget_minutes) / 60).quantize(Decimal("0.01")),
        "startDate": plan.start.isoformat(),
        "projectedEndDate": plan.end.isoformat(),
        "allowTime": True,
        "allowExpenses": True,
        "allowAllResourcesForTasks": True,
        "limitTimeToAssignees": False,
    }


def task(task: Task, project: str) -> Body:
    return {"title": task.name, "project": {"id": project}, "nonBillableTask": not task.billable}


def milestone(milestone: Milestone, plan: Plan, project: str) -> Body:
    """A milestone as a task that takes no work, due when the billing schedule says."""
    due = next((one.due for one in plan.billing_schedule if one.milestone == milestone.code), None)
    body: dict[str, Any] = {
        "title": milestone.name,
        "project": {"id": project},
        "isMilestone": True,
        "estimatedWork": 0,
        "nonBillableTask": True,
        "message": f"{milestone.code}: {major(milestone.amount):f} {milestone.amount.currency}",
    }
    return body if due is None else {**body, "finishByDate": due.isoformat()}


def billing_schedule(command: CreateProject, project: str, ids: ExternalIds) -> Body:
    """The plan's instalments: a milestone's amount, or the hours of a period."""
    plan = command.plan

    def line(number: int, instalment: BillingInstalment) -> Body:
        made: dict[str, Any] = {
            "line": number,
            "date": instalment.due.isoformat(),
            "memo": "Hours of the period",
        }
        if instalment.milestone is not None:
            made["memo"] = instalment.milestone
            made["milestone"] = eid(ids.milestone(command.engagement, instalment.milestone))
        if instalment.amount is not None:
            made["amount"] = major(instalment.amount)
        return made

    lines = [line(number, one) for number, one in enumerate(plan.billing_schedule, 1)]
    return {"name": f"{plan.code} {plan.name}", "project": {"id": project}, "recurrence": {"items": lines}}


def time_bill(command: PostTime, options: Options) -> Body:
    """Approved minutes without a rate: NetSuite prices them from the project's rate card."""
    memo = reference(command)
    if command.posting_date != command.work_date:
        memo = f"{memo} worked {command.work_date.isoformat()}"
    return {
        "employee": eid(command.worker),
        "customer": {"id": command.project_record},
        "caseTaskEvent": {"id": command.task_record},
        "item": eid(options.item_prefix + command.labour_category),
        "tranDate": command.posting_date.isoformat(),
        "hours": hours(command.minutes),
        "isBillable": command.billable,
        "memo": memo,
        "approvalStatus": APPROVED_TIME,
    }


def invoice(command: DraftInvoice, options: Options, currency: Mapping[str, str]) -> Body:
    """The draft: the postings by their records, the milestones as fee lines.

    Lines are numbered, because NetSuite appends a line without a number when the same body comes again.
    """
    fees = [
        {
            "line": number,
            "item": eid(options.fixed_fee_item),
            "quantity": 1,
            "rate": major(one.amount),
            "amount": major(one.amount),
            "description": f"{one.milestone}: {one.description}",
        }
        for number, one in enumerate(command.milestones, 1)
    ]
    body: dict[str, Any] = {
        "entity": {"id": command.customer_record},
        "job": {"id": command.project_record},
        "subsidiary": eid(command.legal_entity),
        "currency": currency,
        "tranDate": command.invoice_date.isoformat(),
        "memo": f"{command.invoice} {command.period}",
        "approvalStatus": PENDING_INVOICE,
        "item": {"items": fees},
        "time": {"items": [{"apply": True, "doc": {"id": one.record}} for one in command.time]},
    }
    return body if command.purchase_order is None else {**body, "otherRefNum": command.purchase_order}
