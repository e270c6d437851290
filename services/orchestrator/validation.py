"""May this approved entry be posted? Each rule is one function that answers with a problem or with nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from bus.decision import Problem
from bus.facts import FactKey, Facts, Need
from contracts.engagements.v1 import EngagementReady
from contracts.exceptions.v1 import HeldUp
from contracts.policies.v1 import Policy
from contracts.postings.v1 import PostTime
from contracts.projects.v1 import Task
from contracts.reference.v1 import RateCardChanged
from contracts.timesheets.v1 import TimeApproved
from contracts.types import EngagementId, Money, period_of, value_of

from .model import ENGAGEMENT, PERIOD, PROJECT_STATE, RATE_CARD, TASK_STATE
from .problems import problem

__all__ = ["assess", "expected_value", "needs_of"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """One approved entry and everything known about it."""

    entry: TimeApproved
    engagement: EngagementReady
    facts: Facts
    policy: Policy
    held_up: HeldUp

    @property
    def task(self) -> Task | None:
        return next((task for task in self.engagement.plan.tasks if task.code == self.entry.task), None)

    @property
    def category(self) -> str | None:
        return self.policy.labour_categories.get(self.entry.labour_category or "")

    @property
    def card(self) -> RateCardChanged | None:
        return self.facts.one(RATE_CARD, self.engagement.plan.rate_card)

    def problem(self, code: str, summary: str, fix: str, *releases_on: FactKey) -> Problem:
        return problem(
            self.policy,
            code,
            summary,
            fix=fix,
            held_up=self.held_up,
            category="policy",
            releases_on=releases_on,
        )


def needs_of(entry: TimeApproved, facts: Facts) -> Iterable[Need]:
    """The facts that decide about an entry; the engagement, once known, names two more."""
    yield ENGAGEMENT.of(entry.engagement)
    yield PROJECT_STATE.of(entry.engagement)
    if entry.task is not None:
        yield TASK_STATE.of(entry.engagement, entry.task)
    if (ready := facts.one(ENGAGEMENT, entry.engagement)) is not None:
        yield RATE_CARD.of(ready.plan.rate_card)
        yield PERIOD.of(ready.plan.legal_entity, period_of(entry.work_date))


def project_is_active(case: Case) -> Problem | None:
    """Time on a project that is on hold or closed waits."""
    state = case.facts.one(PROJECT_STATE, case.entry.engagement)
    if state is None or state.state == "active":
        return None
    return case.problem(
        f"project-{state.state}", f"Project {case.engagement.plan.code} is {state.state} in the ERP.",
        "Set the project active in the ERP, or withdraw the time.", PROJECT_STATE.of(case.entry.engagement),
    )  # fmt: skip


def task_is_known(case: Case) -> Problem | None:
    """Booked on a task of the plan."""
    if case.task is not None:
        return None
    on = f"on task {case.entry.task}, which the plan does not have" if case.entry.task else "on no task"
    return case.problem(
        "task-unknown",
        f"{case.entry.entry} is booked {on}.",
        "Correct the task in the time system and approve again.",
    )


def task_is_active(case: Case) -> Problem | None:
    """Not on a task that delivery closed."""
    if case.entry.task is None:
        return None
    state = case.facts.one(TASK_STATE, case.entry.engagement, case.entry.task)
    if state is None or state.active:
        return None
    name = case.task.name if case.task else case.entry.task
    return case.problem(
        "task-inactive", f"Task {name} of {case.engagement.plan.code} is closed.",
        "Reopen the task in the delivery tool, or correct the entry and approve it again.",
        TASK_STATE.of(case.entry.engagement, case.entry.task),
    )  # fmt: skip


def worker_is_assigned(case: Case) -> Problem | None:
    """Booked by somebody on the team."""
    if case.entry.worker in case.engagement.plan.team:
        return None
    who = case.entry.worker or "Nobody that the people system knows"
    return case.problem(
        "worker-not-assigned", f"{who} is not on the team of {case.engagement.plan.code}.",
        "Withdraw the time, or have it booked by somebody on the team.",
    )  # fmt: skip


def category_is_mapped(case: Case) -> Problem | None:
    """The time system's role has a labour category."""
    if case.category is not None:
        return None
    known = ", ".join(sorted(case.policy.labour_categories))
    return case.problem(
        "labour-category-unmapped", f"Role {case.entry.labour_category!r} has no labour category.",
        f"Map the role in the policy; mapped are {known}.",
    )  # fmt: skip


