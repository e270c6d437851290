"""A small service for the host's tests: it counts approved minutes per engagement and says each sum it reached."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import select

from bus import tables
from bus.actor import Actor, Message, On, Released, Service, TimerFired, Woken
from bus.clock import SystemClock
from bus.decision import Decision, Done, Later, Parked, Problem, Timer
from bus.declaration import Declaration
from bus.envelope import Envelope
from bus.facts import FactKind, Facts
from bus.host import Host
from bus.memory import Faults, MemoryLog
from bus.ports import Bus, Outgoing
from bus.store import Store
from bus.subjects import publish_subject, stream_of
from contracts import CONTRACTS, Catalogue, Contract
from contracts.exceptions.v1 import FixException, HeldUp, ReleaseException
from contracts.postings.v1 import PostTime
from contracts.reference.v1 import RateCardChanged
from contracts.timesheets.v1 import AnnotateTime, TimeApproved

__all__ = ["RATES", "WORLD", "Tally", "running", "send", "service", "settled", "sums", "tally_log"]

#: The task that each host runs in: whoever waits for a host that died is told.
_TASKS: WeakKeyDictionary[Host, asyncio.Task[None]] = WeakKeyDictionary()

RATES = FactKind("rates", RateCardChanged)


class Tally(msgspec.Struct, frozen=True):
    """What the actor has seen, in order."""

    seen: tuple[str, ...] = ()
    minutes: int = 0
    held: tuple[TimeApproved, ...] = ()


def on_time(state: Tally, message: Message[TimeApproved], facts: Facts, policy: Any) -> Decision[Tally]:
    """Add the minutes. The task says what else shall happen."""
    event = message.body
    match event.task:
        case "poison":
            raise ZeroDivisionError
        case "park":
            return Decision(outcome=Parked("a person has to look"))
        case "later" if message.id not in state.seen:
            waiting = msgspec.structs.replace(state, seen=(*state.seen, message.id))
            return Decision(state=waiting, outcome=Later(timedelta(milliseconds=50)))
        case "rate" if facts.one(RATES, "RC") is None:
            problem = Problem(
                code="rate-missing", category="policy", summary="no rate", fix="add it", owner="finance",
                held_up=HeldUp(reference=event.entry), releases_on=(RATES.of("RC"),),
            )  # fmt: skip
            return Decision(
                state=msgspec.structs.replace(state, held=(*state.held, event)), problems=(problem,)
            )
        case "huge":
            return Decision(send=(_note(event, 1, "x" * 1_100_000),))
        case "timer":
            return Decision(timers=(Timer(name="tick", at=message.at + timedelta(milliseconds=50)),))
    return _added(state, event)


def _added(state: Tally, event: TimeApproved) -> Decision[Tally]:
    minutes = state.minutes + event.minutes
    seen = (*state.seen, event.entry)
    return Decision(
        state=Tally(seen=seen, minutes=minutes, held=tuple(one for one in state.held if one != event)),
        send=(_note(event, len(seen), str(minutes)),), problems=(), outcome=Done(f"{minutes} minutes"),
    )  # fmt: skip


def _note(event: TimeApproved, sequence: int, words: str) -> AnnotateTime:
    return AnnotateTime(
        entry=event.entry, revision=event.revision, sequence=sequence, engagement=event.engagement, standing="posted",
        message=words,
    )  # fmt: skip


def on_free(state: Tally, message: Message[Any], facts: Facts, policy: Any) -> Decision[Tally]:
    """A rate arrived, or a person insists."""
    return _added(state, state.held[0]) if state.held else Decision(problems=())


def on_tick(state: Tally, message: Message[TimerFired], facts: Facts, policy: Any) -> Decision[Tally]:
    return Decision(state=msgspec.structs.replace(state, seen=(*state.seen, message.body.name)))


def service(**changes: Any) -> Service:
    """The service; `decide` replaces the handler of approved time."""
    decide = changes.get("decide", on_time)
    actor: Actor[Tally] = Actor(
        kind="tally",
        state=Tally,
        on=(
            On(message=TimeApproved, decide=decide, needs=lambda state, event, facts: [RATES.of("RC")]),
            On(message=Woken, decide=on_free),
            On(message=Released, decide=on_free),
            On(message=TimerFired, decide=on_tick),
        ),
    )
    return Service(
        name="tally", actors=(actor,), writes=(AnnotateTime,), fact_kinds=(RATES,),
        facts_from={RateCardChanged: lambda event: [RATES.fact("RC", version=event.version, body=event)]},
    )  # fmt: skip


WORLD = Declaration(
    service="world",
    writes=(TimeApproved, RateCardChanged, PostTime, ReleaseException, FixException),
    writes_to=("tally",),
    reads=(AnnotateTime,),
)


def tally_log(faults: Faults | None = None, **more: Any) -> MemoryLog:
    """The log that the service and its world share."""
    return MemoryLog([service().declaration(), WORLD], clock=SystemClock(), faults=faults, **more)


@asynccontextmanager
async def running(
    log: MemoryLog, path: Path, *, made: Service | None = None, catalogue: Catalogue = CONTRACTS,
    store_kind: type[Store] = Store, **more: Any,
) -> AsyncIterator[Host]:  # fmt: skip
    """The host at work. What stops it by itself comes out of the block."""
    store = await store_kind.open(path, owner="test", clock=SystemClock())
    try:
        host = Host(
            service=made or service(), store=store, bus=log.bus("tally"), catalogue=catalogue, clock=SystemClock(),
            **more,
        )  # fmt: skip
        task = _TASKS[host] = asyncio.create_task(host.run())
        try:
            yield host
        finally:
            task.cancel()
            await asyncio.wait({task})
            if not task.cancelled() and (failure := task.exception()) is not None:
                raise failure
    finally:
        await store.close()


async def send(bus: Bus, *messages: Contract, first: int = 1, at: datetime | None = None) -> None:
    """Publish messages of the world with ids `m1`, `m2`, ..."""
    for number, message in enumerate(messages, first):
        envelope = Envelope(
            id=f"m{number}",
            type=message.wire_name(),
            source="/world",
            time=at or datetime.now(UTC),
            key=message.key,
        )
        outgoing = Outgoing(
            subject=publish_subject(message), headers=envelope.headers(), data=CONTRACTS.encode(message)
        )
        await bus.publish_one(stream_of(message.stream_owner, type(message).subject.kind), outgoing)


async def settled(host: Host, log: MemoryLog, *, within: float = 10.0) -> None:
    """Until the host has read the whole log and published everything."""
    async with asyncio.timeout(within):
        while not _at_rest(host, log):
            if _TASKS[host].done():
                _TASKS[host].result()
            await asyncio.sleep(0.005)


def _at_rest(host: Host, log: MemoryLog) -> bool:
    for consumer in host.service.declaration().consumers():
        wanted = {name.rsplit(".", 1)[0] for name in consumer.filters}
        last = max(
            (one.sequence for one in log.stored(consumer.stream) if one.subject.rsplit(".", 1)[0] in wanted),
            default=0,
        )
        if host.positions.get(consumer.name, 0) < last:
            return False
    return host.unrelayed == 0


async def sums(host: Host) -> dict[str, Any]:
    """Each actor's state."""
    rows = await host.store.read(lambda connection: connection.execute(select(tables.actor)).all())
    return {row.actor.split("/", 1)[1]: msgspec.json.decode(row.state, type=Tally) for row in rows}
