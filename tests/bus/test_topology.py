"""Streams and consumers follow the declarations, on a real server."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from bus.declaration import Declaration
from bus.memory import slot_of
from bus.topology import Change, DestructiveChange, Stream, Topology, apply, topology, trim
from contracts.opportunities.v1 import OpportunityAnnotated, OpportunityWon
from tests.support.firm import CRM_EVENTS, DECLARATIONS, ORCHESTRATOR, won, wons
from tests.support.following import read
from tests.support.nats import Deployment

WEEK = timedelta(days=7)


def test_the_declarations_name_every_stream_and_consumer() -> None:
    wanted = topology(DECLARATIONS)
    assert [stream.name for stream in wanted.streams] == [
        "CRM_CMD", "CRM_EVT", "ERP_CMD", "ERP_EVT", "OPERATOR_EVT"
    ]  # fmt: skip
    assert [consumer.name for consumer in wanted.consumers] == [
        "crm__CRM_CMD__0of1", "erp__ERP_CMD__0of1", "orchestrator__CRM_EVT__0of1",
        "orchestrator__ERP_EVT__0of1", "orchestrator__OPERATOR_EVT__facts__0of1",
    ]  # fmt: skip


def test_a_subject_read_twice_by_one_consumer_is_a_mistake() -> None:
    twice = Declaration(service="orchestrator", reads=(OpportunityWon, OpportunityWon))
    with pytest.raises(ValueError, match="twice"):
        topology([twice])


async def test_applying_again_changes_nothing(deployment: Deployment) -> None:
    assert await apply(await deployment.administration(), deployment.topology) == ()


async def test_what_is_missing_is_created_and_what_differs_is_updated(deployment: Deployment) -> None:
    administration = await deployment.administration()
    wider = Declaration(
        service="orchestrator",
        reads=(*ORCHESTRATOR.reads, OpportunityAnnotated),
        facts=ORCHESTRATOR.facts,
        reads_of=("crm", "erp", "time"),
    )
    wanted = topology([*DECLARATIONS[:2], wider, DECLARATIONS[3]], max_bytes=1 << 25)
    changes = await apply(administration, wanted)
    assert Change("created", "TIME_EVT") in changes
    assert Change("created", "TIME_EVT.orchestrator__TIME_EVT__0of1") in changes
    assert Change("updated", "CRM_EVT", ("max_bytes",)) in changes
    assert Change("updated", "CRM_EVT.orchestrator__CRM_EVT__0of1", ("filter_subjects",)) in changes
    assert await apply(administration, wanted) == ()


async def test_consumers_that_nobody_declares_are_reported_and_kept(deployment: Deployment) -> None:
    administration = await deployment.administration()
    fewer = Topology(streams=deployment.topology.streams, consumers=deployment.topology.consumers[1:])
    for _ in range(2):
        assert await apply(administration, fewer) == (Change("unused", "crm__CRM_CMD__0of1"),)


class Coarser(Stream, frozen=True):
    """The same stream with another number of slots: keys would move between shards."""

    def config(self) -> dict[str, object]:
        config = super().config()
        return {**config, "subject_transform": {**config["subject_transform"], "dest": "crm.evt.a.b.c.d"}}


async def test_a_change_that_would_lose_or_reorder_messages_is_refused(deployment: Deployment) -> None:
    administration = await deployment.administration()
    await (await deployment.bus("crm")).publish("CRM_EVT", wons(100))
    before = (await administration.ask("STREAM.INFO.CRM_EVT", {}))["config"]
    smaller = Stream(owner="crm", kind="evt", max_bytes=1_000)
    for stream in (Coarser(owner="crm", kind="evt", max_bytes=1 << 26), smaller):
        with pytest.raises(DestructiveChange, match="CRM_EVT"):
            await apply(administration, Topology(streams=(stream,), consumers=()))
    assert (await administration.ask("STREAM.INFO.CRM_EVT", {}))["config"] == before


async def test_shards_share_the_slots_and_miss_none(tmp_path: Path) -> None:
    async with Deployment(tmp_path, DECLARATIONS, shards={"orchestrator": 4}) as deployment:
        crm, orchestrator = await deployment.bus("crm"), await deployment.bus("orchestrator")
        batch = [won(number, key=f"opportunity-{number}") for number in range(300)]
        await crm.publish("CRM_EVT", batch)
        for shard in range(4):
            consumer = next(c for c in ORCHESTRATOR.consumers(shard, 4) if c.stream == "CRM_EVT")
            mine = [
                message.data
                for message in batch
                if slot_of(message.subject.rpartition(".")[2]) // 16 == shard
            ]
            assert [delivery.data for delivery in await read(orchestrator, consumer, len(mine))] == mine


async def _trim(deployment: Deployment, position: int, *, age: timedelta, keep: timedelta = WEEK) -> int:
    """Trim as if it were `age` later, the orchestrator at `position`; says the first message that is left."""
    trimmed = await trim(
        await deployment.administration(),
        deployment.topology,
        {CRM_EVENTS.name: position},
        now=datetime.now(UTC) + age,
        keep=keep,
    )
    return next(one.first for one in trimmed if one.stream == "CRM_EVT")


async def test_trimming_keeps_what_a_consumer_has_not_handled(deployment: Deployment) -> None:
    await (await deployment.bus("crm")).publish("CRM_EVT", wons(100))
    assert await _trim(deployment, 0, age=2 * WEEK) == 1
    assert await _trim(deployment, 40, age=2 * WEEK) == 41
    assert await _trim(deployment, 100, age=2 * WEEK) == 101
    found = await (await deployment.bus("crm")).publish_one("CRM_EVT", won(100))
    assert found is False
    assert [
        one.sequence for one in await read(await deployment.bus("orchestrator"), CRM_EVENTS, 1, after=100)
    ] == [101]


async def test_trimming_keeps_seven_days_whatever_was_handled(deployment: Deployment) -> None:
    await (await deployment.bus("crm")).publish("CRM_EVT", wons(100))
    assert await _trim(deployment, 100, age=WEEK - timedelta(hours=1)) == 1
    assert await _trim(deployment, 100, age=WEEK + timedelta(hours=1)) == 101


async def test_trimming_cuts_between_older_and_newer_messages(deployment: Deployment) -> None:
    crm = await deployment.bus("crm")
    for number in range(37):
        await crm.publish_one("CRM_EVT", won(number))
    border = datetime.now(UTC)
    for number in range(37, 90):
        await crm.publish_one("CRM_EVT", won(number))
    trimmed = await trim(
        await deployment.administration(), deployment.topology, {CRM_EVENTS.name: 90}, now=border + WEEK
    )
    assert [(one.removed, one.first) for one in trimmed if one.stream == "CRM_EVT"] == [(37, 38)]


async def test_a_consumer_whose_subjects_are_quiet_does_not_hold_the_stream(deployment: Deployment) -> None:
    """Its committed position stays where its last message was, however far the stream goes on."""
    crm = await deployment.bus("crm")
    await crm.publish("CRM_EVT", wons(50))
    quiet = replace(CRM_EVENTS, filters=("crm.evt.exception.raised.v1.*",))
    wanted = Topology(streams=deployment.topology.streams, consumers=(quiet,))
    trimmed = await trim(await deployment.administration(), wanted, {}, now=datetime.now(UTC) + 2 * WEEK)
    assert [one.removed for one in trimmed if one.stream == "CRM_EVT"] == [50]


async def test_trimming_says_how_full_a_stream_is(tmp_path: Path) -> None:
    async with Deployment(tmp_path, DECLARATIONS, max_bytes=1 << 20) as deployment:
        await (await deployment.bus("crm")).publish(
            "CRM_EVT", [won(n, data=bytes(75_000)) for n in range(10)]
        )
        trimmed = await trim(
            await deployment.administration(), deployment.topology, {}, now=datetime.now(UTC)
        )
        assert {one.stream: round(one.fill, 1) for one in trimmed}["CRM_EVT"] == 0.7
