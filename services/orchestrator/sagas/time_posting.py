"""Approved time becomes exactly one ERP posting, or exactly one exception.

The saga compares what was approved last with what the ERP carries and asks for the next step between the two:
nothing, a posting, or the reversal of the old revision and then a posting. One step is under way at a time, so any
order of approvals, withdrawals and receipts ends the same.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from bus.actor import Actor, Message, On, Released, Woken
from bus.decision import Decision, Done, Problem, Rejected
from bus.facts import Fact, Facts, Need
from contracts import Contract
from contracts.exceptions.v1 import HeldUp
from contracts.invoices.v1 import BilledTime
from contracts.policies.v1 import Policy
from contracts.postings.v1 import PostTime, ReverseTime, TimePosted, TimeReversed
from contracts.timesheets.v1 import AnnotateTime, TimeApproved, TimeStanding, TimeWithdrawn
from contracts.types import EntryId
from contracts.writes.v1 import WriteRefused

from ..model import BILLED, ENGAGEMENT, UNBILLED, Entry, Posting, Refusal, Unbilled
from ..problems import problem, refused
from ..validation import assess, expected_value, needs_of

__all__ = ["ACTOR"]

_COMMANDS = {PostTime.wire_name(): "Posting the time", ReverseTime.wire_name(): "Reversing the posting"}


def _needs(state: Entry, body: object, facts: Facts) -> Iterable[Need]:
    approved = body if isinstance(body, TimeApproved) else state.approved
    if approved is not None:
        yield from needs_of(approved, facts)
    entry = approved.entry if approved is not None else state.entry
    if entry is not None:
        yield BILLED.of(entry)


def on_approved(
    state: Entry, message: Message[TimeApproved], facts: Facts, policy: Policy
) -> Decision[Entry]:
    """A revision was approved: from here on it is what the ERP shall carry."""
    event = message.body
    if event.revision <= state.seen:
        return Decision(outcome=Rejected(f"revision {event.revision} is known or overtaken"))
    newest = msgspec.structs.replace(
        state,
        entry=event.entry,
        seen=event.revision,
        approved=event,
        engagement=event.engagement,
        refusal=None,
        posting_date=None,
    )
    return _advance(newest, facts, policy)


def on_withdrawn(
    state: Entry, message: Message[TimeWithdrawn], facts: Facts, policy: Policy
) -> Decision[Entry]:
    """The approval was taken back: the ERP shall carry nothing."""
    event = message.body
    if event.revision <= state.seen:
        return Decision(outcome=Rejected(f"revision {event.revision} is known or overtaken"))
    newest = msgspec.structs.replace(
        state,
        entry=event.entry,
        seen=event.revision,
        approved=None,
        engagement=event.engagement,
        refusal=None,
    )
    return _advance(newest, facts, policy)


def on_posted(state: Entry, message: Message[TimePosted], facts: Facts, policy: Policy) -> Decision[Entry]:
    """The ERP carries a revision; if it is still the newest, it may be billed."""
    event = message.body
    if state.under_way != "post":
        return Decision(outcome=Rejected("no posting is under way"))
    posting = Posting(revision=event.revision, record=event.record, minutes=event.minutes)
    carried = msgspec.structs.replace(
        state, posting=posting, under_way=None, refusal=None, booked_on=event.posting_date
    )
    return _advance(carried, facts, policy)


def on_reversed(
    state: Entry, message: Message[TimeReversed], facts: Facts, policy: Policy
) -> Decision[Entry]:
    """The ERP carries nothing any more."""
    if state.under_way != "reverse":
        return Decision(outcome=Rejected("no reversal is under way"))
    return _advance(msgspec.structs.replace(state, posting=None, under_way=None, refusal=None), facts, policy)


def on_refused(state: Entry, message: Message[WriteRefused], facts: Facts, policy: Policy) -> Decision[Entry]:
    """The ERP refused: hold with its words."""
    body = message.body
    if state.under_way is None:
        return Decision(outcome=Rejected("nothing is under way"))
    refusal = Refusal(command=_COMMANDS[body.command], category=body.category, why=body.why)
    return _advance(msgspec.structs.replace(state, under_way=None, refusal=refusal), facts, policy)


def on_woken(state: Entry, message: Message[Woken], facts: Facts, policy: Policy) -> Decision[Entry]:
    """A fact that the entry waited for arrived."""
    return _advance(state, facts, policy)


def on_released(state: Entry, message: Message[Released], facts: Facts, policy: Policy) -> Decision[Entry]:
    """A person asks to try again, maybe with another posting date."""
    values = message.body.values
    if unknown := [name for name in values if name != "posting_date"]:
        return Decision(outcome=Rejected(f"{unknown[0]!r} cannot be supplied; legal is posting_date"))
    try:
        posting_date = (
            date.fromisoformat(values["posting_date"]) if "posting_date" in values else state.posting_date
        )
    except ValueError:
        return Decision(outcome=Rejected("posting_date is not a date; legal is YYYY-MM-DD"))
    accepted = state.seen if message.body.code == "billed-already" else state.accepted
    released = msgspec.structs.replace(state, refusal=None, posting_date=posting_date, accepted=accepted)
    return _advance(released, facts, policy)


def _advance(state: Entry, facts: Facts, policy: Policy) -> Decision[Entry]:
    """One step from what the ERP carries towards what was approved."""
    if state.under_way is not None:
        return Decision(state=state, outcome=Done(f"waits for the {state.under_way}"))
    carried, approved = state.posting, state.approved
    if carried is not None and approved is not None and carried.revision == approved.revision:
        return _settled(state, approved, carried, facts, policy)
    if carried is None and approved is None:
        return _tell(
            state,
            Decision(state=state, problems=(), outcome=Done("nothing to carry")),
            "reversed",
            "Withdrawn",
        )
    if carried is not None and state.accepted == state.seen:
        kept = Decision(state=state, problems=(), outcome=Done("the posting stays as billed"))
        return _tell(state, kept, "posted", "Billed as first posted", carried.record)
    if state.refusal is not None:
        return _hold(state, (refused(policy, state.refusal, _held_up(state)),))
    if carried is not None:
        return _reverse(state, carried, facts, policy)
    assert approved is not None
    found = assess(approved, facts, policy, posting_date=state.posting_date)
    if isinstance(found, PostTime):
        under_way = msgspec.structs.replace(state, under_way="post")
        return Decision(state=under_way, send=(found,), problems=(), outcome=Done("asked to post"))
    return _hold(state, found)


def _reverse(state: Entry, carried: Posting, facts: Facts, policy: Policy) -> Decision[Entry]:
    assert state.engagement is not None and state.booked_on is not None
    entry = _entry_id(state)
    invoice = facts.one(BILLED, entry)
    if invoice is not None:
        billed = problem(
            policy, "billed-already", f"{entry} changed after invoice {invoice} carried it.",
            fix="Credit or correct the invoice in the ERP; then release, and the posting stays as it is.",
            held_up=_held_up(state), category="conflict",
        )  # fmt: skip
        return _hold(state, (billed,))
    command = ReverseTime(
        entry=entry, revision=carried.revision, engagement=state.engagement, record=carried.record,
        minutes=carried.minutes, posting_date=state.booked_on,
    )  # fmt: skip
    gone = UNBILLED.fact(entry, version=state.seen, body=None, group=state.engagement)
    return Decision(
        state=msgspec.structs.replace(state, under_way="reverse"), send=(command,), problems=(), facts=(gone,),
        outcome=Done("asked to reverse"),
    )  # fmt: skip


def _settled(
    state: Entry, approved: TimeApproved, carried: Posting, facts: Facts, policy: Policy
) -> Decision[Entry]:
    """Approved and carried agree: billable hours may go on an invoice, the consultant sees that it is posted."""
    ready = facts.one(ENGAGEMENT, approved.engagement)
    assert ready is not None
    task = next((task for task in ready.plan.tasks if task.code == approved.task), None)
    new: tuple[Fact, ...] = ()
    if approved.billable and task is not None and task.billable and facts.one(BILLED, approved.entry) is None:
        time = BilledTime(
            entry=approved.entry, revision=carried.revision, record=carried.record, minutes=carried.minutes,
            expected=expected_value(approved, ready, facts, policy),
        )  # fmt: skip
        body = Unbilled(time=time, work_date=approved.work_date)
        new = (UNBILLED.fact(approved.entry, version=carried.revision, body=body, group=approved.engagement),)
    decision = Decision(state=state, problems=(), facts=new, outcome=Done(f"posted as {carried.record}"))
    return _tell(state, decision, "posted", "Posted", carried.record)


def _hold(state: Entry, problems: tuple[Problem, ...]) -> Decision[Entry]:
    why = " ".join(found.summary for found in problems)
    return _tell(state, Decision(state=state, problems=problems, outcome=Done(why)), "held", why)


def _tell(
    state: Entry, decision: Decision[Entry], standing: TimeStanding, why: str, reference: str | None = None
) -> Decision[Entry]:
    """The decision, and the consultant is told, unless told the same already."""
    said = f"{standing}: {why} {reference or ''}"
    if said == state.told or state.engagement is None:
        return decision
    note: Contract = AnnotateTime(
        entry=_entry_id(state), revision=state.seen, sequence=state.annotations + 1, engagement=state.engagement,
        standing=standing, message=why, reference=reference,
    )  # fmt: skip
    told = msgspec.structs.replace(decision.state or state, annotations=state.annotations + 1, told=said)
    return Decision(
        state=told, send=(*decision.send, note), problems=decision.problems, facts=decision.facts,
        outcome=decision.outcome,
    )  # fmt: skip


def _entry_id(state: Entry) -> EntryId:
    assert state.entry is not None
    return state.entry


def _held_up(state: Entry) -> HeldUp:
    minutes = state.approved.minutes if state.approved else 0
    return HeldUp(reference=_entry_id(state), engagement=state.engagement, minutes=minutes)


def _entry_of(no: WriteRefused) -> str | None:
    """A refusal about a posting names `entry#revision`."""
    return no.reference.rsplit("#", 1)[0] if no.command in _COMMANDS else None


ACTOR: Actor[Entry] = Actor(
    kind="entry",
    state=Entry,
    on=(
        On(message=TimeApproved, key=lambda event: event.entry, needs=_needs, decide=on_approved),
        On(message=TimeWithdrawn, key=lambda event: event.entry, needs=_needs, decide=on_withdrawn),
        On(message=TimePosted, key=lambda event: event.entry, needs=_needs, decide=on_posted),
        On(message=TimeReversed, key=lambda event: event.entry, needs=_needs, decide=on_reversed),
        On(message=WriteRefused, key=_entry_of, needs=_needs, decide=on_refused),
        On(message=Woken, needs=_needs, decide=on_woken),
        On(message=Released, needs=_needs, decide=on_released),
    ),
)
