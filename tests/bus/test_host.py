"""The host's promises: once, in order, together or not at all, nothing silent, wherever a crash may come."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from bus import tables
from bus.clock import SystemClock
from bus.decision import Decision, Later
from bus.host import Limits
from bus.memory import Faults, MemoryLog
from bus.outbox import OutboxBatch, cut
from bus.ports import Outgoing
from bus.store import Fenced, ShardTaken, Store
from contracts import CONTRACTS, Catalogue
from contracts.exceptions.v1 import ExceptionRaised, ReleaseException
from contracts.reference.v1 import RateCardChanged
from contracts.timesheets.v1 import TimeApproved
from tests.support.business import approved
from tests.support.tally import on_time, running, send, service, settled, sums, tally_log

NOTES = "TIME_CMD"


def time(number: int, *, engagement: str = "E-1", task: str = "T1", minutes: int = 10) -> TimeApproved:
    return approved(entry=f"kantata:{number}", engagement=engagement, task=task, minutes=minutes)


def rate(version: int = 1) -> RateCardChanged:
    return RateCardChanged(rate_card="RC", version=version, currency="EUR", rates={}, connection="netsuite")


def notes(log: MemoryLog) -> list[str]:
    """The sums that were said, in stored order, repeats by id left out as every receiver leaves them out."""
    said: dict[str, str] = {}
    for stored in log.stored(NOTES):
        message: Any = CONTRACTS.decode(stored.headers["ce-type"], stored.data)
        said.setdefault(stored.headers["ce-id"], f"{message.engagement} {message.message}")
    return list(said.values())


async def test_messages_of_one_key_are_handled_in_order_and_each_once(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), *(time(n, engagement=f"E-{n % 3}") for n in range(300)))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        found = await sums(host)
    assert found["E-0"].seen == tuple(f"kantata:{n}" for n in range(0, 300, 3))
    assert [found[f"E-{n}"].minutes for n in range(3)] == [1000, 1000, 1000]
    assert len(notes(log)) == 300


async def test_message_that_the_log_holds_twice_takes_effect_once(tmp_path: Path) -> None:
    log = tally_log()
    for _ in range(3):
        await send(log.bus("world"), time(1), time(2))
        log.forget_ids("TIME_EVT")
    assert len(log.stored("TIME_EVT")) == 6
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 20


async def test_without_the_inbox_the_repeat_would_count(tmp_path: Path) -> None:
    """Negative control: the inbox is what the test above proves."""
    log = tally_log()
    await send(log.bus("world"), time(1))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        await host.store.write(lambda connection: connection.execute(delete(tables.inbox)))
        log.forget_ids("TIME_EVT")
        await send(log.bus("world"), time(1))
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 20


class Crash(Exception):
    """The process is gone."""


class CrashingStore(Store):
    """Dies in one of its transactions, before or after the commit."""

    countdown = 0
    after = False

    async def write(self, work: Any) -> Any:
        CrashingStore.countdown -= 1
        if CrashingStore.countdown != 0:
            return await super().write(work)
        if CrashingStore.after:
            await super().write(work)
            raise Crash

        def dying(connection: Any) -> Any:
            work(connection)
            raise Crash

        return await super().write(dying)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), crashes=st.lists(st.tuples(st.integers(1, 6), st.booleans()), max_size=6))
def test_crashes_and_a_bad_bus_change_nothing_that_counts(
    tmp_path_factory: pytest.TempPathFactory, seed: int, crashes: list[tuple[int, bool]]
) -> None:
    faults = Faults(
        unknown_before=0.05, unknown_after=0.05, busy=0.05, duplicate=0.1, detach=0.1, redeliver=0.2, pace=0.5
    )
    path = tmp_path_factory.mktemp("store") / "s.db"

    async def live() -> tuple[dict[str, Any], list[str]]:
        log = tally_log(faults, random=Random(seed))
        await send(tally_world(log), *(time(n, engagement=f"E-{n % 4}") for n in range(40)))
        for when, after in crashes:
            CrashingStore.countdown, CrashingStore.after = when, after
            try:
                async with running_on(CrashingStore, log, path) as host:
                    await settled(host, log)
            except (Crash, BaseExceptionGroup, TimeoutError):
                pass
        CrashingStore.countdown = 0
        async with running(log, path) as host:
            await settled(host, log)
            return await sums(host), notes(log)

    found, said = asyncio.run(live())
    for n in range(4):
        assert found[f"E-{n}"].seen == tuple(f"kantata:{m}" for m in range(n, 40, 4))
        mine = [words for words in said if words.startswith(f"E-{n} ")]
        assert mine == [f"E-{n} {10 * m}" for m in range(1, 11)]


def tally_world(log: MemoryLog) -> Any:
    """The world publishes without faults: what is tested is ours."""
    faults, log.faults = log.faults, Faults()

    class Calm:
        async def publish_one(self, stream: str, message: Outgoing) -> bool:
            log.faults, before = Faults(), log.faults
            try:
                return await log.bus("world").publish_one(stream, message)
            finally:
                log.faults = before

    log.faults = faults
    return Calm()


def running_on(kind: type[Store], log: MemoryLog, path: Path) -> Any:
    return running(log, path, store_kind=kind)


async def test_poison_parks_its_own_key_and_neighbours_go_on(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1, task="poison"), time(2), time(3, engagement="E-2"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        parked = await host.store.read(lambda connection: connection.execute(select(tables.parked)).all())
        assert [(row.actor, row.reason) for row in parked] == [
            ("tally/E-1", "failed"),
            ("tally/E-1", "behind"),
        ]
        assert parked[0].data == log.stored("TIME_EVT")[0].data
        assert list(await sums(host)) == ["E-2"]


async def test_parked_messages_are_replayed_in_order_once_the_cause_is_mended(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1, task="poison"), time(2), time(3))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        await host.replay()
        assert (await host.counts())["parked"] == 3

    def mended(state: Any, message: Any, facts: Any, policy: Any) -> Decision[Any]:
        event = message.body
        if event.task == "poison":
            message = type(message)(id=message.id, at=message.at, body=time(1))
        return on_time(state, message, facts, policy)

    async with running(log, tmp_path / "s.db", made=service(decide=mended)) as host:
        await host.replay()
        assert (await sums(host))["E-1"].seen == ("kantata:1", "kantata:2", "kantata:3")
        assert (await host.counts())["parked"] == 0
        await host.replay()
        assert (await sums(host))["E-1"].minutes == 30


async def test_handler_may_park_by_itself(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1, task="park"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        row = await host.store.read(lambda connection: connection.execute(select(tables.parked)).one())
        assert (row.reason, row.detail) == ("parked", "a person has to look")


async def test_illegible_bytes_are_kept_and_a_future_version_is_handled_after_the_upgrade(
    tmp_path: Path,
) -> None:
    log = tally_log()
    world = log.bus("world")
    await send(world, time(1))
    good = log.stored("TIME_EVT")[0]
    for number, (headers, data) in enumerate(
        [
            ({**good.headers, "Nats-Msg-Id": "x1", "ce-id": "x1"}, b"\xff not json"),
            (
                {name: value for name, value in good.headers.items() if name != "ce-type"}
                | {"Nats-Msg-Id": "x2"},
                b"{}",
            ),
            ({**good.headers, "Nats-Msg-Id": "x3", "ce-id": "x3", "ce-partitionkey": "E-9"}, good.data),
        ]
    ):
        subject = f"time.evt.entry.approved.v1.k{number}"
        await world.publish_one("TIME_EVT", Outgoing(subject=subject, headers=headers, data=data))
    older = Catalogue([contract for contract in CONTRACTS if contract is not TimeApproved])
    async with running(log, tmp_path / "s.db", catalogue=older) as host:
        await settled(host, log)
        rows = await host.store.read(lambda connection: connection.execute(select(tables.parked)).all())
        assert [row.reason for row in rows] == [
            "future-version",
            "future-version",
            "malformed",
            "future-version",
        ]
    async with running(log, tmp_path / "s.db") as host:
        await host.replay()
        assert (await sums(host))["E-1"].minutes == 10
        rows = await host.store.read(lambda connection: connection.execute(select(tables.parked)).all())
        assert len(rows) == 3, "what is still illegible stays"


async def test_message_put_off_and_timer_come_due_after_a_restart(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1, task="later"), time(2, task="timer", engagement="E-2"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
    async with running(log, tmp_path / "s.db") as host:
        async with asyncio.timeout(5):
            while (await host.counts())["timers"]:
                await asyncio.sleep(0.02)
        found = await sums(host)
        assert found["E-1"].minutes == 10
        assert found["E-2"].seen == ("tick",)


async def test_message_put_off_again_and_again_waits_each_time(tmp_path: Path) -> None:
    """The delay counts from now, not from when the message was published long ago."""

    def later(state: Any, message: Any, facts: Any, policy: Any) -> Decision[Any]:
        return Decision(outcome=Later(timedelta(milliseconds=200)))

    log = tally_log()
    await send(log.bus("world"), time(1), at=datetime(2026, 1, 1, tzinfo=UTC))
    async with running(log, tmp_path / "s.db", made=service(decide=later)) as host:
        await settled(host, log)
        await asyncio.sleep(0.7)
        seen = await host.store.read(lambda c: c.scalar(select(func.count()).select_from(tables.lineage)))
    assert 2 <= seen <= 5


async def test_missing_fact_raises_one_exception_and_its_arrival_resolves_it(tmp_path: Path) -> None:
    log = tally_log()
    world = log.bus("world")
    await send(world, time(1, task="rate"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        assert (await host.counts())["exceptions_open"] == 1
        await send(world, rate(), first=50)
        async with asyncio.timeout(5):
            while (await host.counts())["exceptions_open"]:
                await asyncio.sleep(0.02)
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 10
    types = [stored.headers["ce-type"] for stored in log.stored("TALLY_EVT")]
    assert types == ["exceptions.exception-raised.v1", "exceptions.exception-resolved.v1"]


async def test_older_version_of_a_fact_never_replaces_a_newer_one(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), rate(5), rate(3))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        version = await host.store.read(lambda connection: connection.scalar(select(tables.fact.c.version)))
        assert version == 5


async def test_person_releases_by_command_and_a_second_release_changes_nothing(tmp_path: Path) -> None:
    log = tally_log()
    world = log.bus("world")
    await send(world, time(1, task="rate"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        raised: Any = CONTRACTS.decode(ExceptionRaised.wire_name(), log.stored("TALLY_EVT")[0].data)
        release = ReleaseException(
            exception=raised.exception, service="tally", requested_by="ann", reason="go"
        )
        await send(world, release, release, first=60)
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 10
        rejected = select(tables.lineage.c.note).where(tables.lineage.c.outcome == "rejected")
        assert "is not open" in str(await host.store.read(lambda c: c.scalar(rejected)))


async def test_message_too_large_to_send_parks_its_cause_and_blocks_nobody(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1, task="huge"), time(2, engagement="E-2"))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        row = await host.store.read(lambda connection: connection.execute(select(tables.parked)).one())
        assert (row.reason, row.detail.split()[0]) == ("failed", "Oversized")
        assert list(await sums(host)) == ["E-2"]


async def test_every_delivered_message_is_done_parked_or_waiting(tmp_path: Path) -> None:
    log = tally_log()
    tasks = ["T1", "poison", "park", "later", "rate", "huge", "timer", "T2"]
    await send(
        log.bus("world"), *(time(n, task=task, engagement=f"E-{n}") for n, task in enumerate(tasks)), rate(9)
    )
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        lineage = select(tables.lineage.c.message)
        done = set(await host.store.read(lambda connection: connection.scalars(lineage).all()))
        counts = await host.counts()
    assert len(done & {f"m{n}" for n in range(1, 10)}) + counts["parked"] == 9


async def test_trace_goes_on_from_cause_to_effect_and_begins_where_there_is_none(tmp_path: Path) -> None:
    log = tally_log()
    world = log.bus("world")
    await send(world, time(1), time(2, task="later", engagement="E-2"))
    trace = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"
    first = log.stored("TIME_EVT")[0]
    headers = {**first.headers, "Nats-Msg-Id": "t1", "ce-id": "t1", "traceparent": trace}
    await world.publish_one(
        "TIME_EVT", Outgoing(subject="time.evt.entry.approved.v1.E-1", headers=headers, data=first.data)
    )
    async with running(log, tmp_path / "s.db") as host:
        async with asyncio.timeout(5):
            while len(log.stored(NOTES)) < 3:
                await asyncio.sleep(0.02)
        await settled(host, log)
    contexts = {one.headers["ce-cause"]: one.headers["traceparent"].split("-") for one in log.stored(NOTES)}
    assert contexts["t1"][1] == "ab" * 16
    assert contexts["t1"][2] != "cd" * 8
    assert len({context[1] for context in contexts.values()}) == 3


async def test_inbox_forgets_what_is_older_than_it_has_to_remember(tmp_path: Path) -> None:
    log = tally_log()
    await send(log.bus("world"), time(1))
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        await host.store.write(lambda c: c.execute(update(tables.inbox).values(handled_at=1)))
    await send(log.bus("world"), time(2), first=2)
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        kept = await host.store.read(lambda c: c.scalars(select(tables.inbox.c.message)).all())
    assert kept == ["m2"]


async def test_second_process_cannot_open_the_store(tmp_path: Path) -> None:
    log = tally_log()
    async with running(log, tmp_path / "s.db"):
        with pytest.raises(ShardTaken):
            await running(log, tmp_path / "s.db").__aenter__()


async def test_owner_that_was_overtaken_commits_nothing(tmp_path: Path) -> None:
    """A paused owner wakes up after a takeover: its epoch is no longer the one in the store."""
    log = tally_log()
    with pytest.raises(BaseExceptionGroup) as stopped:
        async with running(log, tmp_path / "s.db") as host:
            await host.store.write(
                lambda connection: connection.execute(update(tables.shard).values(epoch=99))
            )
            await send(log.bus("world"), time(1))
            await asyncio.sleep(0.5)
    assert isinstance(stopped.value.exceptions[0], Fenced)
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 10


class UnfencedStore(Store):
    """Commits without comparing the epoch."""

    async def _write(self, work: Any) -> Any:
        self.epoch = await self._read(lambda connection: connection.scalar(select(tables.shard.c.epoch)))
        return await super()._write(work)


async def test_without_the_epoch_an_overtaken_owner_would_commit(tmp_path: Path) -> None:
    """Negative control: comparing the epoch is what the test above proves."""
    log = tally_log()
    async with running(log, tmp_path / "s.db", store_kind=UnfencedStore) as host:
        await host.store.write(lambda connection: connection.execute(update(tables.shard).values(epoch=99)))
        await send(log.bus("world"), time(1))
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 10


async def test_what_was_committed_before_a_crash_is_published_after_it(tmp_path: Path) -> None:
    log = tally_log(Faults(unknown_before=1.0))
    await send(tally_world(log), time(1), time(2))
    async with running(log, tmp_path / "s.db") as host:
        async with asyncio.timeout(5):
            while (await host.counts())["outbox"] != 2:
                await asyncio.sleep(0.02)
    assert notes(log) == []
    log.faults = Faults()
    async with running(log, tmp_path / "s.db") as host:
        await settled(host, log)
    assert notes(log) == ["E-1 10", "E-1 20"]


async def test_long_outbox_stops_the_pulling(tmp_path: Path) -> None:
    log = tally_log(Faults(unknown_before=1.0))
    await send(tally_world(log), *(time(n) for n in range(60)))
    async with running(log, tmp_path / "s.db", limits=Limits(batch=5, backlog=5, outbox=3)) as host:
        await asyncio.sleep(0.8)
        assert host.unrelayed <= 6
        assert max(host.positions.values()) < 60
        log.faults = Faults()
        await settled(host, log)
        assert (await sums(host))["E-1"].minutes == 600


def test_outbox_is_cut_into_batches_of_one_stream_and_bounded_size() -> None:
    def message(n: int, size: int = 10) -> Outgoing:
        return Outgoing(subject=f"a.evt.b.c.v1.{n}", headers={"Nats-Msg-Id": str(n)}, data=b"x" * size)

    batches = cut([("A" if n % 2 else "B", message(n)) for n in range(1200)], first=7)
    assert [(one.number, one.stream, len(one.messages)) for one in batches] == [
        (7, "B", 500), (8, "B", 100), (9, "A", 500), (10, "A", 100),
    ]  # fmt: skip
    order = [one.message_id for batch in batches if batch.stream == "A" for one in batch.messages]
    assert order == [str(n) for n in range(1, 1200, 2)]
    large = cut([("A", message(n, 900_000)) for n in range(10)], first=1)
    assert [len(one.messages) for one in large] == [4, 4, 2]
    assert isinstance(large[0], OutboxBatch)


async def test_transaction_of_one_does_not_take_the_rows_of_another(tmp_path: Path) -> None:
    """Two coroutines on one connection: without the writer's lock B's insert vanishes with A's rollback."""
    store = await Store.open(tmp_path / "s.db", owner="test", clock=SystemClock())

    def broken(connection: Any) -> None:
        connection.execute(insert(tables.inbox).values(message="a", handled_at=1))
        raise Crash

    async def fails() -> None:
        with pytest.raises(Crash):
            await store.write(broken)

    async def succeeds(n: int) -> None:
        await store.write(lambda c: c.execute(insert(tables.inbox).values(message=f"b{n}", handled_at=1)))

    await asyncio.gather(*(succeeds(n) for n in range(10)), fails(), *(succeeds(n) for n in range(10, 20)))
    found = await store.read(lambda connection: connection.scalars(select(tables.inbox.c.message)).all())
    await store.close()
    assert sorted(found) == sorted(f"b{n}" for n in range(20))


async def test_cancelled_commit_is_committed_and_the_connection_stays_usable(tmp_path: Path) -> None:
    store = await Store.open(tmp_path / "s.db", owner="test", clock=SystemClock())
    for n in range(30):
        task = asyncio.create_task(
            store.write(lambda c, n=n: c.execute(insert(tables.inbox).values(message=f"c{n}", handled_at=1)))
        )
        await asyncio.sleep(0.0002 * n)
        task.cancel()
        await asyncio.wait({task})
    await store.write(lambda c: c.execute(insert(tables.inbox).values(message="last", handled_at=1)))
    found = await store.read(lambda connection: connection.scalars(select(tables.inbox.c.message)).all())
    await store.close()
    assert "last" in found
