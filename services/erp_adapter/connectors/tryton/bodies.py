"""Commands as Tryton's records. Pure: what is looked up comes in as ids."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from contracts.customers.v1 import Customer
from contracts.invoices.v1 import DraftInvoice
from contracts.projects.v1 import BillingInstalment, CreateProject, Milestone, Plan, Task
from contracts.types import EngagementId, Money

from .keys import SET_ASIDE, described, milestone_key, priced_key, project_key, task_key
from .values import day, exact, span, units

__all__ = [
    "address", "invoice", "milestone", "new_customer", "priced_task", "project", "set_aside_task",
    "task", "time_line",
]  # fmt: skip

Body = dict[str, Any]
#: How Tryton bills: the hours at each task's price, or each task's price when it is complete.
METHODS = {"time-and-materials": "timesheet", "fixed-fee": "effort"}


def address(customer: Customer, country: int | None) -> Body:
    """What the party's first address carries. What the CRM does not state is left out, never emptied."""
    stated = {
        "street_unstructured": customer.street,
        "city": customer.city,
        "postal_code": customer.postal_code,
        "country": country,
    }
    return {name: value for name, value in stated.items() if value is not None}


def new_customer(wanted: Customer, country: int | None) -> Body:
    """A party under the client number, which Tryton keeps unique."""
    body: Body = {"code": wanted.id, "name": wanted.name}
    if place := address(wanted, country):
        body["addresses"] = [["create", [place]]]
    if wanted.tax_number is not None:
        body["identifiers"] = [["create", [{"code": wanted.tax_number}]]]
    if wanted.email is not None:
        body["contact_mechanisms"] = [["create", [{"type": "email", "value": wanted.email}]]]
    return body


def project(command: CreateProject, *, company: int, party: int, fixed_fee: int | None) -> Body:
    """A project with its whole plan below it: Tryton makes all of it or nothing."""
    plan = command.plan
    tasks = [task(each, command.engagement, company) for each in plan.tasks]
    milestones = [milestone(each, command, company, fixed_fee) for each in plan.milestones]
    return {
        "type": "project",
        "name": f"{plan.code} {plan.name}",
        "comment": f"{project_key(command.engagement)}\n{_terms(plan)}",
        "company": company,
        "party": party,
        "project_invoice_method": METHODS[plan.contract_type],
        "effort_duration": span(plan.budget_minutes),
        "children": [["create", [*tasks, *milestones]]],
    }


def task(task: Task, engagement: EngagementId, company: int) -> Body:
    """A plan task. It has no price: time booked on it is tracked and not billed."""
    return {
        "type": "task",
        "name": task.name,
        "comment": task_key(engagement, task.code),
        "company": company,
        "timesheet_available": True,
    }


def milestone(milestone: Milestone, command: CreateProject, company: int, fixed_fee: int | None) -> Body:
    """A milestone; with the fixed-fee product it is billed for its amount once it is complete."""
    body: Body = {
        "type": "task",
        "name": milestone.name,
        "comment": milestone_key(command.engagement, milestone.code),
        "company": company,
    }
    if fixed_fee is not None:
        body |= {"product": fixed_fee, "list_price": exact(units(milestone.amount))}
    return body


def priced_task(
    *, key: str, name: str, category: str, product: int, price: Decimal, parent: int, company: int
) -> Body:
    """The task below a plan task whose time is billed at the rate of one labour category."""
    return {
        "type": "task",
        "name": f"{name}, {category.title()}",
        "comment": priced_key(key, category),
        "company": company,
        "parent": parent,
        "product": product,
        "list_price": exact(price),
        "timesheet_available": True,
    }


def set_aside_task(*, parent: int, company: int) -> Body:
    """A task without a price below a priced one, for time that is not to be billed with the rest."""
    comment = f"{SET_ASIDE}\nTime waits here for moments only, while other time is billed."
    return {
        "type": "task",
        "name": "Set aside",
        "comment": comment,
        "company": company,
        "parent": parent,
        "timesheet_available": True,
    }


def time_line(*, key: str, text: str, employee: int, work: int, on: date, minutes: int, company: int) -> Body:
    return {
        "company": company,
        "employee": employee,
        "work": work,
        "date": day(on),
        "duration": span(minutes),
        "description": described(key, text),
    }


def invoice(command: DraftInvoice) -> Body:
    """What a draft that Tryton made is given: our reference, its date, and what the client is to read."""
    said = [f"Engagement {command.engagement}"]
    if command.purchase_order:
        said.append(f"Purchase order {command.purchase_order}")
    return {
        "reference": command.invoice,
        "invoice_date": day(command.invoice_date),
        "comment": "\n".join(said),
    }


def _terms(plan: Plan) -> str:
    """What the plan says and Tryton has no field for, for people to read."""
    lines = [
        f"{plan.contract_type}, {_amount(plan.contract_value)}, {plan.start} to {plan.end}",
        f"Service package {plan.service_package}, rate card {plan.rate_card}, tax profile {plan.tax_profile}",
        f"Manager {plan.manager}; team {_listed(plan.team)}",
    ]
    if plan.purchase_order:
        lines.append(f"Purchase order {plan.purchase_order}")
    if plan.billing_schedule:
        lines.append("Billing schedule:")
        lines += [_instalment(each) for each in plan.billing_schedule]
    return "\n".join(lines)


def _instalment(each: BillingInstalment) -> str:
    what = f"milestone {each.milestone}" if each.milestone else "the hours of the period"
    return f"  {each.due}: {what}" + (f", {_amount(each.amount)}" if each.amount else "")


def _amount(money: Money) -> str:
    return f"{units(money):,f} {money.currency}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
