"""A won deal becomes one customer, one project and one workspace, or says why not.

Steps: hand-over checked, customer (its parents first), ERP project, workspace, ready. Creating the ERP project is
the pivot: before it nothing needs undoing, a customer in the ERP does no harm; after it the saga only goes forward,
or waits for a person.
"""

from collections.abc import Iterable

import msgspec

from bus.actor import Actor, Message, On, Released, Woken
from bus.decision import Decision, Done, Problem, Rejected
from bus.facts import Facts, Need
from contracts import Contract
from contracts.customers.v1 import CustomerEnsured, EnsureCustomer
from contracts.engagements.v1 import EngagementReady
from contracts.exceptions.v1 import HeldUp
from contracts.opportunities.v1 import AnnotateOpportunity, OpportunityWon
from contracts.policies.v1 import Policy
from contracts.projects.v1 import CreateProject, ProjectCreated, ProvisionWorkspace, WorkspaceProvisioned
from contracts.types import CustomerId, EngagementId, OpportunityId
from contracts.writes.v1 import WriteRefused

from .. import handover as rules
from ..model import CUSTOMER, ENGAGEMENT, RATE_CARD, Engagement, Refusal
from ..problems import problem, refused

__all__ = ["ACTOR", "engagement_of"]

_COMMANDS = {
    EnsureCustomer.wire_name(): "Ensuring the customer",
    CreateProject.wire_name(): "Creating the project",
    ProvisionWorkspace.wire_name(): "Provisioning the workspace",
}


def engagement_of(opportunity: OpportunityId) -> EngagementId:
    """One opportunity, one engagement: the id follows from the deal number."""
    return EngagementId(f"E-{opportunity}")


def _needs(state: Engagement, body: object, facts: Facts) -> Iterable[Need]:
    won = body if isinstance(body, OpportunityWon) else state.won
    if won is None:
        return
    yield from (CUSTOMER.of(member) for member in _lineage(won, facts))
    card = state.amended.get("rate_card") or won.handover.rate_card
    if isinstance(body, Released):
        card = body.values.get("rate_card", card)
    if card:
        yield RATE_CARD.of(card)


def _lineage(won: OpportunityWon, facts: Facts) -> tuple[CustomerId, ...]:
    """The customer and its parents, nearest first, up to the first unknown one. A circle ends where it began."""
    found: list[CustomerId] = []
    member = won.customer
    while member is not None and member not in found:
        found.append(member)
        known = facts.one(CUSTOMER, member)
        member = known.customer.parent if known else None
    return tuple(found)


