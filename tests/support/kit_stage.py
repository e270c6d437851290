"""An adapter on a stage: real host, real transactions, real memory bus, a hand-written vendor, virtual time.

The store and the bus outlive the adapter, so that a scene can crash it at any moment and start it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import date
from random import Random
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import create_engine, select
from sqlalchemy.engine import Connection, Row
from sqlalchemy.pool import StaticPool

from bus import tables
from bus.declaration import Declaration
from bus.envelope import Envelope
from bus.host import Host
from bus.ids import derived_id
from bus.memory import MemoryLog
from bus.ports import Outgoing
from bus.store import Store
from bus.subjects import publish_subject, stream_of
from contracts import CONTRACTS, Contract
from contracts.ledgers.v1 import TakeSnapshot
from contracts.postings.v1 import PostTime, TimePosted
from contracts.timesheets.v1 import TimeApproved, TimeWithdrawn
from contracts.types import ConnectionName, EngagementId, EntityCode, EntryId, RecordId, TaskCode, WorkerId
from services.adapterkit.adapter import Adapter, adapter_service
from services.adapterkit.carry import Carry
from services.adapterkit.connector import Budget, Connector
from services.adapterkit.governor import Governor
from services.adapterkit.window import EffectWindow
from tests.support.kit_clock import SimulatedClock

__all__ = ["BOOKS", "MemoryStore", "Stage", "post_time", "posting"]

T = TypeVar("T")

BOOKS = ConnectionName("books")


class MemoryStore:
    """What `bus.store.Store` promises, in memory. It outlives the hosts that use it, as a file would."""

    def __init__(self) -> None:
        self._connection = create_engine("sqlite://", poolclass=StaticPool).connect()
        tables.METADATA.create_all(self._connection)
        self._connection.commit()
        self.epoch = 0
        self.commits = 0

    async def write(self, work: Callable[[Connection], T]) -> T:
        await asyncio.sleep(0.002)
        with self._connection.begin():
            done = work(self._connection)
        self.commits += 1
        return done

    async def read(self, work: Callable[[Connection], T]) -> T:
        with self._connection.begin():
            return work(self._connection)

    def rows(self, statement: Any) -> Sequence[Row[Any]]:
        with self._connection.begin():
            return self._connection.execute(statement).all()

    def effects(self) -> dict[str, Row[Any]]:
        """The effect rows by key."""
        return {row.key: row for row in self.rows(select(tables.effect))}

    def change(self, statement: Any) -> None:
        with self._connection.begin():
            self._connection.execute(statement)

    def close(self) -> None:
        self._connection.close()
        self._connection.engine.dispose()


def post_time(
    entry: str = "kantata:1", *, revision: int = 1, engagement: str = "E-1", minutes: int = 60
) -> PostTime:
    """A command to post one revision of a time entry."""
    return PostTime(
        entry=EntryId(entry), revision=revision, engagement=EngagementId(engagement), project_record=RecordId("7"),
        task=TaskCode("build"), task_record=RecordId("8"), worker=WorkerId("W-1"), labour_category="senior",
        legal_entity=EntityCode("US01"), work_date=date(2026, 11, 18), posting_date=date(2026, 11, 18),
        minutes=minutes, billable=True,
    )  # fmt: skip


def _posted(command: PostTime, result: Any, connection: ConnectionName) -> TimePosted:
    return TimePosted(
        entry=command.entry, revision=command.revision, engagement=command.engagement, record=result["record"],
        minutes=command.minutes, posting_date=command.posting_date, amount=None, connection=connection,
    )  # fmt: skip


def posting(*, lane: Callable[[PostTime], str] = lambda command: command.entry, priority: int = 5) -> Carry:
    """How `PostTime` is carried out on this stage."""
    return Carry(
        command=PostTime, verb="post_time", answers=TimePosted, lane=lane, priority=priority, receipt=_posted,
        key=lambda command: f"{command.entry}#{command.revision}", reference=lambda command: str(command.entry),
    )  # fmt: skip


class Stage:
    """One adapter service `erp` and somebody who sends it commands and reads what it publishes."""

    def __init__(
        self, connector: Connector, *, carries: Sequence[Carry] = (posting(),), budget: Budget | None = None,
        seed: int = 0,
    ) -> None:  # fmt: skip
        self.connector, self.budget = connector, budget or Budget(at_once=4, per_second=1000.0, head_room=0.0)
        self.clock, self.store, self.alarms = SimulatedClock(), MemoryStore(), list[str]()
        self._random = Random(seed)
        self.service = adapter_service("erp", carries, (TimeApproved, TimeWithdrawn), BOOKS)
        commands = tuple(carry.command for carry in carries)
        asker = Declaration(service="tester", writes=(*commands, TakeSnapshot), writes_to=("erp",))
        self.log = MemoryLog([self.service.declaration(), asker], clock=self.clock)
        self._asker, self._sent = self.log.bus("tester"), 0
        self._running: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Start host and adapter, as a new process would."""
        self.store.epoch += 1
        self.window = EffectWindow()
        self.host = Host(
            service=self.service, store=cast("Store", self.store), bus=self.log.bus("erp"), catalogue=CONTRACTS,
            clock=self.clock, admission=self.window,
        )  # fmt: skip
        self.governor = Governor(
            self.budget, name=self.connector.name, product=self.connector.product, clock=self.clock,
            random=self._random, on_paused=self.alarms.append,
        )  # fmt: skip
        self.adapter = Adapter(
            self.host, self.connector, self.governor, self.window, self.clock, self._random
        )
        self._running = [asyncio.ensure_future(self.host.run()), asyncio.ensure_future(self.adapter.run())]

    async def crash(self) -> None:
        """End everything at once, wherever it stands; raises what had stopped it before."""
        for task in self._running:
            task.cancel()
        ends = await asyncio.gather(*self._running, return_exceptions=True)
        for end in ends:
            if isinstance(end, BaseException) and not isinstance(end, asyncio.CancelledError):
                raise end

    async def stop(self, within: float = 30.0) -> None:
        """Stop the adapter gracefully, then the host."""
        self.adapter.stop(within=within)
        await self._running[1]
        while self.host.unrelayed:
            await self.clock.sleep(0.1)
        await self.crash()

    async def send(self, *messages: Contract, again: int | None = None) -> None:
        """Publish messages to the service; `again` repeats the message id of an earlier one, counted from 1."""
        for message in messages:
            self._sent += 1
            envelope = Envelope(
                id=derived_id("sent", again or self._sent), type=message.wire_name(), source="/test",
                time=self.clock.now(), key=message.key,
            )  # fmt: skip
            subject = publish_subject(message)
            outgoing = Outgoing(subject=subject, headers=envelope.headers(), data=CONTRACTS.encode(message))
            await self._asker.publish_one(stream_of(*subject.split(".", 2)[:2]), outgoing)

    def heard(self, contract: type[T]) -> list[T]:
        """What the service published of one contract, in order."""
        stored = self.log.stored("ERP_EVT") + self.log.stored("TIME_EVT")
        read = (CONTRACTS.decode(message.headers["ce-type"], message.data) for message in stored)
        return [message for message in read if isinstance(message, contract)]

    def statuses(self) -> dict[str, int]:
        """How many effects stand in which status."""
        found: dict[str, int] = {}
        for row in self.store.effects().values():
            found[row.status] = found.get(row.status, 0) + 1
        return found

    def result(self, key: str) -> Any:
        """What an applied effect reported."""
        return msgspec.json.decode(self.store.effects()[key].result)

    async def until(self, holds: Callable[[], bool], *, within: float = 7200.0) -> None:
        """Let time pass until something holds; fails with what the effects look like if it does not."""
        end = self.clock.monotonic() + within
        while not holds():
            for task in self._running:
                if task.done():
                    task.result()
            assert self.clock.monotonic() < end, f"still not so after {within} s: {self.statuses()}"
            await self.clock.sleep(0.25)

    async def until_settled(self, count: int, *, within: float = 7200.0) -> None:
        """Until so many effects came to an end."""

        def settled() -> bool:
            statuses = self.statuses()
            return sum(statuses.get(status, 0) for status in ("applied", "refused", "unsure")) >= count

        await self.until(settled, within=within)
