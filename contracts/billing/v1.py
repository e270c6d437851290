"""Billing cycles: closed per legal entity and period, approved by a person, billed per engagement."""

from datetime import date

from ..base import Contract, published
from ..types import EngagementId, EntityCode, InvoiceId, Minutes, Money, Period

__all__ = ["ApproveInvoice", "BillEngagement", "CloseBillingCycle", "InvoiceProposed"]


@published("orchestrator.cmd.billing.close.v1", key="legal_entity")
class CloseBillingCycle(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="billing.close-billing-cycle.v1"
):
    """Bill everything of a legal entity that was worked through `through` (inclusive)."""

    legal_entity: EntityCode
    period: Period
    through: date
    requested_by: str


@published("orchestrator.cmd.engagement.bill.v1", key="engagement")
class BillEngagement(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="billing.bill-engagement.v1"
):
    """Aggregate what one engagement may bill in this cycle and have it drafted."""

    engagement: EngagementId
    legal_entity: EntityCode
    period: Period
    through: date


@published("orchestrator.evt.invoice.proposed.v1", key="engagement")
class InvoiceProposed(Contract, frozen=True, kw_only=True, tag="billing.invoice-proposed.v1"):
    """A draft waits for a person's approval."""

    invoice: InvoiceId
    engagement: EngagementId
    period: Period
    minutes: Minutes
    net: Money
    total: Money


@published("orchestrator.cmd.invoice.approve.v1", key="engagement")
class ApproveInvoice(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="billing.approve-invoice.v1"
):
    """A person approves the draft: the ERP is asked to post it."""

    invoice: InvoiceId
    engagement: EngagementId
    approved_by: str
