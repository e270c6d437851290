"""The bus in one process: the same promises as the server's, and its faults on request, from a seed.

`MemoryLog` stands for the server, `MemoryBus` for one service's connection. No thread, no socket, no real time.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

import msgspec

from .clock import Clock
from .declaration import Declaration
from .limits import check_batch, wire_size
from .permissions import LOG_API, Forbidden, Grant, covers, grants
from .ports import (
    BatchBusy,
    BatchHasDuplicate,
    Consumer,
    Delivery,
    Detached,
    Outgoing,
    PositionLost,
    PublishUnknown,
    Responder,
    StreamFull,
)
from .subjects import SLOTS
from .topology import Stream, topology

__all__ = ["Faults", "MemoryBus", "MemoryLog", "Stored", "slot_of"]

log = logging.getLogger(__name__)

_DUPLICATE_WINDOW = timedelta(seconds=120)


def slot_of(token: str) -> int:
    """The slot of a key token: 32-bit FNV-1a modulo 64, the server's `partition(64,n)`."""
    state = 0x811C9DC5
    for byte in token.encode():
        state = (state ^ byte) * 0x01000193 & 0xFFFFFFFF
    return state % SLOTS


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """Probabilities, from 0 to 1, that something goes wrong at one publish or at one lot.

    `unknown_before` and `unknown_after` answer `PublishUnknown` without and with storing; `busy` refuses a batch;
    `duplicate` stores some earlier message again, as a relay does whose ids the server has forgotten; `detach`
    interrupts a follower; `redeliver` starts a follower up to ten messages too early; `pace` varies the length of
    lots and which stream comes first. Within one stream nothing is ever reordered.
    """

    unknown_before: float = 0.0
    unknown_after: float = 0.0
    busy: float = 0.0
    duplicate: float = 0.0
    detach: float = 0.0
    redeliver: float = 0.0
    pace: float = 0.0


class Stored(msgspec.Struct, frozen=True):
    """One message in the log, its slot in its subject."""

    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes
    stored_at: datetime


class _StreamLog:
    """One stream: what is stored, which ids are remembered, who waits for more."""

    def __init__(self, config: Stream) -> None:
        self.config = config
        self.messages: list[Stored] = []
        self.last = 0
        self.bytes = 0
        self.ids: dict[str, datetime] = {}
        self.waiting: set[asyncio.Event] = set()

    def remembers(self, message_id: str, now: datetime) -> bool:
        stored_at = self.ids.get(message_id)
        return stored_at is not None and now - stored_at < _DUPLICATE_WINDOW

    def store(self, batch: Sequence[Outgoing], now: datetime) -> None:
        """All or none; raises `BatchHasDuplicate` or `StreamFull`."""
        ids = [message.message_id for message in batch]
        if len(set(ids)) < len(ids) or any(self.remembers(message_id, now) for message_id in ids):
            raise BatchHasDuplicate(self.config.name)
        size = sum(_size(message) for message in batch)
        if self.bytes + size > self.config.max_bytes:
            raise StreamFull(f"{self.config.name} holds {self.bytes} of {self.config.max_bytes} bytes")
        for message in batch:
            self.append(_slotted(message.subject), message.headers, message.data, now)
            self.ids[message.message_id] = now
        self.bytes += size
        while self.ids and not self.remembers(oldest := next(iter(self.ids)), now):
            del self.ids[oldest]

    def append(self, subject: str, headers: Mapping[str, str], data: bytes, now: datetime) -> None:
        self.last += 1
        self.messages.append(Stored(self.last, subject, dict(headers), data, now))
        self.wake()

    def wake(self) -> None:
        for event in self.waiting:
            event.set()

    def after(self, sequence: int) -> Iterable[Stored]:
        """What is stored behind a sequence, oldest first."""
        start = max(0, len(self.messages) - (self.last - sequence))
        return (self.messages[place] for place in range(start, len(self.messages)))


def _size(message: Outgoing | Stored) -> int:
    return wire_size(message.headers, message.data) + len(message.subject)


def _slotted(subject: str) -> str:
    head, _, token = subject.rpartition(".")
    return f"{head}.{slot_of(token)}"