def rate_is_present(case: Case) -> Problem | None:
    """The engagement's rate card prices the category."""
    card, name = case.card, case.engagement.plan.rate_card
    if card is not None and (case.category is None or case.category in card.rates):
        return None
    return case.problem(
        "rate-missing", f"Rate card {name} has no rate for {case.category or case.entry.labour_category}.",
        "Add the rate in the ERP; everything that waits for it goes on by itself.", RATE_CARD.of(name),
    )  # fmt: skip


def period_is_open(case: Case) -> Problem | None:
    """The entry's own accounting period accepts postings."""
    entity, period = case.engagement.plan.legal_entity, period_of(case.entry.work_date)
    known = case.facts.one(PERIOD, entity, period)
    if known is not None and known.open:
        return None
    state = "closed" if known else "not in the ERP"
    return case.problem(
        "period-closed", f"Period {period} of {entity} is {state}.",
        "Reopen the period in the ERP, or fix with posting_date=<a day in an open period>.",
        PERIOD.of(entity, period),
    )  # fmt: skip


def minutes_are_positive(case: Case) -> Problem | None:
    """An entry of nothing, or of less, is no work."""
    if 0 < case.entry.minutes <= 24 * 60:
        return None
    return case.problem(
        "minutes-implausible", f"{case.entry.minutes} minutes in one day are not plausible.",
        "Correct the entry in the time system and approve it again.",
    )  # fmt: skip


RULES: tuple[Callable[[Case], Problem | None], ...] = (
    minutes_are_positive, project_is_active, task_is_known, task_is_active, worker_is_assigned, category_is_mapped,
    rate_is_present, period_is_open,
)  # fmt: skip


def expected_value(entry: TimeApproved, ready: EngagementReady, facts: Facts, policy: Policy) -> Money | None:
    """What the ERP should value the entry at, from the rate card; None where no rate is known."""
    card = facts.one(RATE_CARD, ready.plan.rate_card)
    category = policy.labour_categories.get(entry.labour_category or "")
    if card is None or category not in card.rates:
        return None
    return value_of(entry.minutes, card.rates[category], card.currency)


def assess(
    entry: TimeApproved, facts: Facts, policy: Policy, *, posting_date: date | None = None
) -> PostTime | tuple[Problem, ...]:
    """The posting to ask for, or every problem that stands in its way.

    `posting_date` is set where a person decided to post into another period than the entry's own.
    """
    ready = facts.one(ENGAGEMENT, entry.engagement)
    if ready is None:
        return (_unknown_engagement(entry, policy),)
    held_up = HeldUp(
        reference=entry.entry, engagement=EngagementId(entry.engagement), customer=ready.customer,
        minutes=entry.minutes, amount=expected_value(entry, ready, facts, policy),
    )  # fmt: skip
    case = Case(entry=entry, engagement=ready, facts=facts, policy=policy, held_up=held_up)
    rules = [rule for rule in RULES if not (rule is period_is_open and posting_date is not None)]
    problems = tuple(found for rule in rules if (found := rule(case)) is not None)
    if problems:
        return problems
    assert entry.task is not None and entry.worker is not None and case.task is not None and case.category
    return PostTime(
        entry=entry.entry, revision=entry.revision, engagement=entry.engagement,
        project_record=ready.project_record, task=entry.task, task_record=ready.task_records[entry.task],
        worker=entry.worker, labour_category=case.category, legal_entity=ready.plan.legal_entity,
        work_date=entry.work_date, posting_date=posting_date or entry.work_date, minutes=entry.minutes,
        billable=entry.billable and case.task.billable,
    )  # fmt: skip


def _unknown_engagement(entry: TimeApproved, policy: Policy) -> Problem:
    return problem(
        policy, "engagement-unknown", f"{entry.entry} is booked on {entry.engagement}, which is not ready.",
        fix="Finish the engagement's activation, or withdraw the time.", category="policy",
        held_up=HeldUp(reference=entry.entry, engagement=entry.engagement, minutes=entry.minutes),
        releases_on=(ENGAGEMENT.of(entry.engagement),),
    )  # fmt: skip
