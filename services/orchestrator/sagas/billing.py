"""A billing cycle becomes one draft per engagement; approved by a person, posted by the ERP, followed to its payment.

An invoice carries exactly the postings and milestones that this saga names; what it names is marked as billed in the
same commit, so no posting is ever on two invoices.
"""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from bus.actor import Actor, Message, On, Released
from bus.decision import Decision, Done, Later, Problem, Rejected
from bus.facts import Fact, Facts, Need
from contracts import Contract
from contracts.billing.v1 import ApproveInvoice, BillEngagement, InvoiceProposed
from contracts.engagements.v1 import EngagementReady
from contracts.exceptions.v1 import HeldUp
from contracts.invoices.v1 import (
    BilledMilestone,
    DraftInvoice,
    InvoiceChanged,
    InvoiceDrafted,
    InvoicePosted,
    PostInvoice,
)  # fmt: skip
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.policies.v1 import Policy
from contracts.timesheets.v1 import MilestoneCompleted
from contracts.types import InvoiceId, Money
from contracts.writes.v1 import WriteRefused

from ..model import BILLED, UNBILLED, Billing, Invoice, Refusal, Unbilled
from ..problems import problem, refused

__all__ = ["ACTOR"]

_COMMANDS = {DraftInvoice.wire_name(): "Drafting the invoice", PostInvoice.wire_name(): "Posting the invoice"}
#: A message carries at most this many postings; the rest goes on the next invoice.
MOST_POSTINGS = 2_000


def _unbilled(state: Billing, body: BillEngagement, facts: Facts) -> Iterable[Need]:
    yield UNBILLED.within(body.engagement)


