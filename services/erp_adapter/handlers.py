"""Which commands the ERP adapter carries out, how each is keyed, and what it answers and observes."""

from collections.abc import Mapping
from typing import Any

import msgspec

from contracts.customers.v1 import CustomerEnsured, EnsureCustomer
from contracts.invoices.v1 import DraftInvoice, InvoiceChanged, InvoiceDrafted, InvoicePosted, PostInvoice
from contracts.postings.v1 import PostTime, ReverseTime, TimePosted, TimeReversed
from contracts.projects.v1 import CreateProject, ProjectCreated, ProjectStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.types import ConnectionName, Money
from services.adapterkit.adapter import adapter_service
from services.adapterkit.carry import Carry

__all__ = ["CARRIES", "OBSERVES", "SERVICE"]

Reported = Mapping[str, Any]


def _money(value: object) -> Money:
    return msgspec.convert(value, Money)


def _ensured(command: EnsureCustomer, reported: Reported, connection: ConnectionName) -> CustomerEnsured:
    return CustomerEnsured(
        engagement=command.engagement, customer=command.customer.id, record=reported["record"],
        connection=connection,
    )  # fmt: skip


def _created(command: CreateProject, reported: Reported, connection: ConnectionName) -> ProjectCreated:
    return ProjectCreated(
        engagement=command.engagement,
        record=reported["record"],
        tasks=reported["tasks"],
        connection=connection,
    )


def _posted(command: PostTime, reported: Reported, connection: ConnectionName) -> TimePosted:
    amount = reported.get("amount")
    return TimePosted(
        entry=command.entry, revision=command.revision, engagement=command.engagement,
        record=reported["record"], minutes=command.minutes, posting_date=command.posting_date,
        amount=None if amount is None else _money(amount), connection=connection,
    )  # fmt: skip


def _reversed(command: ReverseTime, reported: Reported, connection: ConnectionName) -> TimeReversed:
    return TimeReversed(
        entry=command.entry, revision=command.revision, engagement=command.engagement, record=command.record,
        connection=connection,
    )  # fmt: skip


def _drafted(command: DraftInvoice, reported: Reported, connection: ConnectionName) -> InvoiceDrafted:
    return InvoiceDrafted(
        invoice=command.invoice, engagement=command.engagement, record=reported["record"],
        net=_money(reported["net"]), tax=_money(reported["tax"]), total=_money(reported["total"]),
        connection=connection,
    )  # fmt: skip


def _issued(command: PostInvoice, reported: Reported, connection: ConnectionName) -> InvoicePosted:
    return InvoicePosted(
        invoice=command.invoice, engagement=command.engagement, record=reported["record"],
        number=reported["number"], total=_money(reported["total"]), connection=connection,
    )  # fmt: skip


#: Lower priority goes first: what holds up a billing cut-off before what can wait.
CARRIES = (
    Carry(
        command=PostInvoice, verb="post_invoice", answers=InvoicePosted, receipt=_issued, priority=1,
        key=lambda command: command.invoice, lane=lambda command: command.engagement,
        reference=lambda command: command.invoice,
    ),
    Carry(
        command=DraftInvoice, verb="draft_invoice", answers=InvoiceDrafted, receipt=_drafted, priority=2,
        key=lambda command: command.invoice, lane=lambda command: command.engagement,
        reference=lambda command: command.invoice,
    ),
    Carry(
        command=ReverseTime, verb="reverse_time", answers=TimeReversed, receipt=_reversed, priority=3,
        key=lambda command: f"{command.entry}#{command.revision}", lane=lambda command: command.entry,
        reference=lambda command: f"{command.entry}#{command.revision}",
    ),
    Carry(
        command=PostTime, verb="post_time", answers=TimePosted, receipt=_posted, priority=4,
        key=lambda command: f"{command.entry}#{command.revision}", lane=lambda command: command.entry,
        reference=lambda command: f"{command.entry}#{command.revision}",
    ),
    Carry(
        command=CreateProject, verb="create_project", answers=ProjectCreated, receipt=_created,
        key=lambda command: command.engagement, lane=lambda command: command.engagement,
        reference=lambda command: command.engagement,
    ),
    Carry(
        command=EnsureCustomer, verb="ensure_customer", answers=CustomerEnsured, receipt=_ensured,
        key=lambda command: f"{command.customer.id}@{command.version}/{command.engagement}",
        lane=lambda command: command.customer.id, reference=lambda command: command.customer.id,
    ),
)  # fmt: skip

OBSERVES = (PeriodChanged, RateCardChanged, ProjectStatusChanged, InvoiceChanged)

#: As declared to the bus; a process makes its own with the name of its connection.
SERVICE = adapter_service("erp", CARRIES, OBSERVES, ConnectionName("erp"))
