"""What a plan becomes at the vendor: the bodies of a workspace, its stories and its seats. Pure."""

from datetime import date
from decimal import Decimal
from typing import Any

from contracts.projects.v1 import Milestone, Plan, ProvisionWorkspace, Task
from contracts.types import EngagementId, Money, exponent

from .directory import ENGAGEMENT, MILESTONE, TASK, StoryName
from .options import Options

__all__ = ["named_stories", "price", "seat", "story", "workspace"]

Body = dict[str, Any]


def price(money: Money) -> str:
    """The amount in whole units of its currency, exactly: `120000.00`."""
    return str(Decimal(money.amount).scaleb(-exponent(money.currency)))


def workspace(command: ProvisionWorkspace, *, approver: str, rate_card: str | None, options: Options) -> Body:
    """The workspace of an engagement, with its reference, in one request: it is never there without."""
    plan = command.plan
    preference = {"project_code": plan.code}
    if plan.purchase_order is not None:
        preference["purchase_order"] = plan.purchase_order
    body: Body = {
        "title": plan.name,
        "creator_role": "maven",
        "access_level": "invitation",
        "start_date": plan.start.isoformat(),
        "due_date": plan.end.isoformat(),
        "budgeted": True,
        "price": price(plan.contract_value),
        "currency": plan.currency,
        "require_time_approvals": True,
        "require_expense_approvals": True,
        "approver_id": approver,
        "invoice_preference": preference,
        "external_reference": _reference(options.service, ENGAGEMENT, command.engagement),
    }
    return body if rate_card is None else {**body, "rate_card_id": rate_card}


def named_stories(engagement: EngagementId, plan: Plan) -> dict[StoryName, Task | Milestone]:
    """Every task and milestone of a plan, by what its story will be known as."""
    tasks = {StoryName(engagement=engagement, kind="task", code=task.code): task for task in plan.tasks}
    milestones = {
        StoryName(engagement=engagement, kind="milestone", code=milestone.code): milestone
        for milestone in plan.milestones
    }
    return {**tasks, **milestones}


def story(number: str, name: StoryName, part: Task | Milestone, plan: Plan, options: Options) -> Body:
    """A story of the workspace `number`. Time goes on tasks, never on milestones."""
    model = TASK if name.kind == "task" else MILESTONE
    body: Body = {
        "workspace_id": number,
        "title": part.name,
        "story_type": name.kind,
        "time_trackable": isinstance(part, Task),
        "external_reference": _reference(options.service, model, name.ref),
    }
    if isinstance(part, Task):
        billed = {"billable": part.billable, "fixed_fee": plan.contract_type == "fixed-fee"}
        return {**body, **billed, "start_date": plan.start.isoformat(), "due_date": plan.end.isoformat()}
    if (due := _due(part, plan)) is not None:
        body["due_date"] = due.isoformat()
    return {**body, "billable": True, "fixed_fee": True, "budget_estimate_in_cents": part.amount.amount}


def seat(number: str, user: str) -> Body:
    """One user's place in the workspace `number`, on the provider's side."""
    return {"workspace_id": number, "user_id": user, "role": "maven"}


def _due(milestone: Milestone, plan: Plan) -> date | None:
    dues = [line.due for line in plan.billing_schedule if line.milestone == milestone.code]
    return max(dues, default=None)


def _reference(service: str, model: str, ref: str) -> Body:
    return {"service_name": service, "service_model": model, "service_model_ref": ref, "status": "successful"}
