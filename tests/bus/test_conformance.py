"""What every bus promises, in memory and on a server alike."""

import asyncio
from contextlib import aclosing, suppress

import pytest

from bus.limits import MAX_MESSAGE_BYTES, Oversized
from bus.memory import slot_of
from bus.permissions import Forbidden
from bus.ports import (
    BatchHasDuplicate,
    Consumer,
    Detached,
    Outgoing,
    PositionLost,
    PublishUnknown,
    StreamFull,
)
from tests.bus.conftest import World
from tests.support.firm import COMMANDS, CRM_EVENTS, won, wons
from tests.support.following import read

QUESTION = "crm.qry.status.ask.v1.crm"


async def test_a_batch_is_stored_in_its_order_under_slots(world: World) -> None:
    batch = [won(number, key=f"ключ {number}".encode().hex()) for number in range(40)]
    await (await world.bus("crm")).publish("CRM_EVT", batch)
    assert await world.stored("CRM_EVT") == [
        (f"crm.evt.opportunity.won.v1.{slot_of(message.subject.rpartition('.')[2])}", message.data)
        for message in batch
    ]


async def test_a_follower_gets_everything_once_in_order(world: World) -> None:
    crm = await world.bus("crm")
    for first in range(0, 600, 200):
        await crm.publish("CRM_EVT", wons(200, first))
    found = await read(await world.bus("orchestrator"), CRM_EVENTS, 600, limit=70)
    assert [delivery.sequence for delivery in found] == list(range(1, 601))
    assert [delivery.data for delivery in found] == [f"{number}".encode() for number in range(600)]
    assert found[0].headers["Nats-Msg-Id"] == "won-0"
    assert (found[0].stream, found[0].consumer) == ("CRM_EVT", CRM_EVENTS.name)
    assert found[0].stored_at.tzinfo is not None


async def test_a_follower_waits_for_what_is_not_there_yet(world: World) -> None:
    crm, orchestrator = await world.bus("crm"), await world.bus("orchestrator")
    async with aclosing(orchestrator.follow(CRM_EVENTS, 0, 10)) as lots:  # type: ignore[type-var]
        for number in range(3):
            waiting = asyncio.ensure_future(anext(lots))
            await asyncio.sleep(0)
            assert await crm.publish_one("CRM_EVT", won(number)) is False
            assert [delivery.data for delivery in await waiting] == [f"{number}".encode()]


@pytest.mark.parametrize("after", [0, 1, 57, 99, 100])
async def test_following_starts_behind_any_position(world: World, after: int) -> None:
    crm = await world.bus("crm")
    await crm.publish("CRM_EVT", wons(100))
    reading = asyncio.ensure_future(
        read(await world.bus("orchestrator"), CRM_EVENTS, 101 - after, after=after)
    )
    await asyncio.sleep(0.05)
    await crm.publish_one("CRM_EVT", won(100))
    assert [delivery.sequence for delivery in await reading] == list(range(after + 1, 102))


async def test_following_again_from_an_older_position_hands_over_again(world: World) -> None:
    await (await world.bus("crm")).publish("CRM_EVT", wons(50))
    orchestrator = await world.bus("orchestrator")
    first = await read(orchestrator, CRM_EVENTS, 50)
    second = await read(orchestrator, CRM_EVENTS, 20, after=30)
    assert second == first[30:]


async def test_a_follower_gets_only_what_its_filters_name(world: World) -> None:
    crm, operator, orchestrator = [await world.bus(name) for name in ("crm", "operator", "orchestrator")]
    raised = Outgoing(subject="crm.evt.exception.raised.v1.k", headers={"Nats-Msg-Id": "raised"}, data=b"")
    released = Outgoing(
        subject="crm.cmd.exception.release.v1.k", headers={"Nats-Msg-Id": "released"}, data=b""
    )
    await crm.publish("CRM_EVT", [won(1), raised])
    await operator.publish_one("CRM_CMD", released)
    assert [delivery.subject.rpartition(".")[0] for delivery in await read(orchestrator, CRM_EVENTS, 2)] == [
        "crm.evt.opportunity.won.v1", "crm.evt.exception.raised.v1"
    ]  # fmt: skip
    unread = Outgoing(subject="crm.evt.opportunity.won.v1.k", headers={"Nats-Msg-Id": "won"}, data=b"")
    await crm.publish_one("CRM_EVT", unread)
    assert len(await read(orchestrator, CRM_EVENTS, 1, after=2)) == 1


