"""A won deal becomes one customer, one project, one workspace, or says why not."""

from datetime import date
from typing import Any

import pytest

from bus.actor import Released, Woken
from contracts.customers.v1 import CustomerEnsured, EnsureCustomer
from contracts.engagements.v1 import EngagementReady
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.projects.v1 import CreateProject, ProjectCreated, ProvisionWorkspace, WorkspaceProvisioned
from contracts.types import Money
from contracts.writes.v1 import WriteRefused
from services.orchestrator.model import CUSTOMER, ENGAGEMENT, RATE_CARD
from services.orchestrator.sagas.activation import ACTOR
from tests.support.actors import Stage
from tests.support.business import POLICY, customer, euros, rate_card, won


def deal(*facts: Any) -> Stage[Any]:
    return Stage(ACTOR, POLICY, *(facts or (customer(), rate_card())))


def ensured(key: str = "C-1") -> CustomerEnsured:
    return CustomerEnsured(engagement="E-D-1", customer=key, record=f"ns-{key}", connection="netsuite")


CREATED = ProjectCreated(
    engagement="E-D-1", record="55", tasks={"T1": "301", "T2": "302"}, connection="netsuite"
)
PROVISIONED = WorkspaceProvisioned(
    engagement="E-D-1", record="10", tasks={"T1": "90", "T2": "91"}, milestones={}, connection="kantata"
)


def refused(kind: type, why: str = "400: no") -> WriteRefused:
    return WriteRefused(
        service="erp", key="E-D-1", command=kind.wire_name(), reference="E-D-1",  # type: ignore[attr-defined]
        category="data", why=why, connection="netsuite",
    )  # fmt: skip


def test_deal_goes_through_customer_project_and_workspace_to_ready() -> None:
    stage = deal()
    stage.hear(won())
    [command] = stage.take(EnsureCustomer)
    assert command.customer.id == "C-1"
    stage.hear(ensured())
    [project] = stage.take(CreateProject)
    assert project.customer_record == "ns-C-1"
    stage.hear(CREATED)
    assert len(stage.take(ProvisionWorkspace)) == 1
    stage.hear(PROVISIONED)
    [ready] = stage.take(EngagementReady)
    assert (ready.customer_record, ready.project_record, ready.task_records) == (
        "ns-C-1",
        "55",
        CREATED.tasks,
    )
    assert stage.fact(ENGAGEMENT.of("E-D-1")) == ready
    statuses = [note.engagement_status for note in stage.take(AnnotateOpportunity)]
    assert statuses == ["Provisioning", "Ready"]


def test_same_deal_twice_makes_one_of_everything() -> None:
    stage = deal()
    for message in (won(), won(), ensured(), ensured(), CREATED, CREATED, PROVISIONED, PROVISIONED):
        stage.hear(message)
    for kind in (EnsureCustomer, CreateProject, ProvisionWorkspace, EngagementReady):
        assert len(stage.take(kind)) == 1, kind.__name__


def test_parents_are_ensured_before_the_customer_itself() -> None:
    stage = deal(customer("C-1", parent="C-2"), customer("C-2", parent="C-3"), customer("C-3"), rate_card())
    stage.hear(won())
    order = []
    for _ in range(3):
        [command] = stage.take(EnsureCustomer)
        order.append(command.customer.id)
        stage.hear(ensured(command.customer.id))
    assert order == ["C-3", "C-2", "C-1"]
    assert len(stage.take(CreateProject)) == 1


def test_hierarchy_that_leads_nowhere_holds_until_the_missing_parent_arrives() -> None:
    stage = deal(customer("C-1", parent="C-2"), rate_card())
    stage.hear(won())
    assert stage.problems["hierarchy-broken"].releases_on == (CUSTOMER.of("C-2"),)
    stage.know(customer("C-2"))
    stage.hear(Woken(fact=CUSTOMER.of("C-2")))
    assert stage.problems == {}
    assert len(stage.take(EnsureCustomer)) == 1


def test_hierarchy_in_a_circle_ends() -> None:
    stage = deal(customer("C-1", parent="C-2"), customer("C-2", parent="C-1"), rate_card())
    stage.hear(won())
    assert len(stage.take(EnsureCustomer)) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"legal_entity": None}, "legal_entity is missing"),
        ({"legal_entity": "XX99"}, "legal_entity 'XX99' is not in the policy; legal are DE01"),
        ({"contract_type": "Barter"}, "contract_type 'Barter' is not in the policy"),
        ({"service_package": "YOGA"}, "service_package 'YOGA' is not in the policy"),
        ({"rate_card": "RC-X"}, "rate_card 'RC-X' is not one of RC-DE01"),
        ({"tax_profile": "US-SALES"}, "tax_profile 'US-SALES' is not one of DE-UST19"),
        ({"amount": Money(amount=1, currency="USD")}, "amount is in USD"),
        ({"amount": euros(0)}, "amount is not above zero"),
        ({"manager": None}, "manager is missing"),
        ({"end": date(2026, 1, 1)}, "end 2026-01-01 lies before start 2026-11-01"),
    ],
)
def test_gap_in_the_hand_over_is_held_and_shown_to_sales(changes: dict[str, Any], said: str) -> None:
    stage = deal()
    stage.hear(won(**changes))
    assert stage.take(EnsureCustomer) == []
    problem = stage.problems["handover-incomplete"]
    assert said in problem.summary
    assert problem.owner == "sales operations"
    [note] = stage.take(AnnotateOpportunity)
    assert said in note.problem


