"""The engagement as the firm's systems are to see it."""

from ..base import Contract, published
from ..projects.v1 import Plan
from ..types import CustomerId, EngagementId, EntityCode, OpportunityId, RecordId, TaskCode

__all__ = ["EngagementReady"]


@published("orchestrator.evt.engagement.ready.v1", key="engagement")
class EngagementReady(Contract, frozen=True, kw_only=True, tag="engagements.engagement-ready.v1"):
    """Customer, project, tasks and workspace exist everywhere: work can be booked and billed."""

    engagement: EngagementId
    opportunity: OpportunityId
    opportunity_record: RecordId
    customer: CustomerId
    legal_entity: EntityCode
    plan: Plan
    customer_record: RecordId
    project_record: RecordId
    task_records: dict[TaskCode, RecordId]