def on_ready(
    state: Billing, message: Message[EngagementReady], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """The engagement can be billed from now on."""
    return Decision(state=msgspec.structs.replace(state, ready=message.body), outcome=Done("may be billed"))


def on_milestone(
    state: Billing, message: Message[MilestoneCompleted], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """A milestone is complete: it goes on the next invoice, once."""
    code = message.body.milestone
    if code in state.completed or code in state.billed_milestones:
        return Decision(outcome=Rejected(f"milestone {code} is known to be complete"))
    return Decision(
        state=msgspec.structs.replace(state, completed=(*state.completed, code)),
        outcome=Done(f"{code} may be billed"),
    )


def on_bill(
    state: Billing, message: Message[BillEngagement], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """Aggregate what is billable and have it drafted; one invoice of an engagement is under way at a time."""
    body, ready = message.body, state.ready
    if ready is None:
        return Decision(outcome=Later(timedelta(seconds=5), "the engagement is not ready"))
    if (open_one := _under_way(state)) is not None:
        return Decision(outcome=Later(timedelta(seconds=30), f"{open_one.id} is {open_one.stage}"))
    postings = [row for row in facts.all(UNBILLED, body.engagement) if row.work_date <= body.through]
    postings = sorted(postings, key=lambda row: (row.work_date, row.time.entry))[:MOST_POSTINGS]
    milestones = [stone for stone in ready.plan.milestones if stone.code in state.completed]
    if not postings and not milestones:
        return Decision(outcome=Done("nothing to bill"))
    number = InvoiceId(f"INV-{body.engagement}-{body.period}-{len(state.invoices) + 1}")
    expected = _expected(postings, [stone.amount for stone in milestones], ready.plan.currency)
    draft = DraftInvoice(
        invoice=number, engagement=body.engagement, project_record=ready.project_record, customer=ready.customer,
        customer_record=ready.customer_record, legal_entity=ready.legal_entity, currency=ready.plan.currency,
        period=body.period, invoice_date=body.through, time=tuple(row.time for row in postings),
        milestones=tuple(
            BilledMilestone(milestone=stone.code, description=stone.name, amount=stone.amount) for stone in milestones
        ),
        purchase_order=ready.plan.purchase_order,
    )  # fmt: skip
    invoice = Invoice(
        id=number, period=body.period, minutes=sum(row.time.minutes for row in postings), expected=expected,
        milestones=tuple(stone.code for stone in milestones), draft=draft,
    )  # fmt: skip
    taken = tuple(stone.code for stone in milestones)
    after = msgspec.structs.replace(
        state, invoices=(*state.invoices, invoice), refusal=None,
        completed=tuple(code for code in state.completed if code not in taken),
        billed_milestones=(*state.billed_milestones, *taken),
    )  # fmt: skip
    return Decision(
        state=after, send=(draft,), problems=(), facts=_marked(postings, number, body.engagement),
        outcome=Done(f"asked to draft {number} over {len(postings)} postings"),
    )  # fmt: skip


def _marked(postings: list[Unbilled], invoice: InvoiceId, engagement: str) -> tuple[Fact, ...]:
    return tuple(
        fact
        for row in postings
        for fact in (
            UNBILLED.fact(row.time.entry, version=row.time.revision, body=None, group=engagement),
            BILLED.fact(row.time.entry, version=row.time.revision, body=str(invoice)),
        )
    )


def _expected(postings: list[Unbilled], fixed: list[Money], currency: str) -> Money:
    amounts = [row.time.expected for row in postings if row.time.expected is not None] + fixed
    return sum(amounts, start=Money(amount=0, currency=currency))


def _under_way(state: Billing) -> Invoice | None:
    return next(
        (invoice for invoice in state.invoices if invoice.stage in ("drafting", "proposed", "posting")), None
    )


def on_drafted(
    state: Billing, message: Message[InvoiceDrafted], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """The ERP priced and taxed the draft: compare, then a person approves."""
    body = message.body
    known = _find(state, body.invoice)
    if known is None or known.stage != "drafting":
        return Decision(outcome=Rejected("no draft is waited for"))
    drafted = msgspec.structs.replace(
        known, stage="proposed", record=body.record, net=body.net, total=body.total, draft=None
    )
    after = _with(msgspec.structs.replace(state, refusal=None), drafted)
    proposed = InvoiceProposed(
        invoice=body.invoice, engagement=body.engagement, period=known.period, minutes=known.minutes, net=body.net,
        total=body.total,
    )  # fmt: skip
    if body.net == known.expected and not policy.approve_invoices:
        decision = _post(after, drafted, "policy")
        return Decision(
            state=decision.state, send=(proposed, *decision.send), problems=(), outcome=decision.outcome
        )
    return Decision(
        state=after,
        send=(proposed,),
        problems=(_approval(after, drafted, policy),),
        outcome=Done("waits for approval"),
    )


def _approval(state: Billing, invoice: Invoice, policy: Policy) -> Problem:
    """A draft waits for a person: as a difference where the ERP's figure is not the expected one."""
    assert invoice.net is not None and invoice.total is not None
    if invoice.net != invoice.expected:
        return problem(
            policy, "price-differs",
            f"{invoice.id}: the ERP priced {_words(invoice.net)}, expected were {_words(invoice.expected)}.",
            fix="Compare rate card and contract in the ERP. Release to accept the ERP's figure and post.",
            held_up=_held_up(state, invoice), category="conflict",
        )  # fmt: skip
    return problem(
        policy, "approval-needed", f"{invoice.id} over {_words(invoice.total)} waits for approval.",
        fix="Look at the draft in the ERP. Release to approve and post it.",
        held_up=_held_up(state, invoice), category="policy",
    )  # fmt: skip


def on_approved(
    state: Billing, message: Message[ApproveInvoice], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """A person approved the draft."""
    known = _find(state, message.body.invoice)
    if known is None or known.stage != "proposed":
        return Decision(outcome=Rejected("no draft of that id waits for approval"))
    return _post(state, known, message.body.approved_by)


def _post(state: Billing, invoice: Invoice, by: str) -> Decision[Billing]:
    assert invoice.record is not None and state.ready is not None
    command = PostInvoice(
        invoice=invoice.id, engagement=state.ready.engagement, record=invoice.record, approved_by=by
    )
    after = _with(state, msgspec.structs.replace(invoice, stage="posting", approved_by=by))
    return Decision(state=after, send=(command,), problems=(), outcome=Done(f"approved by {by}"))


def on_posted(
    state: Billing, message: Message[InvoicePosted], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """The invoice is the client's; sales sees it in the CRM."""
    body = message.body
    known = _find(state, body.invoice)
    if known is None or known.stage != "posting":
        return Decision(outcome=Rejected("no posting is waited for"))
    paid = known.state == "paid"
    posted = msgspec.structs.replace(
        known, stage="paid" if paid else "posted", number=body.number, total=body.total,
        state="paid" if paid else "open",
    )  # fmt: skip
    after = _with(msgspec.structs.replace(state, refusal=None), posted)
    status = "Paid" if paid else f"Invoiced {body.number}"
    return _annotated(after, status, Done(f"posted as {body.number}"), problems=())


def on_changed(
    state: Billing, message: Message[InvoiceChanged], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """The ERP's invoice changed, by a payment for one: sales sees it in the CRM once the invoice is posted.

    A draft changes too, while it waits for approval: that leaves what is open as it is.
    """
    body = message.body
    known = _find(state, body.invoice)
    if known is None or body.version <= known.version:
        return Decision(outcome=Rejected("not an invoice of ours, or known"))
    issued = known.stage in ("posted", "paid")
    stage = "paid" if issued and body.state == "paid" else known.stage
    changed = msgspec.structs.replace(
        known, version=body.version, state=body.state, paid=body.paid, stage=stage
    )
    after = _with(state, changed)
    if not issued or (known.paid, known.state) == (body.paid, body.state):
        return Decision(state=after, outcome=Done("nothing that sales needs to know"))
    status = "Paid" if stage == "paid" else f"Invoice {body.state}"
    return _annotated(after, status, Done(f"{body.state}, {_words(body.paid)} paid"), problems=None)


def on_refused(
    state: Billing, message: Message[WriteRefused], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """The ERP refused to draft or post: hold with its words."""
    body = message.body
    known = _find(state, body.reference)
    if known is None:
        return Decision(outcome=Rejected("not an invoice of ours"))
    refusal = Refusal(command=_COMMANDS[body.command], category=body.category, why=body.why)
    why = refused(policy, refusal, _held_up(state, known))
    return Decision(
        state=msgspec.structs.replace(state, refusal=refusal), problems=(why,), outcome=Done(why.summary)
    )


def on_released(
    state: Billing, message: Message[Released], facts: Facts, policy: Policy
) -> Decision[Billing]:
    """A person approves the draft, or asks to try a refused step again."""
    known = _under_way(state)
    if known is None:
        return Decision(problems=(), outcome=Done("nothing is under way"))
    again = msgspec.structs.replace(state, refusal=None)
    if known.stage == "proposed":
        return _post(again, known, message.body.by)
    if known.stage == "posting":
        return _post(again, known, known.approved_by or message.body.by)
    assert known.draft is not None
    return Decision(
        state=again, send=(known.draft,), problems=(), outcome=Done(f"tried again for {message.body.by}")
    )


def _find(state: Billing, invoice: str) -> Invoice | None:
    return next((known for known in state.invoices if known.id == invoice), None)


def _with(state: Billing, changed: Invoice) -> Billing:
    invoices = tuple(changed if known.id == changed.id else known for known in state.invoices)
    return msgspec.structs.replace(state, invoices=invoices)


def _annotated(
    state: Billing, status: str, outcome: Done, *, problems: tuple[Problem, ...] | None
) -> Decision[Billing]:
    """The CRM shows the billing status with what is invoiced and paid so far."""
    ready = state.ready
    assert ready is not None
    nothing = Money(amount=0, currency=ready.plan.currency)
    issued = [known for known in state.invoices if known.stage in ("posted", "paid")]
    note: Contract = AnnotateOpportunity(
        opportunity=ready.opportunity, topic="billing", revision=state.annotations + 1,
        record=ready.opportunity_record, billing_status=status,
        invoiced=sum((known.total for known in issued if known.total), start=nothing),
        paid=sum((known.paid for known in issued if known.paid), start=nothing),
    )  # fmt: skip
    told = msgspec.structs.replace(state, annotations=state.annotations + 1)
    return Decision(state=told, send=(note,), problems=problems, outcome=outcome)


def _words(money: Money) -> str:
    return f"{money.amount} {money.currency} (minor units)"


def _held_up(state: Billing, invoice: Invoice) -> HeldUp:
    assert state.ready is not None
    return HeldUp(
        reference=invoice.id, engagement=state.ready.engagement, customer=state.ready.customer,
        minutes=min(invoice.minutes, 100_000), amount=invoice.total or invoice.expected,
    )  # fmt: skip


ACTOR: Actor[Billing] = Actor(
    kind="billing",
    state=Billing,
    on=(
        On(message=EngagementReady, decide=on_ready),
        On(message=MilestoneCompleted, decide=on_milestone),
        On(message=BillEngagement, needs=_unbilled, decide=on_bill),
        On(message=InvoiceDrafted, decide=on_drafted),
        On(message=ApproveInvoice, decide=on_approved),
        On(message=InvoicePosted, decide=on_posted),
        On(message=InvoiceChanged, decide=on_changed),
        On(
            message=WriteRefused,
            key=lambda no: no.key if no.command in _COMMANDS else None,
            decide=on_refused,
        ),
        On(message=Released, decide=on_released),
    ),
)