class MemoryLog:
    """Every stream of a deployment, shared by the buses of its services.

    Streams, consumers and grants follow from the declarations as they do for a server. `faults` come from
    `random` alone, so one seed gives one history as long as the tasks run in one order.
    """

    def __init__(
        self,
        declarations: Iterable[Declaration],
        *,
        clock: Clock,
        shards: Mapping[str, int] | None = None,
        max_bytes: int = 1 << 30,
        faults: Faults | None = None,
        random: Random | None = None,
    ) -> None:
        declared = tuple(declarations)
        wanted = topology(declared, shards=shards, max_bytes=max_bytes)
        self.clock, self.random, self.faults = clock, random or Random(0), faults or Faults()
        self.streams = {stream.name: _StreamLog(stream) for stream in wanted.streams}
        self.consumers = {consumer.name: consumer for consumer in wanted.consumers}
        self.grants = {grant.name: grant for grant in grants(declared, shards=shards)}
        self.followers: dict[str, object] = {}
        self.responders: list[tuple[str, MemoryBus, Responder]] = []
        self.interruptions = 0

    def bus(self, service: str) -> "MemoryBus":
        """Connect one service; it may have several connections, as replicas have."""
        return MemoryBus(self, self.grants[service])

    def stored(self, stream: str) -> tuple[Stored, ...]:
        """Everything a stream holds."""
        return tuple(self.streams[stream].messages)

    def interrupt(self) -> None:
        """Break every connection once: all followers are detached."""
        self.interruptions += 1
        for stream in self.streams.values():
            stream.wake()

    def forget_ids(self, stream: str) -> None:
        """As after the duplicate window: what is published again is stored again."""
        self.streams[stream].ids.clear()

    def restore(self, stream: str, last: int) -> None:
        """As from an older copy that ends at sequence `last`: later messages and their ids are gone."""
        log = self.streams[stream]
        while log.messages and log.messages[-1].sequence > last:
            gone = log.messages.pop()
            log.bytes -= _size(gone)
            log.ids.pop(gone.headers["Nats-Msg-Id"], None)
        log.last = min(log.last, last)
        self.interrupt()

    def trim(self, stream: str, before: int) -> None:
        """Remove what lies below sequence `before`."""
        log = self.streams[stream]
        kept = [message for message in log.messages if message.sequence >= before]
        log.bytes -= sum(map(_size, log.messages)) - sum(map(_size, kept))
        log.messages = kept

    def chance(self, probability: float) -> bool:
        return probability > 0 and self.random.random() < probability


