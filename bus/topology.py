"""Streams and consumers as data, derived from what services declare, and the commands that make them so.

Only the topology user may apply or trim; a service that finds its stream or consumer missing says so and waits.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec

from .declaration import Declaration
from .limits import MAX_MESSAGE_BYTES
from .ports import Consumer
from .subjects import SLOTS, stream_of, stream_subjects

__all__ = [
    "Administration", "Change", "DestructiveChange", "Refused", "Stream", "Topology",
    "Trimmed", "apply", "topology", "trim",
]  # fmt: skip

#: Of pull requests waiting on one consumer: one or two are ours, the others a dead connection left behind.
_MAX_WAITING = 8

_NANOSECONDS = 1_000_000_000
_NO_MESSAGE_FOUND, _CONSUMER_NOT_FOUND, _STREAM_NOT_FOUND = 10037, 10014, 10059


class Refused(Exception):
    """The server refused a request to its JetStream API; `code` is its `err_code`."""

    def __init__(self, subject: str, code: int, description: str) -> None:
        super().__init__(f"{subject}: {description} ({code})")
        self.code = code


class DestructiveChange(Exception):
    """What exists differs from the topology in a way that would lose or reorder messages: migrate by hand."""


class Administration(Protocol):
    """A connection of the topology user."""

    async def ask(self, subject: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request to `$JS.API.<subject>`; raises `Refused` or `TimeoutError`."""
        ...


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """One owner's events or commands. `max_bytes` bounds the file; at the bound new messages are refused."""

    owner: str
    kind: str
    max_bytes: int
    replicas: int = 1

    @property
    def name(self) -> str:
        return stream_of(self.owner, self.kind)

    def config(self) -> dict[str, Any]:
        """The stream as the server's JSON API wants it.

        `deny_purge` stays off: trimming is a purge. Only the topology user is granted one.
        """
        subjects = stream_subjects(self.owner, self.kind)
        kept = ".".join(f"{{{{wildcard({place})}}}}" for place in (1, 2, 3))
        return {
            "name": self.name,
            "subjects": [subjects],
            "subject_transform": {
                "src": subjects,
                "dest": f"{self.owner}.{self.kind}.{kept}.{{{{partition({SLOTS},4)}}}}",
            },
            "storage": "file",
            "retention": "limits",
            "discard": "new",
            "max_bytes": self.max_bytes,
            "max_msg_size": MAX_MESSAGE_BYTES,
            "num_replicas": self.replicas,
            "duplicate_window": 120 * _NANOSECONDS,
            "allow_atomic": True,
            "deny_delete": True,
            "deny_purge": False,
        }


class Topology(msgspec.Struct, frozen=True, kw_only=True):
    """Every stream and every durable consumer of a deployment."""

    streams: tuple[Stream, ...]
    consumers: tuple[Consumer, ...]

    @property
    def max_file_store(self) -> int:
        """Bytes that the streams may take together; the server reserves them when they are made."""
        return sum(stream.max_bytes * stream.replicas for stream in self.streams)

    def consumers_of(self, stream: str) -> tuple[Consumer, ...]:
        return tuple(consumer for consumer in self.consumers if consumer.stream == stream)


class Change(msgspec.Struct, frozen=True):
    """What `apply` did or found: `unused` consumers exist on the server and in no declaration; they stay."""

    what: Literal["created", "updated", "unused"]
    name: str
    fields: tuple[str, ...] = ()


class Trimmed(msgspec.Struct, frozen=True, kw_only=True):
    """One stream after trimming: messages `removed`, the first that is left, and bytes as a part of its limit."""

    stream: str
    removed: int
    first: int
    fill: float


def topology(
    declarations: Iterable[Declaration],
    *,
    shards: Mapping[str, int] | None = None,
    replicas: int = 1,
    max_bytes: int = 1 << 30,
) -> Topology:
    """Derive the streams anyone reads or writes, and every shard's consumers; one shard unless said."""
    owned: set[tuple[str, str]] = set()
    consumers: dict[str, Consumer] = {}
    for declaration in declarations:
        for contract in (*declaration.reads, *declaration.facts):
            owned |= {(owner, contract.subject.kind) for owner in declaration.read_owners(contract)}
        for contract in declaration.writes:
            owned |= {(owner, contract.subject.kind) for owner in declaration.write_owners(contract)}
        count = (shards or {}).get(declaration.service, 1)
        for shard in range(count):
            consumers |= {consumer.name: consumer for consumer in declaration.consumers(shard, count)}
    for consumer in consumers.values():
        if len(set(consumer.filters)) != len(consumer.filters):
            raise ValueError(f"{consumer.name} reads a subject twice: {', '.join(consumer.filters)}")
    return Topology(
        streams=tuple(
            Stream(owner=owner, kind=kind, max_bytes=max_bytes, replicas=replicas)
            for owner, kind in sorted(owned)
            if kind != "qry"
        ),
        consumers=tuple(consumers[name] for name in sorted(consumers)),
    )


def _consumer_config(consumer: Consumer) -> dict[str, Any]:
    return {
        "name": consumer.name,
        "durable_name": consumer.name,
        "ack_policy": "none",
        "deliver_policy": "all",
        "replay_policy": "instant",
        "filter_subjects": list(consumer.filters),
        "max_waiting": _MAX_WAITING,
    }