async def test_a_position_beyond_the_end_is_lost(world: World) -> None:
    await (await world.bus("crm")).publish("CRM_EVT", wons(5))
    with pytest.raises(PositionLost):
        await read(await world.bus("orchestrator"), CRM_EVENTS, 1, after=6)


async def test_a_consumer_that_the_topology_does_not_have_cannot_be_followed(world: World) -> None:
    stale = Consumer(name=CRM_EVENTS.name, stream="CRM_EVT", filters=CRM_EVENTS.filters[:1])
    for consumer in (stale, Consumer(name="orchestrator__new", stream="CRM_EVT", filters=CRM_EVENTS.filters)):
        with pytest.raises(Detached):
            await read(await world.bus("orchestrator"), consumer, 1)


async def test_one_message_again_is_a_duplicate_and_stored_once(world: World) -> None:
    crm = await world.bus("crm")
    assert [await crm.publish_one("CRM_EVT", won(1)) for _ in range(3)] == [False, True, True]
    assert len(await world.stored("CRM_EVT")) == 1


@pytest.mark.parametrize("place", [0, 5, 9])
async def test_a_batch_with_a_stored_id_is_refused_whole(world: World, place: int) -> None:
    crm = await world.bus("crm")
    await crm.publish_one("CRM_EVT", won(place))
    with pytest.raises(BatchHasDuplicate):
        await crm.publish("CRM_EVT", wons(10))
    assert len(await world.stored("CRM_EVT")) == 1


async def test_a_batch_with_one_id_twice_is_refused_whole(world: World) -> None:
    with pytest.raises(BatchHasDuplicate):
        await (await world.bus("crm")).publish("CRM_EVT", [won(1), won(2), won(1)])
    assert await world.stored("CRM_EVT") == []


async def test_a_batch_of_one_is_refused_as_a_longer_one_is(world: World) -> None:
    crm = await world.bus("crm")
    await crm.publish("CRM_EVT", [won(1)])
    with pytest.raises(BatchHasDuplicate):
        await crm.publish("CRM_EVT", [won(1)])


async def test_a_full_stream_refuses_a_batch_whole_and_keeps_what_it_has(world: World) -> None:
    crm = await world.bus("crm")
    for first in range(0, 16, 4):
        await crm.publish("CRM_EVT", [won(number, data=bytes(50_000)) for number in range(first, first + 4)])
    with pytest.raises(StreamFull):
        await crm.publish("CRM_EVT", [won(number, data=bytes(50_000)) for number in range(16, 24)])
    assert len(await world.stored("CRM_EVT")) == 16
    with pytest.raises(StreamFull):
        await crm.publish_one("CRM_EVT", won(1_000, data=bytes(300_000)))


@pytest.mark.parametrize(
    "batch",
    [
        [],
        wons(1_001),
        [won(1), Outgoing(subject="erp.cmd.project.create.v1.k", headers={"Nats-Msg-Id": "x"}, data=b"")],
        [Outgoing(subject="crm.evt.opportunity.won", headers={"Nats-Msg-Id": "x"}, data=b"")],
    ],
    ids=["empty", "too long", "two streams", "no slot"],
)
async def test_a_malformed_batch_is_a_mistake_of_the_program(world: World, batch: list[Outgoing]) -> None:
    with pytest.raises(ValueError, match=r"batch has|does not belong"):
        await (await world.bus("crm")).publish("CRM_EVT", batch)


async def test_a_message_too_large_is_refused_before_it_is_sent(world: World) -> None:
    crm = await world.bus("crm")
    with pytest.raises(Oversized):
        await crm.publish_one("CRM_EVT", won(1, data=bytes(MAX_MESSAGE_BYTES)))
    assert await crm.publish_one("CRM_EVT", won(2)) is False


