"""One batch: what arrived is decided and everything that follows is written, in one transaction."""

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy.engine import Row

from contracts import Contract
from contracts.exceptions.v1 import FixException, ReleaseException
from contracts.policies.v1 import Policy, PolicyPublished

from . import tables
from .actor import Internal, Message, On, Released, Service, TimerFired, Woken
from .arrival import Arrival, Codec, Illegible, Raw
from .decision import Decision, Done, Later, Outcome, Parked, Rejected
from .effects import Admission, Effects, Settlement
from .envelope import Envelope
from .facts import Need
from .ids import derived_id
from .knowledge import Knowledge
from .limits import MAX_MESSAGE_BYTES, Oversized, wire_size
from .moments import micros
from .outbox import OutboxBatch, cut
from .ports import Outgoing
from .problems import Problems
from .rows import Rows, as_json
from .subjects import publish_subject, stream_of
from .timers import Timers
from .tracecontext import continued

__all__ = ["Admission", "Batch", "Result", "Settlement"]

log = logging.getLogger(__name__)

#: What a person or a fact sets off; an actor that has no handler for it has no use for it.
_OPTIONAL = (TimerFired, Woken, Released)


@dataclass(kw_only=True)
class Result:
    """What a committed batch means to the world outside the store."""

    handled: int = 0
    outbox: list[OutboxBatch] = field(default_factory=list)
    admitted: list[Row[Any]] = field(default_factory=list)
    policy: tuple[str, Policy] | None = None
    next_due: int | None = None
    parked: int = 0