async def apply(administration: Administration, wanted: Topology) -> tuple[Change, ...]:
    """Create what is missing and update what differs; a second run changes nothing.

    Raises `DestructiveChange`, before anything is changed, when a stream's subjects, retention, storage or slots
    differ or its new limit lies below what it holds.
    """
    existing = {
        stream.name: await _found(administration, f"STREAM.INFO.{stream.name}") for stream in wanted.streams
    }
    for stream in wanted.streams:
        _refuse_destruction(stream, existing[stream.name])
    made = [await _apply_stream(administration, stream, existing[stream.name]) for stream in wanted.streams]
    made += [await _apply_consumer(administration, consumer) for consumer in wanted.consumers]
    unused = [
        Change("unused", name)
        for stream in wanted.streams
        for name in await _consumer_names(administration, stream.name)
        if name not in {consumer.name for consumer in wanted.consumers_of(stream.name)}
    ]
    return (*(change for change in made if change is not None), *unused)


def _refuse_destruction(stream: Stream, found: dict[str, Any] | None) -> None:
    if found is None:
        return
    config, wanted = found["config"], stream.config()
    kept = [
        name
        for name in ("subjects", "subject_transform", "retention", "storage")
        if config.get(name) != wanted[name]
    ]
    if kept:
        raise DestructiveChange(
            f"{stream.name}: "
            + "; ".join(f"{name} is {config.get(name)}, the topology says {wanted[name]}" for name in kept)
        )
    if (held := found["state"]["bytes"]) > stream.max_bytes:
        raise DestructiveChange(f"{stream.name} holds {held} bytes, the topology allows {stream.max_bytes}")


async def _apply_stream(
    administration: Administration, stream: Stream, found: dict[str, Any] | None
) -> Change | None:
    if found is None:
        await administration.ask(f"STREAM.CREATE.{stream.name}", stream.config())
        return Change("created", stream.name)
    if differing := _differing(found["config"], stream.config()):
        await administration.ask(f"STREAM.UPDATE.{stream.name}", {**found["config"], **stream.config()})
        return Change("updated", stream.name, differing)
    return None


async def _apply_consumer(administration: Administration, consumer: Consumer) -> Change | None:
    found = await _found(administration, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}")
    differing = _differing(found["config"], _consumer_config(consumer)) if found else ()
    if found and not differing:
        return None
    await administration.ask(
        f"CONSUMER.CREATE.{consumer.stream}.{consumer.name}",
        {
            "stream_name": consumer.stream,
            "config": _consumer_config(consumer),
            "action": "update" if found else "create",
        },
    )
    return Change("updated" if found else "created", f"{consumer.stream}.{consumer.name}", differing)


def _differing(config: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(name for name, value in wanted.items() if config.get(name) != value)


async def _found(administration: Administration, subject: str) -> dict[str, Any] | None:
    try:
        return await administration.ask(subject, {})
    except Refused as refused:
        if refused.code in (_STREAM_NOT_FOUND, _CONSUMER_NOT_FOUND):
            return None
        raise


async def _consumer_names(administration: Administration, stream: str) -> Sequence[str]:
    names: list[str] = []
    while True:
        page = await administration.ask(f"CONSUMER.NAMES.{stream}", {"offset": len(names)})
        names += page["consumers"] or []
        if len(names) >= page["total"] or not page["consumers"]:
            return names


async def trim(
    administration: Administration,
    wanted: Topology,
    positions: Mapping[str, int],
    *,
    now: datetime,
    keep: timedelta = timedelta(days=7),
) -> tuple[Trimmed, ...]:
    """Remove what every consumer has handled and what is older than `keep`.

    `positions` are the sequences that each consumer's store has committed, by consumer name; one that is not
    reported holds its whole stream. A position counts up to the next message that its filters match, so a
    consumer whose subject is quiet does not hold the others'.
    """
    return tuple(
        [await _trim(administration, wanted, stream, positions, now - keep) for stream in wanted.streams]
    )


async def _trim(
    administration: Administration,
    wanted: Topology,
    stream: Stream,
    positions: Mapping[str, int],
    since: datetime,
) -> Trimmed:
    state = (await administration.ask(f"STREAM.INFO.{stream.name}", {}))["state"]
    removed = 0
    if state["messages"]:
        needed = await _first_since(administration, stream.name, state, since)
        for consumer in wanted.consumers_of(stream.name):
            position = positions.get(consumer.name, 0)
            needed = min(needed, await _next_for(administration, consumer, position, needed))
        if needed > state["first_seq"]:
            removed = (await administration.ask(f"STREAM.PURGE.{stream.name}", {"seq": needed}))["purged"]
            state = (await administration.ask(f"STREAM.INFO.{stream.name}", {}))["state"]
    return Trimmed(
        stream=stream.name,
        removed=removed,
        first=state["first_seq"],
        fill=state["bytes"] / stream.max_bytes,
    )


async def _next_for(administration: Administration, consumer: Consumer, position: int, bound: int) -> int:
    """The first sequence behind `position`, at most `bound`, that the consumer still has to read."""
    for filtered in consumer.filters:
        if position + 1 >= bound:
            return bound
        try:
            message = await administration.ask(
                f"STREAM.MSG.GET.{consumer.stream}", {"seq": position + 1, "next_by_subj": filtered}
            )
            bound = min(bound, message["message"]["seq"])
        except Refused as refused:
            if refused.code != _NO_MESSAGE_FOUND:
                raise
    return bound


async def _first_since(
    administration: Administration, stream: str, state: Mapping[str, Any], since: datetime
) -> int:
    """The first sequence stored at or after `since`; one past the last when all are older.

    Found by halving: sequences are stored in time's order, and `deny_delete` leaves no holes.
    """
    low, high = state["first_seq"], state["last_seq"] + 1
    while low < high:
        middle = (low + high) // 2
        found = await administration.ask(f"STREAM.MSG.GET.{stream}", {"seq": middle})
        if datetime.fromisoformat(found["message"]["time"]) < since:
            low = middle + 1
        else:
            high = middle
    return int(low)
