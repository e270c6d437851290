"""Invoices: drafted, priced, taxed and posted by the ERP; asked for and followed by us."""

from datetime import date
from typing import Literal

from ..base import Contract, published
from ..types import (
    ConnectionName,
    CurrencyCode,
    CustomerId,
    EngagementId,
    EntityCode,
    EntryId,
    InvoiceId,
    MilestoneCode,
    Minutes,
    Money,
    Period,
    RecordId,
    Value,
)  # fmt: skip

__all__ = [
    "BilledMilestone", "BilledTime", "DraftInvoice", "InvoiceChanged", "InvoiceDrafted", "InvoicePosted",
    "InvoiceState", "PostInvoice",
]  # fmt: skip

InvoiceState = Literal["draft", "open", "paid", "void"]


class BilledTime(Value, frozen=True, kw_only=True):
    """One posted revision that goes on the invoice."""

    entry: EntryId
    revision: int
    record: RecordId
    minutes: Minutes
    expected: Money | None = None


class BilledMilestone(Value, frozen=True, kw_only=True):
    """One completed milestone that goes on the invoice."""

    milestone: MilestoneCode
    description: str
    amount: Money


@published("erp.cmd.invoice.draft.v1", key="engagement")
class DraftInvoice(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="invoices.draft-invoice.v1"
):
    """Draft one invoice over exactly these postings and milestones."""

    invoice: InvoiceId
    engagement: EngagementId
    project_record: RecordId
    customer: CustomerId
    customer_record: RecordId
    legal_entity: EntityCode
    currency: CurrencyCode
    period: Period
    invoice_date: date
    time: tuple[BilledTime, ...]
    milestones: tuple[BilledMilestone, ...]
    purchase_order: str | None = None


@published("erp.evt.invoice.drafted.v1", key="engagement")
class InvoiceDrafted(Contract, frozen=True, kw_only=True, tag="invoices.invoice-drafted.v1"):
    """The ERP holds the draft; the figures are the ERP's."""

    invoice: InvoiceId
    engagement: EngagementId
    record: RecordId
    net: Money
    tax: Money
    total: Money
    connection: ConnectionName


@published("erp.cmd.invoice.post.v1", key="engagement")
class PostInvoice(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="invoices.post-invoice.v1"
):
    """Approve and post the draft: from here on it is the client's."""

    invoice: InvoiceId
    engagement: EngagementId
    record: RecordId
    approved_by: str


@published("erp.evt.invoice.posted.v1", key="engagement")
class InvoicePosted(Contract, frozen=True, kw_only=True, tag="invoices.invoice-posted.v1"):
    """The invoice is posted under `number`."""

    invoice: InvoiceId
    engagement: EngagementId
    record: RecordId
    number: str
    total: Money
    connection: ConnectionName


@published("erp.evt.invoice.changed.v1", key="engagement")
class InvoiceChanged(Contract, frozen=True, kw_only=True, tag="invoices.invoice-changed.v1"):
    """The ERP's record of an invoice of ours changed, by a payment for one. `version` grows with every change."""

    invoice: InvoiceId
    engagement: EngagementId
    version: int
    record: RecordId
    state: InvoiceState
    total: Money
    paid: Money
    connection: ConnectionName
