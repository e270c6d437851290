"""One batch: what arrived is decided and everything that follows is written, in one transaction."""

import logging
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy.engine import Row

from contracts import Contract
from contracts.exceptions.v1 import ExceptionRaised, ExceptionResolved, FixException, ReleaseException
from contracts.policies.v1 import Policy, PolicyPublished
from contracts.types import ExceptionId

from . import tables
from .actor import EffectSettled, Internal, Message, On, Released, Service, TimerFired, Woken
from .arrival import Arrival, Codec, Illegible, Raw
from .decision import Decision, Done, Later, Parked, Problem, Rejected
from .envelope import Envelope
from .facts import Fact, FactKey, Facts, Group, Need
from .ids import derived_id
from .moments import instant, micros
from .outbox import OutboxBatch, cut
from .ports import Outgoing
from .rows import Rows, as_json
from .subjects import publish_subject, stream_of

__all__ = ["Admission", "Batch", "Result", "Settlement"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How an effect ended at the vendor: `applied`, `refused`, or `unsure` for good."""

    key: str
    status: str
    result: Mapping[str, Any] = field(default_factory=dict)
    category: str = "data"
    why: str = ""


class Admission(Protocol):
    """Which planned effects may be tried now. They are marked as attempted in the commit that admits them."""

    def admit(self, planned: Sequence[Row[Any]], settled: Iterable[str]) -> Sequence[Row[Any]]: ...

    @property
    def reach(self) -> int:
        """How many planned effects to look at."""
        ...


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
        self._fact_kinds = {kind.name: kind for kind in service.fact_kinds}
        self._result = Result()
        self._states: dict[str, Any] = {}
        self._changed: dict[str, bytes] = {}
        self._exceptions: dict[str, dict[str, Row[Any] | None]] = {}
        self._blocked: set[str] = set()
        self._facts: dict[FactKey, Fact | None] = {}
        self._groups: dict[Group, set[FactKey]] = {}
        self._new_facts: dict[FactKey, Fact] = {}
        self._outgoing: list[Outgoing] = []
        self._inbox: list[str] = []
        self._timers: dict[str, dict[str, Any] | None] = {}
        self._lineage: list[dict[str, Any]] = []
        self._parked: list[dict[str, Any]] = []
        self._effects: dict[str, dict[str, Any]] = {}
        self._effects_changed: list[dict[str, Any]] = []
        self._raised: list[dict[str, Any]] = []
        self._resolved: list[dict[str, Any]] = []
        self._wakes: list[dict[str, Any]] = []
        self._wakes_dropped: set[str] = set()

    def run(
        self, arrived: Sequence[Arrival | Illegible], *, positions: Mapping[str, int] = {},
        settlements: Sequence[Settlement] = (), replay: Sequence[int] | None = None,
        admission: Admission | None = None, limit: int = 500, timers: bool = True,
    ) -> Result:  # fmt: skip
        """Handle everything that arrived, in order, and write what follows from it."""
        arrivals = [*self._settle(settlements), *self._replayed(replay), *self._fresh(arrived)]
        if timers:
            arrivals += self._due(max(0, limit - len(arrivals)))
        for arrival in arrivals:
            self._learn(arrival)
        addressed: list[tuple[Arrival, str]] = []
        for arrival in arrivals:
            actors = self._route(arrival)
            addressed += [(arrival, actor) for actor in actors]
            if not actors and not isinstance(arrival.body, ReleaseException | FixException):
                self._record(
                    arrival, f"host/{arrival.key}", Done("taken as a fact or not for any actor"), (), {}
                )
        self._load(addressed)
        for arrival, actor in addressed:
            self._handle(arrival, actor)
        self._result.handled = len(arrivals)
        self._write(positions)
        self._admit(admission, settlements)
        self._result.next_due = self._rows.next_due()
        return self._result

    # -- what there is to handle

    def _fresh(self, arrived: Sequence[Arrival | Illegible]) -> list[Arrival]:
        known = self._rows.known(
            [item.id for item in arrived if isinstance(item, Arrival) and item.actor is None]
        )
        fresh: list[Arrival] = []
        for item in arrived:
            if isinstance(item, Illegible):
                self._park(item.raw, None, item.reason, item.detail)
            elif item.actor is not None:
                fresh.append(item)
            elif item.id not in known:
                known.add(item.id)
                self._inbox.append(item.id)
                fresh.append(item)
        return fresh

    def _due(self, room: int) -> list[Arrival]:
        found = []
        for row in self._rows.due_timers(micros(self._now), room) if room else ():
            self._timers[row.id] = None
            found.append(
                self._codec.internal(
                    self._codec.decode(row.type, row.body), message=row.message, at=instant(row.at),
                    actor=row.actor, cause=row.cause,
                )
            )  # fmt: skip
        return found

    def _replayed(self, ids: Sequence[int] | None) -> list[Arrival]:
        """Take parked messages up again, in their order; without effect on those that are still illegible."""
        if ids is None:
            return []
        found = []
        for row in self._rows.parked(ids):
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

    def _settle(self, settlements: Sequence[Settlement]) -> list[Arrival]:
        """Record how effects ended and tell their actors."""
        rows = self._rows.effects([settlement.key for settlement in settlements])
        found = []
        for settlement in settlements:
            row = rows.get(settlement.key)
            if row is None or row.status != "attempting":
                continue
            self._effects_changed.append(
                {"key": row.key, "status": settlement.status, "settled_at": micros(self._now),
                 "result": as_json(settlement.result), "category": settlement.category, "why": settlement.why}
            )  # fmt: skip
            found.append(self._settled(row, settlement))
        return found

    def _settled(self, row: Row[Any], settlement: Settlement) -> Arrival:
        body = EffectSettled(
            key=row.key, verb=row.verb, status=settlement.status, command_type=row.command_type,
            command=msgspec.Raw(row.command), result=dict(settlement.result), category=settlement.category,
            why=settlement.why,
        )  # fmt: skip
        message = derived_id("settled", row.key, row.attempted_at, settlement.status)
        return self._codec.internal(body, message=message, at=self._now, actor=row.actor, cause=row.cause)

    def _learn(self, arrival: Arrival) -> None:
        """Take facts and policy from a message before anything of the batch is decided."""
        body = arrival.body
        if isinstance(body, PolicyPublished):
            self._policy = self._result.policy = (body.hash, body.policy)
            self._rows.add(
                tables.policy,
                [
                    {
                        "hash": body.hash,
                        "body": self._codec.encode(body.policy),
                        "received_at": micros(self._now),
                    }
                ],
            )
        if isinstance(body, Contract) and arrival.actor is None:
            for fact in self._service.facts_from.get(type(body), lambda _: ())(body):
                self._keep_fact(fact)

    def _route(self, arrival: Arrival) -> list[str]:
        """For which actors the message is."""
        if arrival.actor is not None:
            return [arrival.actor]
        if isinstance(arrival.body, ReleaseException | FixException):
            return self._release(arrival, arrival.body)
        found = []
        for actor in self._service.actors:
            on = actor.handler(type(arrival.body))
            if on is not None and (key := on.key(arrival.body)) is not None:
                found.append(f"{actor.kind}/{key}")
        return found

    def _release(self, arrival: Arrival, body: ReleaseException | FixException) -> list[str]:
        row = self._rows.exception(body.exception)
        if row is None or row.resolved_at is not None:
            self._record(
                arrival, "host/exceptions", Rejected(f"exception {body.exception} is not open"), (), {}
            )
            return []
        return [row.actor]

    # -- deciding

    def _load(self, addressed: Sequence[tuple[Arrival, str]]) -> None:
        """One read each for the states, exceptions and facts that the whole batch needs."""
        actors = {actor for _, actor in addressed}
        for actor, data in self._rows.states(actors).items():
            self._states[actor] = msgspec.json.decode(data, type=self._actors[actor.split("/", 1)[0]].state)
        self._exceptions = {key: dict(found) for key, found in self._rows.open_exceptions(actors).items()}
        self._blocked = self._rows.blocked(actors)
        self._gather(addressed)

    def _gather(self, addressed: Iterable[tuple[Arrival, str]]) -> None:
        """Read facts until nobody names another one."""
        asking = list(addressed)
        while asking:
            wanted: set[Need] = set()
            still = []
            for arrival, actor in asking:
                new = self._needs(arrival, actor)
                wanted |= new
                if new:
                    still.append((arrival, actor))
            self._fetch(wanted)
            asking = still

    def _needs(self, arrival: Arrival, actor: str) -> set[Need]:
        """What the message's handler still has to know. A defect in it shows again when the message is handled."""
        handler = self._handler(arrival, actor)
        if handler is None:
            return set()
        try:
            named = set(
                handler.needs(self._state(actor), self._body(arrival), Facts(self._facts, self._groups))
            )
        except Exception:
            return set()
        return {need for need in named if need not in self._facts and need not in self._groups}

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

    def _fetch(self, needs: Iterable[Need]) -> None:
        wanted = set(needs)
        if not wanted:
            return
        keys = {need for need in wanted if isinstance(need, FactKey)} - self._facts.keys()
        rows = list(self._rows.facts(keys))
        self._facts.update(dict.fromkeys(keys))
        for group in {need for need in wanted if isinstance(need, Group)} - self._groups.keys():
            members = self._rows.fact_group(group)
            rows += members
            self._groups[group] = {FactKey(row.kind, row.id) for row in members} - self._new_facts.keys() | {
                key
                for key, fact in self._new_facts.items()
                if fact.body is not None and (key.kind, fact.group) == (group.kind, group.group)
            }
        for row in rows:
            key = FactKey(row.kind, row.id)
            if key not in self._new_facts:
                body = msgspec.json.decode(row.body, type=self._fact_kinds[row.kind].body)
                self._facts[key] = Fact(key=key, version=row.version, body=body, group=row.group_)

    def _keep_fact(self, fact: Fact) -> None:
        self._fetch([fact.key])
        known = self._facts.get(fact.key)
        if known is not None and fact.version < known.version:
            return
        self._new_facts[fact.key] = fact
        self._facts[fact.key] = None if fact.body is None else fact
        if fact.group is not None and (group := Group(fact.key.kind, fact.group)) in self._groups:
            (self._groups[group].discard if fact.body is None else self._groups[group].add)(fact.key)

    def _handle(self, arrival: Arrival, actor: str) -> None:
        if actor in self._blocked:
            self._park(arrival.raw, actor, "behind", "an earlier message of the same actor is parked")
            return
        handler = self._handler(arrival, actor)
        if handler is None and isinstance(arrival.body, TimerFired | Woken | ReleaseException | FixException):
            self._record(arrival, actor, Rejected("the actor has no use for it"), (), {})
            return
        if handler is None:
            self._park(arrival.raw, actor, "unhandled", f"{actor} does not handle {self._type(arrival)}")
            return
        body = self._body(arrival)
        state = self._state(actor)
        try:
            self._gather([(arrival, actor)])
            facts = Facts(self._facts, self._groups)
            policy = self._policy[1] if self._policy else None
            decision = handler.decide(state, Message(id=arrival.id, at=arrival.at, body=body), facts, policy)
            if isinstance(decision.outcome, Parked):
                self._park(arrival.raw, actor, "parked", decision.outcome.note)
                return
            self._apply(arrival, actor, decision, facts)
        except Exception as failure:  # a defect parks one actor; its neighbours go on
            log.error("handler failed: actor=%s message=%s\n%s", actor, arrival.id, traceback.format_exc())
            self._park(arrival.raw, actor, "failed", f"{type(failure).__name__} in {self._type(arrival)}")

    def _type(self, arrival: Arrival) -> str:
        return self._codec.type_of(arrival.body)

    # -- what follows

    def _apply(self, arrival: Arrival, actor: str, decision: Decision[Any], facts: Facts) -> None:
        sent = [self._outgoing_of(message, arrival, actor, n) for n, message in enumerate(decision.send)]
        if decision.problems is not None:
            sent += self._problems(arrival, actor, decision.problems, decision.outcome)
        self._outgoing += sent
        if decision.state is not None:
            self._changed[actor] = self._codec.encode(decision.state)
            self._states[actor] = decision.state
        for fact in decision.facts:
            self._keep_fact(fact)
        for timer in decision.timers:
            name = f"{actor}#{timer.name}"
            self._timers[name] = None if timer.at is None else self._timer_row(
                name, timer.at, actor, TimerFired(name=timer.name), derived_id(name, timer.at), arrival.id
            )  # fmt: skip
        if isinstance(decision.outcome, Later):
            name = f"{actor}#later#{arrival.id}"
            self._timers[name] = self._timer_row(
                name, decision.outcome.at, actor, self._body(arrival), arrival.id, arrival.cause, arrival.at
            )
        for effect in decision.effects:
            self._effects[effect.key] = {
                "key": effect.key, "sequence": micros(self._now) * 1000 + len(self._effects), "actor": actor,
                "verb": effect.verb, "lane": effect.lane, "priority": effect.priority, "status": "planned",
                "command_type": self._codec.type_of(effect.command), "cause": arrival.id,
                "command": self._codec.encode(effect.command), "planned_at": micros(self._now),
            }  # fmt: skip
        self._record(arrival, actor, decision.outcome, sent, facts.used)

    def _outgoing_of(self, message: Contract, arrival: Arrival, actor: str, n: int | str) -> Outgoing:
        """The same message to the same actor always sends messages with the same ids."""
        envelope = Envelope(
            id=derived_id(self._service.name, actor, arrival.id, n),
            type=type(message).wire_name(),
            source=f"/fairlead/{self._service.name}",
            time=self._now,
            key=message.key,
            cause=arrival.id,
            actor=actor,
            policy=self._policy[0] if self._policy else None,
        )
        return Outgoing(
            subject=publish_subject(message), headers=envelope.headers(), data=self._codec.encode(message)
        )

    def _timer_row(
        self, name: str, due: datetime, actor: str, body: Contract | Internal, message: str, cause: str | None,
        at: datetime | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        return {"id": name, "due_at": micros(due), "actor": actor, "message": message, "cause": cause,
                "at": micros(at or due), "type": self._codec.type_of(body),
                "body": self._codec.encode(body)}  # fmt: skip

    def _problems(
        self, arrival: Arrival, actor: str, problems: tuple[Problem, ...], outcome: Any
    ) -> list[Outgoing]:
        """Raise what is new, resolve what is gone; the rest stays open as it is."""
        open_now = self._exceptions.setdefault(actor, {})
        wanted = {problem.code: problem for problem in problems}
        sent = []
        for code in [code for code in open_now if code not in wanted]:
            key = self._exception_id(actor, code)
            how = outcome.note or "the actor went on"
            self._resolved.append({"exception": key, "resolved_at": micros(self._now), "how": how})
            self._wakes_dropped.add(key)
            del open_now[code]
            event: Contract = ExceptionResolved(
                exception=key, service=self._service.name, how=how, resolved_at=self._now
            )
            sent.append(self._outgoing_of(event, arrival, actor, f"resolved {code}"))
        for code, problem in wanted.items():
            sent += self._raise(arrival, actor, problem, is_open=code in open_now)
            open_now.setdefault(code, None)
        return sent

    def _raise(self, arrival: Arrival, actor: str, problem: Problem, *, is_open: bool) -> list[Outgoing]:
        key = self._exception_id(actor, problem.code)
        known = self._exceptions[actor].get(problem.code)
        if is_open and known is not None and known.summary == problem.summary:
            return []
        releases_on = tuple(sorted(map(str, problem.releases_on)))
        self._wakes_dropped.discard(key)
        self._resolved = [row for row in self._resolved if row["exception"] != key]
        self._wakes += [{"fact": fact, "exception": key, "actor": actor} for fact in releases_on]
        self._raised.append(
            {"exception": key, "actor": actor, "code": problem.code, "category": problem.category,
             "summary": problem.summary, "fix": problem.fix, "owner": problem.owner,
             "held_up": as_json(problem.held_up), "releases_on": as_json(releases_on),
             "raised_at": known.raised_at if known is not None else micros(self._now),
             "resolved_at": None, "how": None}
        )  # fmt: skip
        event = ExceptionRaised(
            exception=key, service=self._service.name, code=problem.code,
            category=problem.category, summary=problem.summary, fix=problem.fix, owner=problem.owner,
            held_up=problem.held_up, raised_at=self._now, releases_on=releases_on,
        )  # fmt: skip
        return [self._outgoing_of(event, arrival, actor, f"raised {problem.code}")]

    def _exception_id(self, actor: str, code: str) -> ExceptionId:
        return ExceptionId("ex-" + derived_id(self._service.name, actor, code)[:12])

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
        self, arrival: Arrival, actor: str, outcome: Any, sent: Sequence[Outgoing], facts: Mapping[str, int]
    ) -> None:
        self._lineage.append(
            {"at": micros(self._now), "actor": actor, "actor_key": actor.split("/", 1)[1],
             "message": arrival.id, "type": self._type(arrival), "message_key": arrival.key,
             "cause": arrival.cause, "outcome": str(outcome.__struct_config__.tag), "note": outcome.note,
             "sent": as_json([message.message_id for message in sent]), "facts": as_json(dict(facts)),
             "policy": self._policy[0] if self._policy else None}
        )  # fmt: skip

    # -- writing

    def _write(self, positions: Mapping[str, int]) -> None:
        rows, now = self._rows, micros(self._now)
        rows.put(tables.position, [{"consumer": name, "sequence": seq} for name, seq in positions.items()])
        rows.add_new(
            tables.inbox, [{"message": key, "handled_at": now} for key in dict.fromkeys(self._inbox)]
        )
        rows.put(
            tables.actor,
            [{"actor": key, "state": data, "changed_at": now} for key, data in self._changed.items()],
        )  # fmt: skip
        self._write_facts()
        rows.put(tables.exception, list({row["exception"]: row for row in self._raised}.values()))
        rows.change(tables.exception, self._resolved)
        rows.remove(tables.wake, "exception", self._wakes_dropped)
        rows.add_new(tables.wake, self._wakes)
        self._wake()
        rows.change(tables.effect, self._effects_changed)
        self._plan()
        rows.remove(tables.timer, "id", [key for key, row in self._timers.items() if row is None])
        rows.put(tables.timer, [row for row in self._timers.values() if row is not None])
        rows.add(tables.parked, self._parked)
        rows.add(tables.lineage, self._lineage)
        self._result.outbox = cut(
            [(stream_of(*message.subject.split(".", 2)[:2]), message) for message in self._outgoing],
            first=self._next_batch,
        )
        rows.add(tables.outbox, [row for batch in self._result.outbox for row in batch.rows()])

    def _write_facts(self) -> None:
        self._rows.remove_facts([key for key, fact in self._new_facts.items() if fact.body is None])
        self._rows.put(
            tables.fact,
            [{"kind": key.kind, "id": key.id, "group_": fact.group, "version": fact.version,
              "body": self._codec.encode(fact.body)}
             for key, fact in self._new_facts.items() if fact.body is not None],
        )  # fmt: skip

    def _wake(self) -> None:
        """Every actor whose open problem waits for a fact that changed here is woken by the next batch."""
        for row in self._rows.wakes([str(key) for key in self._new_facts]):
            if row.exception in self._wakes_dropped:
                continue
            kind, key = row.fact.split("/", 1)
            name = f"{row.actor}#wake#{row.fact}"
            message = derived_id(name, self._new_facts[FactKey(kind, key)].version, micros(self._now))
            self._timers.setdefault(
                name,
                self._timer_row(name, self._now, row.actor, Woken(fact=FactKey(kind, key)), message, None),
            )

    def _plan(self) -> None:
        """Plan new effects. A key that was refused may be tried again; one that was applied settles at once."""
        known = self._rows.effects(list(self._effects))
        fresh = [row for key, row in self._effects.items() if key not in known]
        for key, row in known.items():
            if row.status == "refused":
                again = self._effects[key]
                self._rows.change(
                    tables.effect,
                    [{**again, "settled_at": None, "attempted_at": None, "result": None, "why": None}],
                )
            elif row.status == "applied":
                settled = Settlement(
                    key=key, status="applied", result=msgspec.json.decode(row.result or "{}")
                )
                arrival = self._settled(row, settled)
                name = f"{row.actor}#settled#{key}"
                message = derived_id(arrival.id, self._effects[key]["cause"])
                self._timers[name] = self._timer_row(
                    name,
                    self._now,
                    self._effects[key]["actor"],
                    arrival.body,
                    message,
                    self._effects[key]["cause"],
                )
        self._rows.add(tables.effect, fresh)

    def _admit(self, admission: Admission | None, settlements: Sequence[Settlement]) -> None:
        if admission is None:
            return
        planned = self._rows.planned_effects(admission.reach)
        self._result.admitted = list(admission.admit(planned, [settlement.key for settlement in settlements]))
        now = micros(self._now)
        self._rows.change(
            tables.effect,
            [{"key": row.key, "status": "attempting", "attempted_at": now} for row in self._result.admitted],
        )