async def test_publishing_outside_the_grant_names_the_subject_at_once(world: World) -> None:
    crm = await world.bus("crm")
    event = Outgoing(subject="erp.evt.project.created.v1.K4T", headers={"Nats-Msg-Id": "x"}, data=b"")
    hidden = Outgoing(subject="crm.evt.opportunity.annotated.v1.k", headers={"Nats-Msg-Id": "y"}, data=b"")
    async with asyncio.timeout(1):
        with pytest.raises(Forbidden, match=r"erp\.evt\.project\.created\.v1\.K4T"):
            await crm.publish_one("ERP_EVT", event)
        with pytest.raises(Forbidden, match=r"crm\.evt\.opportunity\.annotated\.v1\.k"):
            await crm.publish("CRM_EVT", [won(1), won(2), hidden, won(3)])
    assert await world.stored("CRM_EVT") == await world.stored("ERP_EVT") == []


async def test_anothers_consumer_cannot_be_followed(world: World) -> None:
    with pytest.raises(Detached):
        await read(await world.bus("crm"), COMMANDS, 1)


async def test_a_question_is_answered(world: World) -> None:
    crm, orchestrator = await world.bus("crm"), await world.bus("orchestrator")

    async def status(question: bytes) -> bytes:
        return b"heard " + question

    await crm.respond("crm.qry.status.ask.v1.*", status)
    answers = await asyncio.gather(*(orchestrator.request(QUESTION, b"%d" % n, 5) for n in range(20)))
    assert answers == [b"heard %d" % n for n in range(20)]


async def test_replicas_answer_a_question_once(world: World) -> None:
    heard: list[bytes] = []

    async def status(question: bytes) -> bytes:
        heard.append(question)
        return b""

    for _ in range(3):
        await (await world.bus("crm")).respond("crm.qry.status.ask.v1.*", status)
    operator = await world.bus("operator")
    for number in range(10):
        assert await operator.request(QUESTION, b"%d" % number, 5) == b""
    assert heard == [b"%d" % number for number in range(10)]


async def test_a_question_that_nobody_hears_times_out(world: World) -> None:
    with pytest.raises(TimeoutError):
        await (await world.bus("operator")).request(QUESTION, b"", 1)


async def test_a_question_whose_answer_is_late_or_fails_times_out(world: World) -> None:
    crm, operator = await world.bus("crm"), await world.bus("operator")

    async def late(question: bytes) -> bytes:
        if question == b"fail":
            raise LookupError("no such thing")
        await asyncio.sleep(0.4)
        return question

    await crm.respond("crm.qry.status.ask.v1.*", late)
    for question in (b"late", b"fail"):
        with pytest.raises(TimeoutError):
            await operator.request(QUESTION, question, 0.2)
    assert await operator.request(QUESTION, b"patient", 5) == b"patient"


async def test_asking_and_answering_outside_the_grant_is_refused(world: World) -> None:
    crm = await world.bus("crm")

    async def status(question: bytes) -> bytes:
        return question

    with pytest.raises(Forbidden, match="erp"):
        await crm.respond("erp.qry.status.ask.v1.*", status)
    async with asyncio.timeout(1):
        with pytest.raises(Forbidden, match="erp"):
            await crm.request("erp.qry.status.ask.v1.erp", b"", 5)


async def test_a_closed_bus_lets_its_followers_go_and_publishes_nothing(world: World) -> None:
    orchestrator, crm = await world.bus("orchestrator"), await world.bus("crm")
    following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, 1))
    await asyncio.sleep(0.05)
    await orchestrator.close()
    with pytest.raises(Detached):
        await following
    await crm.close()
    with pytest.raises(PublishUnknown):
        await crm.publish_one("CRM_EVT", won(1))


async def test_two_followers_of_one_consumer_never_both_have_a_gap(world: World) -> None:
    """A replica that was taken over may still pull; whoever lost a message to the other is told."""
    crm, old, new = [await world.bus(name) for name in ("crm", "orchestrator", "orchestrator")]
    seen: dict[str, list[int]] = {"old": [], "new": []}

    async def follow(name: str, bus: object) -> None:
        with suppress(Detached):
            async for lot in bus.follow(CRM_EVENTS, 0, 10):  # type: ignore[attr-defined]
                seen[name] += [delivery.sequence for delivery in lot]

    following = [asyncio.ensure_future(follow("old", old))]
    await asyncio.sleep(0.05)
    following.append(asyncio.ensure_future(follow("new", new)))
    for number in range(30):
        await crm.publish_one("CRM_EVT", won(number))
    await asyncio.sleep(0.3)
    for task in following:
        task.cancel()
    await asyncio.gather(*following, return_exceptions=True)
    assert all(sequences == list(range(1, len(sequences) + 1)) for sequences in seen.values())
