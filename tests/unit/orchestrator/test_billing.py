"""A billing cycle becomes one draft per engagement, approved by a person, followed to its payment."""

from datetime import date
from typing import Any

import msgspec

from bus.actor import Released
from bus.decision import Later, Rejected
from contracts.billing.v1 import ApproveInvoice, BillEngagement, CloseBillingCycle, InvoiceProposed
from contracts.invoices.v1 import (
    BilledTime,
    DraftInvoice,
    InvoiceChanged,
    InvoiceDrafted,
    InvoicePosted,
    PostInvoice,
)
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.timesheets.v1 import MilestoneCompleted
from contracts.types import Money
from contracts.writes.v1 import WriteRefused
from services.orchestrator.model import BILLED, UNBILLED, Unbilled
from services.orchestrator.sagas import billing_book
from services.orchestrator.sagas.billing import ACTOR
from tests.support.actors import Stage
from tests.support.business import POLICY, euros, ready

BILL = BillEngagement(engagement="E-D-1", legal_entity="DE01", period="2026-11", through=date(2026, 11, 30))
INVOICE = "INV-E-D-1-2026-11-1"


def unbilled(number: int, *, day: int = 5, euros_worth: int = 300) -> Any:
    entry = f"kantata:{number}"
    time = BilledTime(entry=entry, revision=1, record=f"tb-{number}", minutes=90, expected=euros(euros_worth))
    return UNBILLED.fact(
        entry, version=1, body=Unbilled(time=time, work_date=date(2026, 11, day)), group="E-D-1"
    )


def engagement(*facts: Any, contract_type: str = "time-and-materials", policy: Any = POLICY) -> Stage[Any]:
    stage: Stage[Any] = Stage(ACTOR, policy, *facts)
    stage.hear(ready(contract_type))
    return stage


def drafted(net: int, tax: int = 0) -> InvoiceDrafted:
    return InvoiceDrafted(
        invoice=INVOICE, engagement="E-D-1", record="901", net=euros(net), tax=euros(tax), total=euros(net + tax),
        connection="netsuite",
    )  # fmt: skip


def posted(total: int) -> InvoicePosted:
    return InvoicePosted(
        invoice=INVOICE, engagement="E-D-1", record="901", number="INV000001", total=euros(total),
        connection="netsuite",
    )  # fmt: skip


def changed(version: int, state: str, paid: int, total: int = 600) -> InvoiceChanged:
    return InvoiceChanged(
        invoice=INVOICE, engagement="E-D-1", version=version, record="901", state=state,  # type: ignore[arg-type]
        total=euros(total), paid=euros(paid), connection="netsuite",
    )  # fmt: skip


def test_cycle_drafts_exactly_what_was_worked_through_its_day_and_marks_it() -> None:
    stage = engagement(unbilled(1), unbilled(2), unbilled(3, day=30))
    stage.hear(msgspec.structs.replace(BILL, through=date(2026, 11, 29)))
    [draft] = stage.take(DraftInvoice)
    assert [row.entry for row in draft.time] == ["kantata:1", "kantata:2"]
    assert draft.invoice == INVOICE
    assert stage.fact(UNBILLED.of("kantata:1")) is None
    assert stage.fact(BILLED.of("kantata:1")) == INVOICE
    assert stage.fact(UNBILLED.of("kantata:3")) is not None


def test_posting_is_on_one_invoice_only() -> None:
    stage = engagement(unbilled(1))
    stage.hear(BILL)
    assert isinstance(stage.hear(BILL).outcome, Later)
    for message in (drafted(300), Released(code="approval-needed", by="ann"), posted(300)):
        stage.hear(message)
    assert stage.hear(BILL).outcome.note == "nothing to bill"
    assert len(stage.take(DraftInvoice)) == 1


def test_draft_waits_for_a_person_and_is_posted_under_their_name() -> None:
    stage = engagement(unbilled(1), unbilled(2))
    stage.hear(BILL)
    stage.hear(drafted(600, tax=114))
    [proposed] = stage.take(InvoiceProposed)
    assert (proposed.minutes, proposed.total) == (180, euros(714))
    assert list(stage.problems) == ["approval-needed"]
    assert stage.take(PostInvoice) == []
    stage.hear(Released(code="approval-needed", by="ann"))
    [command] = stage.take(PostInvoice)
    assert (command.record, command.approved_by) == ("901", "ann")
    assert stage.problems == {}


