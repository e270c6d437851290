"""The faults that the bus in memory makes on request, and that a seed repeats them."""

import asyncio
from collections import Counter
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from bus.memory import Faults, MemoryBus, MemoryLog
from bus.ports import BatchBusy, BatchHasDuplicate, Delivery, Detached, Outgoing, PositionLost, PublishUnknown
from tests.support.firm import COMMANDS, CRM_EVENTS, DECLARATIONS, won, wons
from tests.support.following import read


class Standing:
    """A clock that stands until it is moved; sleeping moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.time += timedelta(seconds=seconds)


def _log(seed: int = 1, **faults: float) -> MemoryLog:
    return MemoryLog(DECLARATIONS, clock=Standing(), faults=Faults(**faults), random=Random(seed))


async def _publish_until_known(bus: MemoryBus, count: int) -> Counter[str]:
    """Publish one by one as a relay does: again until there is an answer; counts what came in between."""
    seen: Counter[str] = Counter()
    for message in wons(count):
        while True:
            try:
                seen["duplicate" if await bus.publish_one("CRM_EVT", message) else "stored"] += 1
                break
            except PublishUnknown:
                seen["unknown"] += 1
    return seen


async def _follow_until(bus: MemoryBus, count: int) -> tuple[list[list[Delivery]], int]:
    """Lots until `count` distinct sequences were read, following again when detached; and how often that was."""
    lots: list[list[Delivery]] = []
    detached, position = 0, 0
    while position < count:
        try:
            async with aclosing(bus.follow(CRM_EVENTS, position, 20)) as following:  # type: ignore[type-var]
                async for lot in following:
                    lots.append(list(lot))
                    position = max(position, lot[-1].sequence)
                    if position >= count:
                        break
        except Detached:
            detached += 1
    return lots, detached


async def test_an_unknown_publish_was_stored_or_was_not_and_asking_again_tells() -> None:
    log = _log(unknown_before=0.3, unknown_after=0.3)
    seen = await _publish_until_known(log.bus("crm"), 200)
    assert seen["stored"] + seen["duplicate"] == 200
    assert seen["duplicate"] > 20
    assert seen["unknown"] > seen["duplicate"]
    assert [message.data for message in log.stored("CRM_EVT")] == [b"%d" % number for number in range(200)]


async def test_a_busy_log_refuses_a_batch_whole() -> None:
    log = _log(busy=1.0)
    with pytest.raises(BatchBusy):
        await log.bus("crm").publish("CRM_EVT", wons(2))
    assert log.stored("CRM_EVT") == ()


async def test_a_message_can_be_stored_a_second_time_with_its_id() -> None:
    log = _log(duplicate=0.5)
    await _publish_until_known(log.bus("crm"), 100)
    copies = Counter(message.headers["Nats-Msg-Id"] for message in log.stored("CRM_EVT"))
    assert len(copies) == 100
    assert sum(copies.values()) > 130
    assert [message.sequence for message in log.stored("CRM_EVT")] == list(range(1, sum(copies.values()) + 1))


async def test_a_tail_is_handed_over_again_after_an_interruption_and_nothing_is_missed() -> None:
    log = _log(detach=0.2, redeliver=1.0)
    await log.bus("crm").publish("CRM_EVT", wons(400))
    lots, detached = await _follow_until(log.bus("orchestrator"), 400)
    handed_over = Counter(delivery.sequence for lot in lots for delivery in lot)
    assert set(handed_over) == set(range(1, 401))
    assert detached > 0
    assert max(handed_over.values()) > 1
    for lot in lots:
        sequences = [delivery.sequence for delivery in lot]
        assert sequences == list(range(sequences[0], sequences[0] + len(lot)))


async def test_streams_overtake_each_other_and_keep_their_own_order() -> None:
    async def order(seed: int) -> list[tuple[str, int]]:
        log = _log(seed, pace=1.0)
        await log.bus("crm").publish("CRM_EVT", wons(100))
        commands = [
            Outgoing(
                subject=f"erp.cmd.project.create.v1.k{number}",
                headers={"Nats-Msg-Id": f"c{number}"},
                data=b"",
            )
            for number in range(100)
        ]
        await log.bus("orchestrator").publish("ERP_CMD", commands)
        seen: list[tuple[str, int]] = []

        async def follow(service: str, stream: str) -> None:
            consumer = CRM_EVENTS if stream == "CRM_EVT" else COMMANDS
            async with aclosing(log.bus(service).follow(consumer, 0, 10)) as lots:  # type: ignore[type-var]
                async for lot in lots:
                    seen.extend((stream, delivery.sequence) for delivery in lot)
                    if lot[-1].sequence == 100:
                        return

        await asyncio.gather(follow("orchestrator", "CRM_EVT"), follow("erp", "ERP_CMD"))
        return seen

    orders = [await order(seed) for seed in (1, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    for seen in orders:
        for stream in ("CRM_EVT", "ERP_CMD"):
            assert [sequence for name, sequence in seen if name == stream] == list(range(1, 101))


async def test_ids_are_remembered_for_two_minutes() -> None:
    log = _log()
    crm = log.bus("crm")
    assert await crm.publish_one("CRM_EVT", won(1)) is False
    await log.clock.sleep(119)
    assert await crm.publish_one("CRM_EVT", won(1)) is True
    with pytest.raises(BatchHasDuplicate):
        await crm.publish("CRM_EVT", wons(3))
    await log.clock.sleep(1)
    assert await crm.publish_one("CRM_EVT", won(1)) is False


async def test_forgotten_ids_are_stored_again() -> None:
    log = _log()
    await log.bus("crm").publish("CRM_EVT", wons(3))
    log.forget_ids("CRM_EVT")
    await log.bus("crm").publish("CRM_EVT", wons(3))
    assert len(log.stored("CRM_EVT")) == 6


async def test_a_log_restored_from_an_older_copy_has_lost_the_position() -> None:
    log = _log()
    await log.bus("crm").publish("CRM_EVT", wons(30))
    orchestrator = log.bus("orchestrator")
    following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, 31))
    await asyncio.sleep(0.01)
    log.restore("CRM_EVT", 20)
    with pytest.raises(Detached):
        await following
    with pytest.raises(PositionLost):
        await read(orchestrator, CRM_EVENTS, 1, after=30)
    assert await log.bus("crm").publish_one("CRM_EVT", won(25)) is False


async def test_a_trimmed_log_has_room_again_and_keeps_its_sequences() -> None:
    log = MemoryLog(DECLARATIONS, clock=Standing(), max_bytes=1_000_000)
    crm = log.bus("crm")
    await crm.publish("CRM_EVT", [won(number, data=bytes(90_000)) for number in range(10)])
    log.trim("CRM_EVT", 6)
    await crm.publish("CRM_EVT", [won(number, data=bytes(90_000)) for number in range(10, 14)])
    assert [message.sequence for message in log.stored("CRM_EVT")] == list(range(6, 15))
    assert len(await read(log.bus("orchestrator"), CRM_EVENTS, 9)) == 9


async def test_a_late_answer_costs_simulated_time_only() -> None:
    log = _log()

    async def late(question: bytes) -> bytes:
        await asyncio.Event().wait()
        return question

    crm, began = log.bus("crm"), log.clock.now()
    await crm.respond("crm.qry.status.ask.v1.*", late)
    with pytest.raises(TimeoutError):
        await log.bus("operator").request("crm.qry.status.ask.v1.crm", b"", 3_600)
    assert log.clock.now() - began == timedelta(hours=1)
