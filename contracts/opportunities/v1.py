"""Opportunities: mastered in the CRM, which is also told how their engagements fare."""

from datetime import date
from typing import Literal

from ..base import Contract, published
from ..types import ConnectionName, CustomerId, Money, OpportunityId, RecordId, Value, WorkerId

__all__ = ["AnnotateOpportunity", "Handover", "OpportunityAnnotated", "OpportunityWon"]


class Handover(Value, frozen=True, kw_only=True):
    """What sales hands to delivery and finance, in the CRM's own words: policy maps them, a gap is an exception."""

    legal_entity: str | None = None
    contract_type: str | None = None
    service_package: str | None = None
    rate_card: str | None = None
    tax_profile: str | None = None
    amount: Money | None = None
    start: date | None = None
    end: date | None = None
    manager: WorkerId | None = None
    team: tuple[WorkerId, ...] = ()
    purchase_order: str | None = None


@published("crm.evt.opportunity.won.v1", key="opportunity")
class OpportunityWon(Contract, frozen=True, kw_only=True, tag="opportunities.opportunity-won.v1"):
    """An opportunity is closed-won, or a won one changed. `revision` counts the changes, from 1."""

    opportunity: OpportunityId
    revision: int
    name: str
    customer: CustomerId | None
    handover: Handover
    connection: ConnectionName
    record: RecordId


@published("crm.cmd.opportunity.annotate.v1", key="opportunity")
class AnnotateOpportunity(
    Contract,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="opportunities.annotate-opportunity.v1",
):
    """Show sales how the engagement fares. `revision` orders the annotations of one topic, from 1.

    A field that is None is left as it is; an empty `problem` clears it.
    """

    opportunity: OpportunityId
    topic: Literal["delivery", "billing"]
    revision: int
    record: RecordId
    engagement_status: str | None = None
    project_code: str | None = None
    billing_status: str | None = None
    invoiced: Money | None = None
    paid: Money | None = None
    problem: str | None = None


@published("crm.evt.opportunity.annotated.v1", key="opportunity")
class OpportunityAnnotated(Contract, frozen=True, kw_only=True, tag="opportunities.opportunity-annotated.v1"):
    """The CRM shows the annotation of that revision."""

    opportunity: OpportunityId
    topic: Literal["delivery", "billing"]
    revision: int
    connection: ConnectionName