def test_all_gaps_are_said_at_once() -> None:
    stage = deal()
    stage.hear(won(legal_entity=None, manager=None, contract_type="Barter"))
    summary = stage.problems["handover-incomplete"].summary
    assert all(word in summary for word in ("legal_entity", "manager", "Barter"))


def test_corrected_deal_clears_the_problem_where_sales_sees_it() -> None:
    stage = deal()
    stage.hear(won(legal_entity=None))
    stage.take(AnnotateOpportunity)
    stage.hear(won(2))
    assert stage.problems == {}
    [note] = stage.take(AnnotateOpportunity)
    assert (note.engagement_status, note.problem) == ("Provisioning", "")


def test_person_supplies_the_missing_value() -> None:
    stage = deal()
    stage.hear(won(legal_entity=None))
    decision = stage.hear(Released(code="handover-incomplete", by="ann", values={"legal": "DE01"}))
    assert "'legal' is no hand-over value" in decision.outcome.note
    stage.hear(Released(code="handover-incomplete", by="ann", values={"legal_entity": "DE01"}))
    assert stage.problems == {}
    assert len(stage.take(EnsureCustomer)) == 1


@pytest.mark.parametrize(
    ("missing", "key"), [("customer", CUSTOMER.of("C-1")), ("card", RATE_CARD.of("RC-DE01"))]
)
def test_unknown_customer_or_rate_card_waits_for_it(missing: str, key: Any) -> None:
    stage = deal(rate_card() if missing == "customer" else customer())
    stage.hear(won())
    [problem] = stage.problems.values()
    assert problem.releases_on == (key,)
    stage.know(customer(), rate_card())
    stage.hear(Woken(fact=key))
    assert len(stage.take(EnsureCustomer)) == 1


def test_deal_without_a_client_is_held() -> None:
    stage = deal()
    stage.hear(won(customer=None))
    assert list(stage.problems) == ["customer-unknown"]


@pytest.mark.parametrize("step", [EnsureCustomer, CreateProject, ProvisionWorkspace])
def test_refused_step_is_held_in_the_vendors_words_and_tried_again_on_release(step: type) -> None:
    stage = deal()
    stage.hear(won())
    before = {CreateProject: [ensured()], ProvisionWorkspace: [ensured(), CREATED]}.get(step, [])
    for message in before:
        stage.hear(message)
    stage.take(step)
    stage.hear(refused(step, "400: Subsidiary is inactive"))
    assert "Subsidiary is inactive" in stage.problems["write-refused"].summary
    stage.hear(Released(code="write-refused", by="ann"))
    assert stage.problems == {}
    assert len(stage.take(step)) == 1


def test_deal_that_changes_under_way_is_a_conflict_and_changes_nothing() -> None:
    stage = deal()
    stage.hear(won())
    stage.take(EnsureCustomer)
    stage.hear(won(2, amount=euros(5)))
    assert list(stage.problems) == ["deal-changed"]
    assert stage.sent[1:] == []
    stage.hear(Released(code="deal-changed", by="ann"))
    assert stage.problems == {}


def test_late_change_of_the_deal_stays_open_while_the_steps_go_on() -> None:
    stage = deal()
    stage.hear(won())
    stage.hear(won(2, amount=euros(5)))
    for receipt in (ensured(), CREATED):
        stage.hear(receipt)
        assert list(stage.problems) == ["deal-changed"]
    stage.hear(refused(ProvisionWorkspace))
    assert set(stage.problems) == {"deal-changed", "write-refused"}
    stage.hear(Released(code="deal-changed", by="ann"))
    assert list(stage.problems) == ["write-refused"]
    stage.hear(Released(code="write-refused", by="ann"))
    assert stage.problems == {}


def test_fixed_fee_is_shared_out_to_the_last_cent() -> None:
    stage = deal()
    stage.hear(won(contract_type="Fixed Fee", amount=Money(amount=100_01, currency="EUR")))
    stage.hear(ensured())
    [command] = stage.take(CreateProject)
    assert [stone.amount.amount for stone in command.plan.milestones] == [33_00, 67_01]
    assert [due.milestone for due in command.plan.billing_schedule] == ["M1", "M2"]
    assert not any(task.billable for task in command.plan.tasks)


def test_time_and_materials_is_due_at_each_months_end() -> None:
    stage = deal()
    stage.hear(won())
    stage.hear(ensured())
    [command] = stage.take(CreateProject)
    days = [due.due for due in command.plan.billing_schedule]
    assert days == [date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31)]
    assert command.plan.budget_minutes == 500 * 60
