"""States of the orchestrator's actors and the facts they decide on."""

from datetime import date
from typing import Literal

import msgspec

from bus.facts import FactKind
from contracts.customers.v1 import CustomerChanged
from contracts.engagements.v1 import EngagementReady
from contracts.invoices.v1 import BilledTime, DraftInvoice, InvoiceState
from contracts.opportunities.v1 import OpportunityWon
from contracts.projects.v1 import Plan, ProjectStatusChanged, TaskStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.timesheets.v1 import TimeApproved
from contracts.types import (
    CustomerId,
    EngagementId,
    EntryId,
    InvoiceId,
    MilestoneCode,
    Minutes,
    Money,
    Period,
    RecordId,
    TaskCode,
)  # fmt: skip

__all__ = [
    "BILLED", "CUSTOMER", "ENGAGEMENT", "FACT_KINDS", "PERIOD", "PROJECT_STATE", "RATE_CARD", "TASK_STATE",
    "UNBILLED", "Billing", "BillingBook", "Engagement", "Entry", "Invoice", "Posting", "Refusal", "Unbilled",
]  # fmt: skip


class Unbilled(msgspec.Struct, frozen=True, kw_only=True):
    """A posting that no invoice carries yet."""

    time: BilledTime
    work_date: date


#: Master data, from the systems that own it.
CUSTOMER = FactKind("customer", CustomerChanged)
RATE_CARD = FactKind("rate-card", RateCardChanged)
PERIOD = FactKind("period", PeriodChanged)
PROJECT_STATE = FactKind("project-state", ProjectStatusChanged)
TASK_STATE = FactKind("task-state", TaskStatusChanged)
#: What the orchestrator itself established.
ENGAGEMENT = FactKind("engagement", EngagementReady)
UNBILLED = FactKind("unbilled", Unbilled)
BILLED = FactKind("billed", str)

FACT_KINDS = (CUSTOMER, RATE_CARD, PERIOD, PROJECT_STATE, TASK_STATE, ENGAGEMENT, UNBILLED, BILLED)

Stage = Literal["new", "held", "customer", "project", "workspace", "ready"]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor said no, in its own words."""

    command: str
    category: str
    why: str


class Engagement(msgspec.Struct, frozen=True, kw_only=True):
    """A won deal on its way into every system. `stage` names what is waited for next.

    `ancestors` are the customer's parents, nearest first; `ensured` the customers that the ERP holds.
    `amended` are hand-over values that a person supplied; `changed` is a revision of the deal that came too
    late.
    """

    stage: Stage = "new"
    won: OpportunityWon | None = None
    amended: dict[str, str] = {}
    ancestors: tuple[CustomerId, ...] = ()
    ensured: tuple[CustomerId, ...] = ()
    plan: Plan | None = None
    customer_record: RecordId | None = None
    project_record: RecordId | None = None
    task_records: dict[TaskCode, RecordId] = {}
    changed: int | None = None
    refusal: Refusal | None = None
    annotations: int = 0


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One revision as the ERP carries it."""

    revision: int
    record: RecordId
    minutes: Minutes


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A time entry: what was approved last, what the ERP carries, what is under way between the two.

    `seen` is the newest revision known; `approved` is None when that revision was a withdrawal. `posting_date` is
    set where a person chose one, `booked_on` is the work date of what the ERP carries. `accepted` is a revision that
    a person decided not to carry over, because an invoice has gone out.
    """

    entry: EntryId | None = None
    seen: int = 0
    approved: TimeApproved | None = None
    engagement: EngagementId | None = None
    posting: Posting | None = None
    posting_date: date | None = None
    accepted: int = 0
    booked_on: date | None = None
    under_way: Literal["post", "reverse"] | None = None
    refusal: Refusal | None = None
    annotations: int = 0
    told: str = ""


class Invoice(msgspec.Struct, frozen=True, kw_only=True):
    """One invoice of an engagement, as far as it got.

    `draft` is what was asked for, kept until the ERP holds it; `version` is the newest change of the ERP's taken in.
    """

    id: InvoiceId
    period: Period
    minutes: Minutes
    expected: Money
    stage: Literal["drafting", "proposed", "posting", "posted", "paid"] = "drafting"
    milestones: tuple[MilestoneCode, ...] = ()
    draft: DraftInvoice | None = None
    approved_by: str | None = None
    record: RecordId | None = None
    net: Money | None = None
    total: Money | None = None
    paid: Money | None = None
    state: InvoiceState = "draft"
    version: int = 0
    number: str | None = None


class Billing(msgspec.Struct, frozen=True, kw_only=True):
    """What an engagement billed and may bill."""

    ready: EngagementReady | None = None
    completed: tuple[MilestoneCode, ...] = ()
    billed_milestones: tuple[MilestoneCode, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    refusal: Refusal | None = None
    annotations: int = 0


class BillingBook(msgspec.Struct, frozen=True, kw_only=True):
    """The engagements of one legal entity."""

    engagements: tuple[EngagementId, ...] = ()
