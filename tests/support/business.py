"""A small firm to decide about: one entity, one customer with a parent, one engagement."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from contracts.customers.v1 import Customer, CustomerChanged
from contracts.engagements.v1 import EngagementReady
from contracts.opportunities.v1 import Handover, OpportunityWon
from contracts.policies.v1 import EntityPolicy, MilestoneShare, Policy, ServicePackage
from contracts.projects.v1 import Milestone, Plan, ProjectStatusChanged, Task, TaskStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.timesheets.v1 import TimeApproved
from contracts.types import Money
from services.orchestrator.model import CUSTOMER, ENGAGEMENT, PERIOD, PROJECT_STATE, RATE_CARD, TASK_STATE

POLICY = Policy(
    firm="Northmark",
    contract_types={"Fixed Fee": "fixed-fee", "Time and Materials": "time-and-materials"},
    service_packages={
        "ERP": ServicePackage(
            name="ERP implementation", practice="Technology", tasks=("Design", "Build"),
            milestones=(MilestoneShare(name="Design", percent=33), MilestoneShare(name="Live", percent=67)),
        )
    },
    legal_entities={
        "DE01": EntityPolicy(name="Northmark GmbH", region="Europe", currency="EUR", time_zone="Europe/Berlin",
                             tax_profiles=("DE-UST19",), rate_cards=("RC-DE01",)),
    },
    labour_categories={"Senior consultant": "SENIOR"},
    budget_category="SENIOR",
    required_handover=("legal_entity", "contract_type", "service_package", "rate_card", "tax_profile", "amount",
                       "start", "end", "manager"),
    owners={"handover-incomplete": "sales operations", "rate-missing": "finance"},
    default_owner="integration",
)  # fmt: skip


def euros(amount: int) -> Money:
    return Money(amount=amount * 100, currency="EUR")


def customer(key: str = "C-1", *, parent: str | None = None, version: int = 1) -> Any:
    body = CustomerChanged(
        id=key, version=version, connection="salesforce", record=f"001{key}",
        customer=Customer(id=key, name=f"Client {key}", parent=parent, country="DE", currency="EUR"),
    )  # fmt: skip
    return CUSTOMER.fact(key, version=version, body=body)


def rate_card(*, version: int = 1, **rates: str) -> Any:
    rates = rates or {"SENIOR": "200"}
    body = RateCardChanged(
        rate_card="RC-DE01", version=version, currency="EUR", connection="netsuite",
        rates={category: Decimal(rate) for category, rate in rates.items()},
    )  # fmt: skip
    return RATE_CARD.fact("RC-DE01", version=version, body=body)


def period(month: int = 11, *, is_open: bool = True, version: int = 1) -> Any:
    body = PeriodChanged(
        legal_entity="DE01", period=f"2026-{month:02d}", version=version, start=date(2026, month, 1),
        end=date(2026, month, 28), open=is_open, connection="netsuite",
    )  # fmt: skip
    return PERIOD.fact("DE01", f"2026-{month:02d}", version=version, body=body)


def project_state(state: str, version: int = 1) -> Any:
    body = ProjectStatusChanged(engagement="E-D-1", version=version, state=state, connection="netsuite")  # type: ignore[arg-type]
    return PROJECT_STATE.fact("E-D-1", version=version, body=body)


def task_state(active: bool, task: str = "T1", version: int = 1) -> Any:
    body = TaskStatusChanged(
        engagement="E-D-1", task=task, version=version, active=active, connection="kantata"
    )
    return TASK_STATE.fact("E-D-1", task, version=version, body=body)


def won(revision: int = 1, *, customer: str | None = "C-1", **changes: Any) -> OpportunityWon:
    handover = Handover(
        legal_entity="DE01", contract_type="Time and Materials", service_package="ERP", rate_card="RC-DE01",
        tax_profile="DE-UST19", amount=euros(100_000), start=date(2026, 11, 1), end=date(2027, 1, 31),
        manager="EMP-1", team=("EMP-1", "EMP-2"), purchase_order="PO-1",
    )  # fmt: skip
    return OpportunityWon(
        opportunity="D-1", revision=revision, name="Client C-1: ERP", customer=customer,
        handover=msgspec.structs.replace(handover, **changes), connection="salesforce", record="006D1",
    )  # fmt: skip


def ready(contract_type: str = "time-and-materials") -> EngagementReady:
    milestones = (
        (
            Milestone(code="M1", name="Design", amount=euros(33_000)),
            Milestone(code="M2", name="Live", amount=euros(67_000)),
        )
        if contract_type == "fixed-fee"
        else ()
    )
    billable = contract_type == "time-and-materials"
    plan = Plan(
        code="P-D-1", name="Client C-1: ERP", customer="C-1", legal_entity="DE01", currency="EUR",
        contract_type=contract_type, service_package="ERP", rate_card="RC-DE01", tax_profile="DE-UST19",
        contract_value=euros(100_000), start=date(2026, 11, 1), end=date(2027, 1, 31), manager="EMP-1",
        team=("EMP-1", "EMP-2"), purchase_order="PO-1", milestones=milestones, budget_minutes=30_000,
        tasks=(Task(code="T1", name="Design", billable=billable), Task(code="T2", name="Build", billable=billable)),
        billing_schedule=(),
    )  # fmt: skip
    return EngagementReady(
        engagement="E-D-1", opportunity="D-1", opportunity_record="006D1", customer="C-1", legal_entity="DE01",
        plan=plan, customer_record="647", project_record="55", task_records={"T1": "301", "T2": "302"},
    )  # fmt: skip


def engagement(contract_type: str = "time-and-materials") -> Any:
    return ENGAGEMENT.fact("E-D-1", version=1, body=ready(contract_type))


def approved(
    revision: int = 1, *, minutes: int = 90, entry: str = "kantata:85", **changes: Any
) -> TimeApproved:
    event = TimeApproved(
        entry=entry, revision=revision, engagement="E-D-1", task="T1", worker="EMP-1",
        labour_category="Senior consultant", work_date=date(2026, 11, 5), minutes=minutes, billable=True,
        approver="EMP-2", connection="kantata", record="85",
    )  # fmt: skip
    return msgspec.structs.replace(event, **changes)
