"""The actor host of one shard: follows the log, decides in batches, commits, relays. One loop, one writer."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.engine import Connection, Row

from contracts import Catalogue
from contracts.policies.v1 import Policy, PolicyPublished

from . import tables
from .actor import Internal, Service
from .arrival import Arrival, Codec, Illegible
from .batch import Admission, Batch, Result, Settlement
from .clock import Clock
from .moments import micros
from .outbox import OutboxBatch, relay
from .ports import Bus, Consumer, Delivery, Detached, Outgoing, PositionLost
from .rows import Rows
from .store import Store

__all__ = ["Address", "Host", "Limits"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much a shard takes on at once, and how long its inbox remembers.

    Above `outbox` waiting batches it stops pulling. `remember` has to exceed the longest time after which a message
    may be published again, from an outbox that could not be emptied for one.
    """

    batch: int = 500
    backlog: int = 2_000
    outbox: int = 200
    remember: timedelta = timedelta(days=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """An internal message on its way to an actor (`kind/key`); `id` makes a repeat recognisable."""

    actor: str
    body: Internal
    id: str


@dataclass(slots=True)
class _Work:
    """What somebody inside the service hands to the host, and the promise that it was committed."""

    committed: asyncio.Future[Result]
    addresses: Sequence[Address] = ()
    settlements: Sequence[Settlement] = ()
    replay: Sequence[int] | None = None


@dataclass(slots=True)
class _Attachment:
    """What was pulled for one consumer and not handled yet. A new attachment voids what the old one pulled."""

    consumer: Consumer
    number: int = 0
    pulled: deque[Delivery] = field(default_factory=deque)


class Host:
    """Runs the actors of one shard until it is cancelled or cannot go on.

    Redelivery means exactly one thing, a crash: the host never naks. What it pulled and did not commit is pulled
    again from the position that is in the store.
    """

    def __init__(
        self, *, service: Service, store: Store, bus: Bus, catalogue: Catalogue, clock: Clock,
        admission: Admission | None = None, limits: Limits | None = None,
        consumers: Sequence[Consumer] | None = None,
    ) -> None:  # fmt: skip
        self.service, self.store, self.bus, self.clock = service, store, bus, clock
        self.codec = Codec(catalogue, service.internal)
        self.policy: tuple[str, Policy] | None = None
        self.positions: dict[str, int] = {}
        self.on_admitted: Callable[[Sequence[Row[Any]]], None] = lambda rows: None
        self.beat: Callable[[], None] = lambda: None
        self._admission, self._limits = admission, limits or Limits()
        declared = service.declaration().consumers() if consumers is None else consumers
        self._attachments = {consumer.name: _Attachment(consumer) for consumer in declared}
        self._work: deque[_Work] = deque()
        self._stirred = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._policy_known = asyncio.Event()
        self._next_due: int | None = 0
        self._next_batch = 1
        self._tidy_at = clock.now()
        self._lanes: dict[str, asyncio.Queue[OutboxBatch]] = {}
        self._relayed: list[int] = []
        self.unrelayed = 0

    # -- for the rest of the service

    async def tell(self, *addresses: Address) -> Result:
        """Hand internal messages to actors; returns when what they led to is committed."""
        return await self._submit(_Work(asyncio.get_running_loop().create_future(), addresses=addresses))

    async def settle(self, *settlements: Settlement) -> Result:
        """Record how effects ended; returns when that and what it led to is committed."""
        return await self._submit(_Work(asyncio.get_running_loop().create_future(), settlements=settlements))

    async def replay(self, ids: Sequence[int] = ()) -> Result:
        """Take parked messages up again, in order; all of them without ids."""
        return await self._submit(_Work(asyncio.get_running_loop().create_future(), replay=ids))

    async def room(self) -> None:
        """Wait until the outbox is short enough to take on more. Feeds wait here before they poll."""
        await self._room.wait()

    async def _submit(self, work: _Work) -> Result:
        self._work.append(work)
        self._stirred.set()
        return await work.committed

    # -- running

    async def run(self) -> None:
        """Recover, then work. Raises what stops the shard: `Fenced`, `PositionLost`, a broken store."""
        positions, left_over = await self.store.read(self._recover)
        async with asyncio.TaskGroup() as group:
            for batch in left_over:
                self._relay_later(batch, group)
            self.positions = positions
            for attachment in self._attachments.values():
                group.create_task(self._follow(attachment))
            while True:
                await self._sleep_until_stirred()
                result = await self._one_batch()
                for batch in result.outbox:
                    self._relay_later(batch, group)
                self.beat()

    def _recover(self, connection: Connection) -> tuple[dict[str, int], list[OutboxBatch]]:
        """Read positions, policy and the outbox that an earlier process left."""
        table = tables.position.c
        rows = connection.execute(select(table.consumer, table.sequence))
        positions = {row.consumer: row.sequence for row in rows}
        newest = select(tables.policy).order_by(tables.policy.c.id.desc()).limit(1)
        if (row := connection.execute(newest).one_or_none()) is not None:
            self.policy = (row.hash, msgspec.json.decode(row.body, type=Policy))
            self._policy_known.set()
        batches: dict[tuple[int, str], list[Outgoing]] = {}
        for row in connection.execute(
            select(tables.outbox).order_by(tables.outbox.c.batch, tables.outbox.c.id)
        ):
            outgoing = Outgoing(subject=row.subject, headers=msgspec.json.decode(row.headers), data=row.data)
            batches.setdefault((row.batch, row.stream), []).append(outgoing)
        self._next_batch = max((number for number, _ in batches), default=0) + 1
        left_over = [OutboxBatch(number, stream, tuple(rows)) for (number, stream), rows in batches.items()]
        return positions, left_over

    async def _sleep_until_stirred(self) -> None:
        """Until something was pulled, handed in or is due; at most a second, so that the heart beats."""
        while not self._has_work():
            self._stirred.clear()
            self.beat()
            wait = 1.0
            if self._next_due is not None:
                wait = min(wait, max(0.0, (self._next_due - micros(self.clock.now())) / 1e6))
            sleeper = asyncio.ensure_future(self.clock.sleep(wait))
            stirred = asyncio.ensure_future(self._stirred.wait())
            try:
                await asyncio.wait({sleeper, stirred}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
                stirred.cancel()

    def _has_work(self) -> bool:
        due = self._next_due is not None and self._next_due <= micros(self.clock.now())
        return bool(due or self._work or len(self._relayed) > 100
                    or any(attachment.pulled for attachment in self._attachments.values()))  # fmt: skip

    async def _one_batch(self) -> Result:
        work, room = [], self._limits.batch
        while self._work and room > 0:
            work.append(self._work.popleft())
            room -= len(work[-1].addresses) + len(work[-1].settlements) + 1
        pulled = self._take(max(room, 0))
        relayed, self._relayed = self._relayed, []
        try:
            result = await self.store.write(
                lambda connection: self._decide(connection, work, pulled, relayed)
            )
        except BaseException as failure:
            for item in work:
                if not item.committed.done():
                    item.committed.set_exception(failure) if isinstance(
                        failure, Exception
                    ) else item.committed.cancel()
            raise
        self._after_commit(result, pulled)
        for item in work:
            if not item.committed.done():
                item.committed.set_result(result)
        return result

    def _take(self, room: int) -> list[Delivery]:
        """What was pulled, fairly from all consumers, without what a position has passed already."""
        taken: list[Delivery] = []
        share = max(
            1, room // max(1, sum(1 for attachment in self._attachments.values() if attachment.pulled))
        )
        for attachment in self._attachments.values():
            passed = self.positions.get(attachment.consumer.name, 0)
            count = 0
            while attachment.pulled and count < share and len(taken) < room:
                delivery = attachment.pulled.popleft()
                if delivery.sequence > passed:
                    taken.append(delivery)
                    count += 1
        return taken

    def _decide(
        self,
        connection: Connection,
        work: Sequence[_Work],
        pulled: Sequence[Delivery],
        relayed: Sequence[int],
    ) -> Result:
        now = self.clock.now()
        arrived: list[Arrival | Illegible] = [
            self.codec.internal(address.body, message=address.id, at=now, actor=address.actor, cause=None)
            for item in work
            for address in item.addresses
        ]
        arrived += [self.codec.read(delivery) for delivery in pulled]
        replays = [item.replay for item in work if item.replay is not None]
        if relayed:
            connection.execute(delete(tables.outbox).where(tables.outbox.c.batch.in_(relayed)))
        if now >= self._tidy_at:
            self._tidy_at = now + timedelta(hours=1)
            known = tables.inbox.c.handled_at
            connection.execute(delete(tables.inbox).where(known < micros(now - self._limits.remember)))
        batch = Batch(Rows(connection), self.service, self.codec, self.policy, now, self._next_batch)
        return batch.run(
            arrived,
            positions={delivery.consumer: delivery.sequence for delivery in pulled},
            settlements=[settlement for item in work for settlement in item.settlements],
            replay=None
            if not replays
            else []
            if [] in map(list, replays)
            else [i for ids in replays for i in ids],
            admission=self._admission,
            limit=self._limits.batch,
            timers=self.policy is not None or not self.service.needs_policy,
        )

    def _after_commit(self, result: Result, pulled: Sequence[Delivery]) -> None:
        for delivery in pulled:
            self.positions[delivery.consumer] = delivery.sequence
        self._next_due = result.next_due
        self._next_batch += len(result.outbox)
        if result.policy is not None:
            self.policy = result.policy
            self._policy_known.set()
        if result.admitted:
            self.on_admitted(result.admitted)

    # -- the log

    async def _follow(self, attachment: _Attachment) -> None:
        """Pull for one consumer for ever; after an interruption from the position that is committed."""
        consumer = attachment.consumer
        policy_subject = PolicyPublished.subject.owned_by(PolicyPublished.subject.owner)
        if self.service.needs_policy and not any(
            name.startswith(policy_subject) for name in consumer.filters
        ):
            await self._policy_known.wait()
        while True:
            attachment.pulled.clear()
            position = self.positions.get(consumer.name, 0)
            try:
                async with aclosing(self.bus.follow(consumer, position, self._limits.batch)) as lots:
                    async for lot in lots:
                        attachment.pulled.extend(lot)
                        self._stirred.set()
                        while len(attachment.pulled) > self._limits.backlog or not self._room.is_set():
                            await self.clock.sleep(0.02)
            except Detached as reason:
                log.info(
                    "following again: consumer=%s position=%d reason=%s", consumer.name, position, reason
                )
                await self.clock.sleep(0.1)
            except PositionLost:
                log.critical(
                    "position beyond the stream's end: consumer=%s position=%d", consumer.name, position
                )
                raise

    # -- the outbox

    def _relay_later(self, batch: OutboxBatch, group: asyncio.TaskGroup) -> None:
        """Batches of one stream go out one after the other; streams do not wait for each other."""
        if batch.stream not in self._lanes:
            self._lanes[batch.stream] = asyncio.Queue()
            group.create_task(self._relay_lane(self._lanes[batch.stream]))
        self._lanes[batch.stream].put_nowait(batch)
        self.unrelayed += 1
        if self.unrelayed >= self._limits.outbox:
            self._room.clear()

    async def _relay_lane(self, lane: asyncio.Queue[OutboxBatch]) -> None:
        while True:
            batch = await lane.get()
            await relay(self.bus, batch, self.clock)
            self._relayed.append(batch.number)
            self.unrelayed -= 1
            if self.unrelayed < self._limits.outbox:
                self._room.set()
            if lane.empty():
                self._next_due = min(self._next_due or 2**62, micros(self.clock.now()) + 500_000)

    # -- what others may know

    async def counts(self) -> dict[str, int]:
        """Rows that wait: outbox messages, timers, open exceptions, parked messages."""

        def count(connection: Connection) -> dict[str, int]:
            exceptions = select(func.count()).where(tables.exception.c.resolved_at.is_(None))
            found = {
                "outbox": connection.scalar(select(func.count()).select_from(tables.outbox)),
                "timers": connection.scalar(select(func.count()).select_from(tables.timer)),
                "parked": connection.scalar(select(func.count()).select_from(tables.parked)),
                "exceptions_open": connection.scalar(exceptions),
            }
            by_status = select(tables.effect.c.status, func.count()).group_by(tables.effect.c.status)
            found |= {f"effects_{row[0]}": row[1] for row in connection.execute(by_status)}
            return {name: int(value or 0) for name, value in found.items()}

        return await self.store.read(count)