def test_change_of_the_draft_in_the_erp_does_not_take_the_approval_away() -> None:
    stage = engagement(unbilled(1), unbilled(2))
    stage.hear(BILL)
    stage.hear(drafted(600))
    stage.hear(changed(1, "draft", 0))
    assert list(stage.problems) == ["approval-needed"]
    assert stage.take(AnnotateOpportunity) == []


def test_figure_of_the_erp_that_differs_is_a_question_even_where_nobody_approves() -> None:
    policy = msgspec.structs.replace(POLICY, approve_invoices=False)
    stage = engagement(unbilled(1), policy=policy)
    stage.hear(BILL)
    stage.hear(drafted(301))
    assert list(stage.problems) == ["price-differs"]
    assert stage.take(PostInvoice) == []
    agreed = engagement(unbilled(1), policy=policy)
    agreed.hear(BILL)
    agreed.hear(drafted(300))
    assert len(agreed.take(PostInvoice)) == 1


def test_command_to_approve_does_what_a_release_does() -> None:
    stage = engagement(unbilled(1))
    stage.hear(BILL)
    stage.hear(drafted(300))
    stage.hear(ApproveInvoice(invoice=INVOICE, engagement="E-D-1", approved_by="ben"))
    assert [command.approved_by for command in stage.take(PostInvoice)] == ["ben"]
    again = stage.hear(ApproveInvoice(invoice=INVOICE, engagement="E-D-1", approved_by="ben"))
    assert isinstance(again.outcome, Rejected)


def test_payment_shows_in_the_crm_with_sums_so_far() -> None:
    stage = engagement(unbilled(1), unbilled(2))
    for message in (BILL, drafted(600), Released(code="approval-needed", by="ann"), posted(600)):
        stage.hear(message)
    stage.hear(changed(1, "open", 200))
    stage.hear(changed(2, "paid", 600))
    stage.hear(changed(2, "paid", 600))
    notes = stage.take(AnnotateOpportunity)
    assert [(note.billing_status, note.invoiced, note.paid) for note in notes] == [
        ("Invoiced INV000001", euros(600), Money(amount=0, currency="EUR")),
        ("Invoice open", euros(600), euros(200)),
        ("Paid", euros(600), euros(600)),
    ]
    assert [note.revision for note in notes] == [1, 2, 3]


def test_payment_that_is_seen_before_the_receipt_of_the_posting_is_not_lost() -> None:
    stage = engagement(unbilled(1), unbilled(2))
    for message in (
        BILL,
        drafted(600),
        Released(code="approval-needed", by="ann"),
        changed(5, "paid", 600),
        posted(600),
    ):
        stage.hear(message)
    [note] = stage.take(AnnotateOpportunity)
    assert (note.billing_status, note.paid) == ("Paid", euros(600))


def test_milestone_is_billed_once_with_its_own_amount() -> None:
    stage = engagement(contract_type="fixed-fee")
    done = MilestoneCompleted(
        engagement="E-D-1", milestone="M1", completed_on=date(2026, 11, 9), connection="kantata"
    )
    stage.hear(done)
    stage.hear(BILL)
    [draft] = stage.take(DraftInvoice)
    assert [(stone.milestone, stone.amount) for stone in draft.milestones] == [("M1", euros(33_000))]
    stage.hear(drafted(33_000))
    assert list(stage.problems) == ["approval-needed"]
    assert isinstance(stage.hear(done).outcome, Rejected)


def test_refused_draft_is_asked_for_again_unchanged() -> None:
    stage = engagement(unbilled(1))
    stage.hear(BILL)
    [draft] = stage.take(DraftInvoice)
    stage.hear(
        WriteRefused(
            service="erp", key="E-D-1", command=DraftInvoice.wire_name(), reference=INVOICE, category="policy",
            why="400: period closed", connection="netsuite",
        )
    )  # fmt: skip
    assert "period closed" in stage.problems["write-refused"].summary
    stage.hear(Released(code="write-refused", by="ann"))
    assert stage.take(DraftInvoice) == [draft]


def test_close_of_an_entity_asks_each_of_its_engagements_once() -> None:
    book: Stage[Any] = Stage(billing_book.ACTOR, POLICY)
    book.hear(ready())
    book.hear(ready())
    book.hear(
        CloseBillingCycle(
            legal_entity="DE01", period="2026-11", through=date(2026, 11, 30), requested_by="ann"
        )
    )
    assert [bill.engagement for bill in book.take(BillEngagement)] == ["E-D-1"]
