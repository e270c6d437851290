"""What the orchestrator handles, reads as facts and publishes: its table of contents."""

from bus.actor import Service
from contracts.billing.v1 import BillEngagement, InvoiceProposed
from contracts.customers.v1 import CustomerChanged, EnsureCustomer
from contracts.engagements.v1 import EngagementReady
from contracts.invoices.v1 import DraftInvoice, PostInvoice
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.postings.v1 import PostTime, ReverseTime
from contracts.projects.v1 import CreateProject, ProjectStatusChanged, ProvisionWorkspace, TaskStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.timesheets.v1 import AnnotateTime
from contracts.types import period_of

from .model import CUSTOMER, FACT_KINDS, PERIOD, PROJECT_STATE, RATE_CARD, TASK_STATE
from .sagas import activation, billing, billing_book, notices, time_posting

__all__ = ["SERVICE"]

SERVICE = Service(
    name="orchestrator",
    needs_policy=True,
    actors=(activation.ACTOR, time_posting.ACTOR, billing.ACTOR, billing_book.ACTOR, notices.ACTOR),
    fact_kinds=FACT_KINDS,
    facts_from={
        CustomerChanged: lambda event: [CUSTOMER.fact(event.id, version=event.version, body=event)],
        RateCardChanged: lambda event: [RATE_CARD.fact(event.rate_card, version=event.version, body=event)],
        PeriodChanged: lambda event: [
            PERIOD.fact(event.legal_entity, period_of(event.start), version=event.version, body=event)
        ],
        ProjectStatusChanged: lambda event: [
            PROJECT_STATE.fact(event.engagement, version=event.version, body=event)
        ],
        TaskStatusChanged: lambda event: [
            TASK_STATE.fact(event.engagement, event.task, version=event.version, body=event)
        ],
    },
    writes=(
        EnsureCustomer, CreateProject, PostTime, ReverseTime, DraftInvoice, PostInvoice,
        ProvisionWorkspace, AnnotateTime, AnnotateOpportunity,
        EngagementReady, InvoiceProposed, BillEngagement,
    ),
    reads_of=("crm", "erp", "time"),
)  # fmt: skip