class MemoryBus:
    """One service's connection to a `MemoryLog`, within the same grant as on a server."""

    def __init__(self, log: MemoryLog, grant: Grant) -> None:
        self._log, self._grant = log, grant
        self._closed = False
        self._answering: set[asyncio.Task[bytes]] = set()

    async def follow(
        self, consumer: Consumer, after: int, limit: int
    ) -> AsyncGenerator[Sequence[Delivery], None]:
        """As the port promises."""
        stream, interruptions = self._attach(consumer, after), self._log.interruptions
        self._log.followers[consumer.name] = us = object()
        at = (
            after - self._log.random.randint(0, 10) if self._log.chance(self._log.faults.redeliver) else after
        )
        stirred = asyncio.Event()
        stream.waiting.add(stirred)
        try:
            while True:
                await self._pace()
                stirred.clear()
                if self._closed or self._log.interruptions > interruptions:
                    raise Detached(f"{consumer.name}: the connection broke")
                if self._log.followers[consumer.name] is not us:
                    raise Detached(f"{consumer.name}: somebody else follows")
                lot, at = self._lot(stream, consumer, max(at, 0), limit)
                if lot:
                    if self._log.chance(self._log.faults.detach):
                        raise Detached(f"{consumer.name}: interrupted by the fault plan")
                    yield lot
                else:
                    await stirred.wait()
        finally:
            stream.waiting.discard(stirred)

    def _attach(self, consumer: Consumer, after: int) -> _StreamLog:
        subject = f"{LOG_API}.CONSUMER.MSG.NEXT.{consumer.stream}.{consumer.name}"
        if self._closed or not self._grant.may_publish(subject):
            raise Detached(f"{consumer.name}: closed, or {subject} is outside the grant")
        if self._log.consumers.get(consumer.name) != consumer:
            raise Detached(f"{consumer.name} is not in the topology")
        stream = self._log.streams[consumer.stream]
        if after > stream.last:
            raise PositionLost(f"{consumer.stream} ends at {stream.last}, {consumer.name} was at {after}")
        return stream

    def _lot(self, stream: _StreamLog, consumer: Consumer, at: int, limit: int) -> tuple[list[Delivery], int]:
        """The next lot behind `at`, perhaps empty, and the sequence up to which the stream was searched."""
        most = self._log.random.randint(1, limit) if self._log.chance(self._log.faults.pace) else limit
        lot: list[Delivery] = []
        for stored in stream.after(at):
            if len(lot) == most:
                break
            at = stored.sequence
            if any(covers(pattern, stored.subject) for pattern in consumer.filters):
                lot.append(_delivery(consumer, stored))
        return lot, at

    async def publish(self, stream: str, batch: Sequence[Outgoing]) -> None:
        """As the port promises; a malformed batch is a `ValueError`, a subject outside the grant `Forbidden`."""
        check_batch(stream, batch)
        await self._publish(stream, batch)

    async def publish_one(self, stream: str, message: Outgoing) -> bool:
        """As the port promises."""
        check_batch(stream, [message])
        try:
            await self._publish(stream, [message])
        except BatchHasDuplicate:
            return True
        return False

    async def _publish(self, stream: str, batch: Sequence[Outgoing]) -> None:
        faults, chance = self._log.faults, self._log.chance
        for message in batch:
            self._permit(message.subject)
        await self._pace()
        if self._closed or stream not in self._log.streams or chance(faults.unknown_before):
            raise PublishUnknown(f"{stream} did not answer")
        if len(batch) > 1 and chance(faults.busy):
            raise BatchBusy(f"{stream}: too many open batches")
        log = self._log.streams[stream]
        log.store(batch, self._log.clock.now())
        if chance(faults.duplicate):
            again = self._log.random.choice(log.messages)
            log.append(again.subject, again.headers, again.data, self._log.clock.now())
            log.bytes += _size(again)
        if chance(faults.unknown_after):
            raise PublishUnknown(f"{stream} stored it and did not answer")

    async def request(self, subject: str, data: bytes, timeout: float) -> bytes:
        """As the port promises; at once when nobody listens."""
        self._permit(subject)
        await self._pace()
        listening = [(bus, reply) for pattern, bus, reply in self._log.responders if covers(pattern, subject)]
        if not listening or self._closed:
            raise TimeoutError(f"nobody listens on {subject}")
        bus, responder = self._log.random.choice(listening)
        answer = asyncio.ensure_future(responder(data))
        bus._answering.add(answer)
        answer.add_done_callback(bus._answered)
        limit = asyncio.ensure_future(self._log.clock.sleep(timeout))
        try:
            await asyncio.wait({answer, limit}, return_when=asyncio.FIRST_COMPLETED)
            if answer.done() and not answer.cancelled() and answer.exception() is None:
                return answer.result()
            await limit
        finally:
            limit.cancel()
        raise TimeoutError(f"no answer on {subject} in {timeout} s")

    async def respond(self, subject: str, responder: Responder) -> None:
        """As the port promises; raises `Forbidden`."""
        if not self._grant.may_subscribe(subject):
            raise Forbidden(subject)
        self._log.responders.append((subject, self, responder))

    async def close(self) -> None:
        """As the port promises."""
        self._closed = True
        self._log.responders = [entry for entry in self._log.responders if entry[1] is not self]
        if self._answering:
            await asyncio.wait(self._answering)
        for stream in self._log.streams.values():
            stream.wake()

    def _answered(self, answer: asyncio.Task[bytes]) -> None:
        self._answering.discard(answer)
        if not answer.cancelled() and (failure := answer.exception()) is not None:
            log.error("no answer: user=%s", self._grant.name, exc_info=failure)

    def _permit(self, subject: str) -> None:
        if not self._grant.may_publish(subject):
            raise Forbidden(subject)

    async def _pace(self) -> None:
        """Let other tasks run; how often is what makes streams overtake each other."""
        turns = self._log.random.randint(1, 5) if self._log.chance(self._log.faults.pace) else 1
        for _ in range(turns):
            await asyncio.sleep(0)


def _delivery(consumer: Consumer, stored: Stored) -> Delivery:
    return Delivery(
        consumer=consumer.name,
        stream=consumer.stream,
        sequence=stored.sequence,
        subject=stored.subject,
        headers=stored.headers,
        data=stored.data,
        stored_at=stored.stored_at,
    )