def on_won(
    state: Engagement, message: Message[OpportunityWon], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """Start the engagement, or take in a corrected hand-over while nothing exists yet."""
    won = message.body
    if state.won is not None and won.revision <= state.won.revision:
        return Decision(outcome=Rejected(f"revision {won.revision} is known"))
    if state.stage not in ("new", "held"):
        late = msgspec.structs.replace(state, changed=won.revision)
        note = Done("the deal changed after its project was under way")
        return Decision(state=late, problems=_problems(late, policy), outcome=note)
    return _check(msgspec.structs.replace(state, won=won), facts, policy)


def on_woken(
    state: Engagement, message: Message[Woken], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """A fact that the deal waited for arrived: check again."""
    if state.stage not in ("new", "held"):
        return Decision(outcome=Rejected("the engagement is under way"))
    return _check(state, facts, policy)


def on_released(
    state: Engagement, message: Message[Released], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """A person supplied hand-over values, or asks to try again."""
    assert state.won is not None
    if state.stage in ("new", "held"):
        try:
            rules.amend(state.won.handover, message.body.values)
        except ValueError as wrong:
            return Decision(outcome=Rejected(str(wrong)))
        amended = {**state.amended, **message.body.values}
        return _check(msgspec.structs.replace(state, amended=amended), facts, policy)
    if message.body.code == "deal-changed":
        accepted = msgspec.structs.replace(state, changed=None)
        note = Done(f"accepted by {message.body.by}")
        return Decision(state=accepted, problems=_problems(accepted, policy), outcome=note)
    again = msgspec.structs.replace(state, refusal=None)
    return Decision(
        state=again, send=(_command(again, facts),), problems=_problems(again, policy),
        outcome=Done(f"tried again for {message.body.by}"),
    )  # fmt: skip


def _problems(state: Engagement, policy: Policy) -> tuple[Problem, ...]:
    """What keeps an engagement that is under way from being well: it follows from the state alone."""
    found = []
    if state.changed is not None:
        found.append(
            problem(
                policy, "deal-changed",
                f"The deal changed after its project was under way (revision {state.changed}).",
                fix="Carry the change into the ERP and the delivery tool, or set the deal back; then release.",
                held_up=_held_up(state), category="conflict",
            )
        )  # fmt: skip
    if state.refusal is not None:
        found.append(refused(policy, state.refusal, _held_up(state)))
    return tuple(found)


def _check(state: Engagement, facts: Facts, policy: Policy) -> Decision[Engagement]:
    """Validate hand-over and customer; hold with every reason at once, or take the first step."""
    won = state.won
    assert won is not None
    handover = rules.amend(won.handover, state.amended)
    held_up = HeldUp(
        reference=won.opportunity, engagement=engagement_of(won.opportunity), customer=won.customer,
        amount=handover.amount,
    )  # fmt: skip
    known = facts.one(CUSTOMER, won.customer) if won.customer else None
    if known is None:
        missing = problem(
            policy, "customer-unknown", f"Deal {won.opportunity} names no customer that the CRM has shown.",
            fix="Give the account a client number in the CRM and name it on the opportunity.", held_up=held_up,
            releases_on=(CUSTOMER.of(won.customer),) if won.customer else (),
        )  # fmt: skip
        return _hold(state, missing)
    members = _lineage(won, facts)
    if facts.one(CUSTOMER, members[-1]) is None:
        broken = problem(
            policy, "hierarchy-broken", f"Customer {known.id} belongs to {members[-1]}, which the CRM has not shown.",
            fix=f"Mend the account hierarchy above {known.customer.name} in the CRM.", held_up=held_up,
            releases_on=(CUSTOMER.of(members[-1]),),
        )  # fmt: skip
        return _hold(state, broken)
    if reasons := rules.gaps(won, handover, known.customer, policy):
        incomplete = problem(
            policy, "handover-incomplete", f"Deal {won.opportunity} cannot start: {'; '.join(reasons)}.",
            fix="Complete the opportunity in the CRM, or supply the values here.", held_up=held_up,
        )  # fmt: skip
        return _hold(state, incomplete)
    assert handover.rate_card is not None
    card = facts.one(RATE_CARD, handover.rate_card)
    if card is None:
        missing = problem(
            policy, "rate-card-missing", f"Rate card {handover.rate_card} is not in the ERP.",
            fix="Create the rate card in the ERP.", held_up=held_up,
            releases_on=(RATE_CARD.of(handover.rate_card),),
        )  # fmt: skip
        return _hold(state, missing)
    made = rules.plan(won, handover, known.customer, card, policy)
    started = msgspec.structs.replace(state, stage="customer", plan=made, ancestors=members[1:], refusal=None)
    return _step(started, facts, policy, status="Provisioning")


def _hold(state: Engagement, why: Problem) -> Decision[Engagement]:
    held = msgspec.structs.replace(state, stage="held")
    return _annotated(held, Decision(state=held, problems=(why,), outcome=Done(why.summary)),
                      engagement_status="On hold", problem=why.summary)  # fmt: skip


def _command(state: Engagement, facts: Facts) -> Contract:
    """What the stage waits for."""
    assert state.won is not None and state.plan is not None
    engagement = engagement_of(state.won.opportunity)
    if state.stage == "customer":
        waiting = [
            key for key in (*reversed(state.ancestors), state.plan.customer) if key not in state.ensured
        ]
        customer = facts.one(CUSTOMER, waiting[0])
        assert customer is not None
        return EnsureCustomer(engagement=engagement, customer=customer.customer, version=customer.version)
    if state.stage == "project":
        assert state.customer_record is not None
        return CreateProject(engagement=engagement, plan=state.plan, customer_record=state.customer_record)
    return ProvisionWorkspace(engagement=engagement, plan=state.plan)


def _step(
    state: Engagement, facts: Facts, policy: Policy, *, status: str | None = None
) -> Decision[Engagement]:
    decision = Decision(
        state=state,
        send=(_command(state, facts),),
        problems=_problems(state, policy),
        outcome=Done(f"waits for the {state.stage}"),
    )
    return decision if status is None else _annotated(state, decision, engagement_status=status, problem="")


def _annotated(
    state: Engagement, decision: Decision[Engagement], *, engagement_status: str, problem: str,
    project_code: str | None = None,
) -> Decision[Engagement]:  # fmt: skip
    """The decision, and the CRM is told about it."""
    assert state.won is not None
    note = AnnotateOpportunity(
        opportunity=state.won.opportunity, topic="delivery", revision=state.annotations + 1, record=state.won.record,
        engagement_status=engagement_status, problem=problem, project_code=project_code,
    )  # fmt: skip
    told = msgspec.structs.replace(state, annotations=state.annotations + 1)
    return Decision(
        state=told, send=(*decision.send, note), problems=decision.problems, facts=decision.facts,
        outcome=decision.outcome,
    )  # fmt: skip


def on_customer(
    state: Engagement, message: Message[CustomerEnsured], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """The ERP holds one customer of the chain; the next, or on to the project."""
    body = message.body
    if state.stage != "customer" or body.customer in state.ensured:
        return Decision(outcome=Rejected("not waited for"))
    assert state.plan is not None
    ensured = msgspec.structs.replace(state, ensured=(*state.ensured, body.customer), refusal=None)
    if body.customer == state.plan.customer:
        ensured = msgspec.structs.replace(ensured, stage="project", customer_record=body.record)
    return _step(ensured, facts, policy)


def on_project(
    state: Engagement, message: Message[ProjectCreated], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """The pivot: finance sees the project; from here on only forward."""
    if state.stage != "project":
        return Decision(outcome=Rejected("not waited for"))
    body = message.body
    created = msgspec.structs.replace(
        state, stage="workspace", project_record=body.record, task_records=body.tasks, refusal=None
    )
    return _step(created, facts, policy)


def on_workspace(
    state: Engagement, message: Message[WorkspaceProvisioned], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """Everything exists: the engagement is ready for work, and everybody is told."""
    if state.stage != "workspace":
        return Decision(outcome=Rejected("not waited for"))
    assert state.won and state.plan and state.customer_record and state.project_record
    ready = EngagementReady(
        engagement=engagement_of(state.won.opportunity), opportunity=state.won.opportunity,
        opportunity_record=state.won.record, customer=state.plan.customer, legal_entity=state.plan.legal_entity,
        plan=state.plan, customer_record=state.customer_record, project_record=state.project_record,
        task_records=state.task_records,
    )  # fmt: skip
    done = msgspec.structs.replace(state, stage="ready", refusal=None)
    decision = Decision(
        state=done, send=(ready,), problems=_problems(done, policy), outcome=Done("ready"),
        facts=(ENGAGEMENT.fact(ready.engagement, version=1, body=ready),),
    )  # fmt: skip
    return _annotated(done, decision, engagement_status="Ready", problem="", project_code=state.plan.code)


def on_refused(
    state: Engagement, message: Message[WriteRefused], facts: Facts, policy: Policy
) -> Decision[Engagement]:
    """A vendor refused a step: hold with its words until a person releases it."""
    body = message.body
    refusal = Refusal(command=_COMMANDS[body.command], category=body.category, why=body.why)
    held = msgspec.structs.replace(state, refusal=refusal)
    why = refused(policy, refusal, _held_up(held)).summary
    decision = Decision(state=held, problems=_problems(held, policy), outcome=Done(why))
    return _annotated(held, decision, engagement_status="On hold", problem=why)


def _held_up(state: Engagement) -> HeldUp:
    assert state.won is not None
    return HeldUp(
        reference=state.won.opportunity, engagement=engagement_of(state.won.opportunity),
        customer=state.won.customer, amount=state.won.handover.amount,
    )  # fmt: skip


ACTOR: Actor[Engagement] = Actor(
    kind="engagement",
    state=Engagement,
    on=(
        On(
            message=OpportunityWon,
            key=lambda won: engagement_of(won.opportunity),
            needs=_needs,
            decide=on_won,
        ),
        On(message=CustomerEnsured, needs=_needs, decide=on_customer),
        On(message=ProjectCreated, needs=_needs, decide=on_project),
        On(message=WorkspaceProvisioned, decide=on_workspace),
        On(
            message=WriteRefused,
            key=lambda no: no.key if no.command in _COMMANDS else None,
            decide=on_refused,
        ),
        On(message=Woken, needs=_needs, decide=on_woken),
        On(message=Released, needs=_needs, decide=on_released),
    ),
)
