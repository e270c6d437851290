"""Asks the adapters for snapshots, compares them when they are complete, and says what does not fit."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from bus.actor import Actor, Message, On, Released, Service, TimerFired
from bus.decision import Decision, Done, Problem, Rejected, Timer
from bus.facts import Fact, Facts, Need
from bus.moments import micros
from contracts.exceptions.v1 import ExceptionRaised, ExceptionResolved, HeldUp
from contracts.ledgers.v1 import LedgerPage, TakeSnapshot
from contracts.policies.v1 import Policy
from contracts.reconciliations.v1 import StartReconciliation, StatementDrawn

from .comparison import Comparison, compare
from .model import FACT_KINDS, LEDGER_PAGE, OPEN_EXCEPTION, Account, Reading

__all__ = ["SERVICE"]

LEDGERS = ("time", "erp")
PATIENCE = timedelta(minutes=10)
_KEY = "account"


def on_start(
    state: Account, message: Message[StartReconciliation], facts: Facts, policy: Policy
) -> Decision[Account]:
    """Read both ledgers. A reconciliation under way is given up for the new one."""
    body = message.body
    started = Account(
        reconciliation=body.reconciliation, start=body.start, end=body.end, suspects=state.suspects,
        readings={service: Reading() for service in LEDGERS},
    )  # fmt: skip
    asked = tuple(
        TakeSnapshot(
            snapshot=_snapshot(body.reconciliation, service), service=service, start=body.start, end=body.end
        )
        for service in LEDGERS
    )
    return Decision(
        state=started, send=asked, timers=(Timer(name="patience", at=message.at + PATIENCE),),
        facts=_forget(state), outcome=Done("ledgers asked for"),
    )  # fmt: skip


def _snapshot(reconciliation: str, service: str) -> str:
    return f"{reconciliation}/{service}"


def _forget(state: Account) -> tuple[Fact, ...]:
    """The pages of the earlier reconciliation are of no more use."""
    return tuple(
        LEDGER_PAGE.fact(snapshot, str(page), version=2, body=None, group=snapshot)
        for service, reading in state.readings.items()
        for snapshot in [_snapshot(state.reconciliation or "", service)]
        for page in reading.received
    )


def _needs(state: Account, page: LedgerPage, facts: Facts) -> Iterable[Need]:
    """Everything, once the page completes both readings."""
    after = _taken(state, page)
    if after is not None and all(reading.complete for reading in after.readings.values()):
        yield OPEN_EXCEPTION.within("open")
        for service in LEDGERS:
            yield LEDGER_PAGE.within(_snapshot(state.reconciliation or "", service))


def _taken(state: Account, page: LedgerPage) -> Account | None:
    """The state with the page taken in; None for a page of another snapshot, or a repeat."""
    reading = state.readings.get(page.service)
    if reading is None or page.snapshot != _snapshot(state.reconciliation or "", page.service):
        return None
    if page.page in reading.received:
        return None
    taken = Reading(received=(*reading.received, page.page), pages=page.page if page.last else reading.pages)
    return msgspec.structs.replace(state, readings={**state.readings, page.service: taken})


def on_page(state: Account, message: Message[LedgerPage], facts: Facts, policy: Policy) -> Decision[Account]:
    """Keep the page; draw the statement when it was the last one missing."""
    page = message.body
    after = _taken(state, page)
    if after is None:
        return Decision(outcome=Rejected("not of the reconciliation under way, or known"))
    if not all(reading.complete for reading in after.readings.values()):
        kept = LEDGER_PAGE.fact(page.snapshot, str(page.page), version=1, body=page, group=page.snapshot)
        return Decision(state=after, facts=(kept,), outcome=Done(f"page {page.page} of {page.service}"))
    pages = [
        *(
            row
            for service in LEDGERS
            for row in facts.all(LEDGER_PAGE, _snapshot(state.reconciliation or "", service))
        ),
        page,
    ]
    excepted = {raised.held_up.reference for raised in facts.all(OPEN_EXCEPTION, "open")}
    found = compare(
        (line for row in pages if row.service == "time" for line in row.lines),
        (line for row in pages if row.service == "erp" for line in row.lines),
        excepted,
    )
    return _drawn(after, message, found, policy)


def _drawn(
    state: Account, message: Message[LedgerPage], found: Comparison, policy: Policy
) -> Decision[Account]:
    assert state.reconciliation is not None and state.start is not None and state.end is not None
    statement = StatementDrawn(
        reconciliation=state.reconciliation, start=state.start, end=state.end, drawn_at=message.at,
        approved=found.approved, posted=found.posted, excepted=found.excepted, entries=found.entries,
        invoices=found.invoices, foreign=found.foreign, differing=len(found.differences),
        differences=found.differences[:200],
    )  # fmt: skip
    again = [one for one in found.differences if one.reference in state.suspects]
    problems: tuple[Problem, ...] = ()
    if again:
        worst = max(again, key=lambda one: abs(one.minutes))
        problems = (
            Problem(
                code="ledgers-differ", category="conflict",
                owner=policy.owners.get("ledgers-differ", policy.default_owner),
                summary=f"{len(again)} records differ between the ledgers, twice in a row; first "
                f"{worst.reference}: {worst.detail}.",
                fix="Look at the statement; mend the vendor's record or release what is held up.",
                held_up=HeldUp(reference=worst.reference, engagement=worst.engagement,
                               minutes=max(-100_000, min(100_000, sum(one.minutes for one in again)))),
            ),
        )  # fmt: skip
    closed = Account(suspects=tuple(one.reference for one in found.differences))
    return Decision(
        state=closed, send=(statement,), problems=problems, facts=_forget(state),
        timers=(Timer(name="patience", at=None),),
        outcome=Done(f"{len(found.differences)} differences in {found.entries} entries"),
    )  # fmt: skip


def on_patience(
    state: Account, message: Message[TimerFired], facts: Facts, policy: Policy
) -> Decision[Account]:
    """A ledger was not read in time."""
    if state.reconciliation is None:
        return Decision(outcome=Rejected("nothing is under way"))
    missing = ", ".join(service for service, reading in state.readings.items() if not reading.complete)
    late = Problem(
        code="ledger-unread", category="transient", owner=policy.default_owner,
        summary=f"The ledger of {missing} could not be read within {PATIENCE}.",
        fix="Look at the connection's status; the next reconciliation resolves this.",
        held_up=HeldUp(reference=state.reconciliation),
    )  # fmt: skip
    return Decision(
        state=Account(suspects=state.suspects),
        problems=(late,),
        facts=_forget(state),
        outcome=Done(late.summary),
    )


def on_released(
    state: Account, message: Message[Released], facts: Facts, policy: Policy
) -> Decision[Account]:
    """A person accepts the difference."""
    return Decision(problems=(), outcome=Done(f"accepted by {message.body.by}"))


def _open(event: ExceptionRaised) -> list[Fact]:
    return [OPEN_EXCEPTION.fact(event.exception, version=micros(event.raised_at), body=event, group="open")]


def _closed(event: ExceptionResolved) -> list[Fact]:
    return [OPEN_EXCEPTION.fact(event.exception, version=micros(event.resolved_at), body=None, group="open")]


SERVICE = Service(
    name="reconciler",
    needs_policy=True,
    actors=(
        Actor(
            kind="account",
            state=Account,
            on=(
                On(message=StartReconciliation, key=lambda start: _KEY, decide=on_start),
                On(message=LedgerPage, key=lambda page: _KEY, needs=_needs, decide=on_page),
                On(message=TimerFired, decide=on_patience),
                On(message=Released, decide=on_released),
            ),
        ),
    ),
    fact_kinds=FACT_KINDS,
    facts_from={ExceptionRaised: _open, ExceptionResolved: _closed},
    writes=(TakeSnapshot, StatementDrawn),
    reads_of=("crm", "erp", "time", "orchestrator"),
    writes_to=LEDGERS,
)