class Batch:
    """Decides one batch inside one open transaction. Made anew for each."""

    def __init__(
        self, rows: Rows, service: Service, codec: Codec, policy: tuple[str, Policy] | None, now: datetime,
        next_batch: int,
    ) -> None:  # fmt: skip
        self._rows, self._service, self._codec = rows, service, codec
        self._policy, self._now, self._next_batch = policy, now, next_batch
        self._actors = {actor.kind: actor for actor in service.actors}
        self._knowledge = Knowledge(rows, service, codec)
        self._timers = Timers(rows, codec)
        self._problems = Problems(rows, service.name, now)
        self._effects = Effects(rows, codec, now)
        self._result = Result()
        self._states: dict[str, Any] = {}
        self._changed: dict[str, bytes] = {}
        self._blocked: set[str] = set()
        self._outgoing: list[Outgoing] = []
        self._inbox: list[str] = []
        self._lineage: list[dict[str, Any]] = []
        self._parked: list[dict[str, Any]] = []

    def run(
        self, arrived: Sequence[Arrival | Illegible], *, positions: Mapping[str, int] | None = None,
        settlements: Sequence[Settlement] = (), replay: Sequence[int] | None = None,
        admission: Admission | None = None, limit: int = 500, timers: bool = True,
    ) -> Result:  # fmt: skip
        """Handle everything that arrived, in order, and write what follows from it."""
        legible = [*self._effects.settle(settlements), *self._replayed(replay), *self._fresh(arrived)]
        if timers:
            legible += self._legible(self._timers.due(self._now, limit - len(legible)))
        for arrival in legible:
            self._learn(arrival)
        addressed = [(arrival, actor) for arrival in legible for actor in self._route(arrival)]
        self._load(addressed)
        for arrival, actor in addressed:
            self._handle(arrival, actor)
        self._result.handled = len(legible)
        self._write(positions or {})
        self._result.admitted = self._effects.admit(admission, settlements)
        self._result.next_due = self._rows.next_due()
        return self._result

    # -- what there is to handle

    def _legible(self, items: Iterable[Arrival | Illegible]) -> list[Arrival]:
        """What can be read; the rest is parked."""
        found = []
        for item in items:
            if isinstance(item, Illegible):
                self._park(item.raw, None, item.reason, item.detail)
            else:
                found.append(item)
        return found

    def _fresh(self, arrived: Sequence[Arrival | Illegible]) -> list[Arrival]:
        """What has not taken effect here before. Internal messages bear an address and are never repeated."""
        legible = self._legible(arrived)
        known = self._rows.known([item.id for item in legible if item.actor is None])
        fresh = []
        for item in legible:
            if item.actor is None:
                if item.id in known:
                    continue
                known.add(item.id)
                self._inbox.append(item.id)
            fresh.append(item)
        return fresh

    def _replayed(self, ids: Sequence[int] | None) -> list[Arrival]:
        """Take parked messages up again, in their order; those that are still illegible stay as they are."""
        found = []
        for row in self._rows.parked(ids) if ids is not None else ():
            raw = Raw(
                consumer=row.consumer, sequence=row.sequence, subject=row.subject,
                headers=msgspec.json.decode(row.headers), data=row.data,
            )  # fmt: skip
            arrival = self._codec.reread(raw, row.actor)
            if isinstance(arrival, Arrival):
                if row.actor is None:
                    self._inbox.append(arrival.id)
                found.append(arrival)
                self._rows.remove(tables.parked, "id", [row.id])
        return found

    def _learn(self, arrival: Arrival) -> None:
        """Take facts and policy from a message before anything of the batch is decided."""
        body = arrival.body
        if isinstance(body, PolicyPublished):
            self._policy = self._result.policy = (body.hash, body.policy)
            row = {
                "hash": body.hash,
                "body": self._codec.encode(body.policy),
                "received_at": micros(self._now),
            }
            self._rows.add(tables.policy, [row])
        if isinstance(body, Contract) and arrival.actor is None:
            for fact in self._service.facts_from.get(type(body), lambda _: ())(body):
                self._knowledge.keep(fact)

    def _route(self, arrival: Arrival) -> list[str]:
        """For which actors the message is. One that is for none is on record all the same."""
        if arrival.actor is not None:
            return [arrival.actor]
        body, found = arrival.body, []
        if isinstance(body, ReleaseException | FixException):
            row = self._rows.exception(body.exception)
            if row is not None and row.resolved_at is None:
                return [row.actor]
            self._record(arrival, f"host/{arrival.key}", Rejected(f"exception {body.exception} is not open"))
            return []
        for actor in self._service.actors:
            on = actor.handler(type(body))
            if on is not None and (key := on.key(body)) is not None:
                found.append(f"{actor.kind}/{key}")
        if not found:
            self._record(arrival, f"host/{arrival.key}", Done("taken as a fact, or not for any actor"))
        return found

    # -- deciding

    def _load(self, addressed: Sequence[tuple[Arrival, str]]) -> None:
        """One read each for the states, exceptions and facts that the whole batch needs."""
        actors = {actor for _, actor in addressed}
        for actor, data in self._rows.states(actors).items():
            self._states[actor] = msgspec.json.decode(data, type=self._actors[actor.split("/", 1)[0]].state)
        self._problems.load(actors)
        self._blocked |= self._rows.blocked(actors)
        self._gather(addressed)

    def _gather(self, addressed: Iterable[tuple[Arrival, str]]) -> None:
        """Read facts until nobody names another one."""
        asking = [(*item, self._lacking(*item)) for item in addressed]
        while asking := [item for item in asking if item[2]]:
            self._knowledge.read(set().union(*(lacking for _, _, lacking in asking)))
            asking = [(arrival, actor, self._lacking(arrival, actor)) for arrival, actor, _ in asking]

    def _lacking(self, arrival: Arrival, actor: str) -> set[Need]:
        """What the message's handler still has to know. A defect in it shows when the message is handled."""
        handler = self._handler(arrival, actor)
        if handler is None:
            return set()
        try:
            view = self._knowledge.view()
            return self._knowledge.lacks(handler.needs(self._state(actor), self._body(arrival), view))
        except Exception:
            return set()

    def _handler(self, arrival: Arrival, actor: str) -> On[Any, Any] | None:
        kind = self._actors.get(actor.split("/", 1)[0])
        return None if kind is None else kind.handler(type(self._body(arrival)))

    def _body(self, arrival: Arrival) -> Contract | Internal:
        """What the handler sees: a release or fix comes to it as `Released`."""
        body = arrival.body
        if isinstance(body, ReleaseException | FixException):
            row = self._rows.exception(body.exception)
            assert row is not None
            values = body.values if isinstance(body, FixException) else {}
            return Released(code=row.code, by=body.requested_by, values=values)
        return body

    def _state(self, actor: str) -> Any:
        if actor not in self._states:
            self._states[actor] = self._actors[actor.split("/", 1)[0]].state()
        return self._states[actor]

    def _handle(self, arrival: Arrival, actor: str) -> None:
        if actor in self._blocked:
            self._park(arrival.raw, actor, "behind", "an earlier message of the same actor is parked")
            return
        body = self._body(arrival)
        if isinstance(body, Released) and not self._problems.is_open(actor, body.code):
            self._record(arrival, actor, Rejected(f"{body.code} is not open any more"))
            return
        handler = self._handler(arrival, actor)
        if handler is None and isinstance(body, _OPTIONAL):
            self._record(arrival, actor, Rejected("the actor has no use for it"))
            return
        if handler is None:
            self._park(arrival.raw, actor, "unhandled", f"{actor} does not handle {self._type(arrival)}")
            return
        try:
            self._gather([(arrival, actor)])
            facts = self._knowledge.view()
            policy = self._policy[1] if self._policy else None
            message = Message(id=arrival.id, at=arrival.at, body=body)
            decision = handler.decide(self._state(actor), message, facts, policy)
            if isinstance(decision.outcome, Parked):
                self._park(arrival.raw, actor, "parked", decision.outcome.note)
            else:
                self._apply(arrival, actor, decision, facts.used)
        except Exception as failure:  # a defect parks one actor; its neighbours go on
            log.error("handler failed: actor=%s message=%s\n%s", actor, arrival.id, traceback.format_exc())
            self._park(arrival.raw, actor, "failed", f"{type(failure).__name__} in {self._type(arrival)}")

    def _type(self, arrival: Arrival) -> str:
        return self._codec.type_of(arrival.body)

    # -- what follows

    def _apply(self, arrival: Arrival, actor: str, decision: Decision[Any], used: Mapping[str, int]) -> None:
        """Take over everything that a decision says. What cannot be encoded or sent fails before anything is."""
        sent = [self._sending(message, arrival, actor, n) for n, message in enumerate(decision.send)]
        state = None if decision.state is None else self._codec.encode(decision.state)
        if decision.problems is not None:
            events = self._problems.become(
                actor, decision.problems, decision.outcome.note or "the actor went on"
            )
            sent += [self._sending(event, arrival, actor, name) for name, event in events]
        self._outgoing += sent
        if state is not None:
            self._changed[actor], self._states[actor] = state, decision.state
        for fact in decision.facts:
            self._knowledge.keep(fact)
        for timer in decision.timers:
            name = f"{actor}#{timer.name}"
            if timer.at is None:
                self._timers.cancel(name)
            else:
                fired = TimerFired(name=timer.name)
                self._timers.set(
                    name,
                    timer.at,
                    actor,
                    fired,
                    derived_id(name, timer.at),
                    cause=arrival.id,
                    trace=continued(arrival.trace, arrival.id, name),
                )
        if isinstance(decision.outcome, Later):
            self._timers.set(
                f"{actor}#later#{arrival.id}", self._now + decision.outcome.delay, actor, self._body(arrival),
                arrival.id, at=arrival.at, cause=arrival.cause, trace=arrival.trace,
            )  # fmt: skip
        for effect in decision.effects:
            self._effects.plan(effect, actor, arrival.id, continued(arrival.trace, arrival.id, effect.key))
        self._record(arrival, actor, decision.outcome, sent, used)

    def _sending(self, message: Contract, arrival: Arrival, actor: str, n: int | str) -> Outgoing:
        """A message to send. The same cause and actor always give the same ids. Raises `Oversized`."""
        message_id = derived_id(self._service.name, actor, arrival.id, n)
        envelope = Envelope(
            id=message_id, type=type(message).wire_name(),
            source=f"/fairlead/{self._service.name}", time=self._now, key=message.key, cause=arrival.id, actor=actor,
            policy=self._policy[0] if self._policy else None,
            traceparent=continued(arrival.trace, arrival.id, message_id),
        )  # fmt: skip
        headers, data = envelope.headers(), self._codec.encode(message)
        if (size := wire_size(headers, data)) > MAX_MESSAGE_BYTES:
            raise Oversized(f"{envelope.type} would take {size} bytes, {MAX_MESSAGE_BYTES} are the limit")
        return Outgoing(subject=publish_subject(message), headers=headers, data=data)

    def _park(self, raw: Raw, actor: str | None, reason: str, detail: str) -> None:
        self._result.parked += 1
        if actor is not None:
            self._blocked.add(actor)
        self._parked.append(
            {"consumer": raw.consumer, "sequence": raw.sequence, "subject": raw.subject,
             "headers": as_json(dict(raw.headers)), "data": raw.data, "actor": actor, "reason": reason,
             "detail": detail, "parked_at": micros(self._now)}
        )  # fmt: skip

    def _record(
        self, arrival: Arrival, actor: str, outcome: Outcome, sent: Sequence[Outgoing] = (),
        used: Mapping[str, int] | None = None,
    ) -> None:  # fmt: skip
        self._lineage.append(
            {"at": micros(self._now), "actor": actor, "actor_key": actor.split("/", 1)[1],
             "message": arrival.id, "type": self._type(arrival), "message_key": arrival.key,
             "cause": arrival.cause, "outcome": str(outcome.__struct_config__.tag), "note": outcome.note,
             "sent": as_json([message.message_id for message in sent]), "facts": as_json(dict(used or {})),
             "policy": self._policy[0] if self._policy else None}
        )  # fmt: skip

    # -- writing

    def _write(self, positions: Mapping[str, int]) -> None:
        rows, now = self._rows, micros(self._now)
        rows.put(tables.position, [{"consumer": name, "sequence": at} for name, at in positions.items()])
        rows.add_new(
            tables.inbox, [{"message": key, "handled_at": now} for key in dict.fromkeys(self._inbox)]
        )
        states = [{"actor": key, "state": data, "changed_at": now} for key, data in self._changed.items()]
        rows.put(tables.actor, states)
        self._knowledge.write()
        self._problems.write()
        self._knowledge.wake(self._timers, self._now, but=self._problems.ended)
        self._effects.write(self._timers)
        self._timers.write()
        rows.add(tables.parked, self._parked)
        rows.add(tables.lineage, self._lineage)
        by_stream = [(stream_of(*message.subject.split(".", 2)[:2]), message) for message in self._outgoing]
        self._result.outbox = cut(by_stream, first=self._next_batch)
        rows.add(tables.outbox, [row for batch in self._result.outbox for row in batch.rows()])
