"""What a server, a connection or another puller can do to a follower and a publisher, on a real server."""

import asyncio
import gc
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from nats.errors import Error

from bus.jetstream import JetStreamBus
from bus.permissions import LOG_API, issue, server_config
from bus.ports import BatchHasDuplicate, Detached, Outgoing, PublishUnknown
from tests.support.firm import CRM_EVENTS, won, wons
from tests.support.following import read
from tests.support.nats import QUICK, Deployment, settle

NEXT = f"{LOG_API}.CONSUMER.MSG.NEXT.CRM_EVT.{CRM_EVENTS.name}"

#: nats-py drops the socket of a login that was refused or not answered, without closing it.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(autouse=True)
def dropped_sockets() -> Iterator[None]:
    """Collect them here, where the warning is expected."""
    yield
    gc.collect()


def _pull(batch: int) -> bytes:
    return json.dumps({"batch": batch, "expires": 5_000_000_000}).encode()


@pytest.mark.parametrize("published", [1, 3], ids=["seen by heartbeat", "seen by count"])
async def test_a_message_handed_to_a_dead_connection_detaches_the_follower(
    deployment: Deployment, published: int
) -> None:
    crm, orchestrator = await deployment.bus("crm"), await deployment.bus("orchestrator")
    async with deployment.raw("orchestrator") as (dead, _):
        inbox = dead.new_inbox()
        await dead.subscribe(inbox)  # and nobody reads it: as a connection whose process is gone
        await dead.publish(NEXT, _pull(1), reply=inbox)
        await settle(dead)
        following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, published))
        await asyncio.sleep(0.1)
        for number in range(published):
            await crm.publish_one("CRM_EVT", won(number))
        with pytest.raises(Detached, match=r"came after|arrived"):
            await following
    found = await read(orchestrator, CRM_EVENTS, published)
    assert [delivery.data for delivery in found] == [b"%d" % number for number in range(published)]


async def test_without_the_count_that_message_is_lost_in_silence(deployment: Deployment) -> None:
    """The control to the test above: a puller that does not compare counts gets message 2 as if it were the first."""
    crm = await deployment.bus("crm")
    async with deployment.raw("orchestrator") as (dead, _), deployment.raw("orchestrator") as (naive, _):
        nobody, somebody = dead.new_inbox(), naive.new_inbox()
        await dead.subscribe(nobody)
        heard = await naive.subscribe(somebody)
        await dead.publish(NEXT, _pull(1), reply=nobody)
        await settle(dead)
        await naive.publish(NEXT, _pull(2), reply=somebody)
        await settle(naive)
        await crm.publish("CRM_EVT", wons(2))
        assert (await heard.next_msg(timeout=2)).data == b"1"


async def test_a_server_that_hangs_detaches_its_followers(deployment: Deployment) -> None:
    orchestrator, crm = await deployment.bus("orchestrator"), await deployment.bus("crm")
    following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, 1))
    await asyncio.sleep(0.1)
    assert deployment.server.pid is not None
    os.kill(deployment.server.pid, signal.SIGSTOP)
    try:
        async with asyncio.timeout(4 * QUICK.stall):
            with pytest.raises(Detached, match="heartbeat"):
                await following
            with pytest.raises(PublishUnknown):
                await crm.publish_one("CRM_EVT", won(1))
    finally:
        os.kill(deployment.server.pid, signal.SIGCONT)


async def test_a_deleted_consumer_detaches_its_follower_at_once(deployment: Deployment) -> None:
    orchestrator, administration = await deployment.bus("orchestrator"), await deployment.administration()
    following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, 1))
    await asyncio.sleep(0.1)
    await administration.ask(f"CONSUMER.DELETE.CRM_EVT.{CRM_EVENTS.name}", {})
    async with asyncio.timeout(1):
        with pytest.raises(Detached, match="Consumer Deleted"):
            await following
        with pytest.raises(Detached, match="consumer not found"):
            await read(orchestrator, CRM_EVENTS, 1)


async def test_a_restarted_server_detaches_and_is_followed_again(deployment: Deployment) -> None:
    crm, orchestrator = await deployment.bus("crm"), await deployment.bus("orchestrator")
    await crm.publish("CRM_EVT", wons(10))
    following = asyncio.ensure_future(read(orchestrator, CRM_EVENTS, 11))
    await asyncio.sleep(0.1)
    await deployment.server.kill()
    with pytest.raises(Detached, match="connection broke"):
        await following
    publishing = asyncio.ensure_future(crm.publish("CRM_EVT", wons(10, 10)))
    await deployment.server.start()
    await publishing
    assert len(await read(orchestrator, CRM_EVENTS, 20)) == 20
    assert orchestrator.counts["disconnected"] == 1


async def test_messages_larger_than_a_pull_request_takes_come_through(deployment: Deployment) -> None:
    crm = await deployment.bus("crm")
    for number in range(20):
        await crm.publish_one("CRM_EVT", won(number, data=bytes(1_000_000)))
    found = await read(await deployment.bus("orchestrator"), CRM_EVENTS, 20, limit=500)
    assert [(delivery.sequence, len(delivery.data)) for delivery in found] == [
        (n, 1_000_000) for n in range(1, 21)
    ]


async def test_nothing_acknowledged_is_lost_or_doubled_when_the_server_is_killed_under_load(
    deployment: Deployment,
) -> None:
    crm, orchestrator = await deployment.bus("crm"), await deployment.bus("orchestrator")
    acknowledged: list[str] = []
    read_so_far: list[tuple[int, str]] = []
    batches = 120
    marks = {mark: asyncio.Event() for mark in (500, 1_200, 2_000)}

    async def publish() -> None:
        for number in range(batches):
            batch = wons(25, number * 25)
            while True:
                try:
                    await crm.publish("CRM_EVT", batch)
                except BatchHasDuplicate:  # the one before this try had landed, though its answer did not
                    pass
                except PublishUnknown:
                    continue
                acknowledged.extend(message.message_id for message in batch)
                for mark, reached in marks.items():
                    if len(acknowledged) >= mark:
                        reached.set()
                break

    async def follow() -> None:
        while True:
            after = read_so_far[-1][0] if read_so_far else 0
            with suppress(Detached):
                async with aclosing(orchestrator.follow(CRM_EVENTS, after, 100)) as lots:  # type: ignore[type-var]
                    async for lot in lots:
                        read_so_far.extend((one.sequence, one.headers["Nats-Msg-Id"]) for one in lot)
                        if len(read_so_far) >= batches * 25:
                            return

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        publishing = group.create_task(publish())
        group.create_task(follow())
        for mark in marks:
            await marks[mark].wait()
            await deployment.server.kill()
            await deployment.server.start()
        await publishing
    assert [sequence for sequence, _ in read_so_far] == list(range(1, batches * 25 + 1))
    assert [message_id for _, message_id in read_so_far] == acknowledged
    assert crm.counts["disconnected"] == 3


async def test_without_a_message_id_a_resend_is_stored_twice(deployment: Deployment) -> None:
    """The control to the duplicate window: the id is all that tells a resend from a new message."""
    async with deployment.raw("crm") as (client, _):
        for headers in ({}, {}, {"Nats-Msg-Id": "same"}, {"Nats-Msg-Id": "same"}):
            await client.request(won(1).subject, b"resent", headers=headers)
    administration = await deployment.administration()
    assert (await administration.ask("STREAM.INFO.CRM_EVT", {}))["state"]["messages"] == 3


async def test_open_batches_that_nobody_finishes_make_others_wait_not_fail_in_silence(
    deployment: Deployment,
) -> None:
    crm = await deployment.bus("crm")
    async with deployment.raw("crm") as (client, _):
        for number in range(50):
            opening = {"Nats-Batch-Id": f"left-{number}", "Nats-Batch-Sequence": "1"}
            await client.request(won(number).subject, b"", headers=opening)
    async with asyncio.timeout(1):
        with pytest.raises(Exception, match="too many inflight"):
            await crm.publish("CRM_EVT", wons(3))
        assert await crm.publish_one("CRM_EVT", won(3)) is False


async def test_a_publish_to_a_stream_that_does_not_exist_is_unknown_at_once(deployment: Deployment) -> None:
    administration = await deployment.administration()
    await administration.ask("STREAM.DELETE.CRM_EVT", {})
    crm: JetStreamBus = await deployment.bus("crm")
    async with asyncio.timeout(1):
        for batch in ([won(1)], wons(3)):
            with pytest.raises(PublishUnknown):
                await crm.publish("CRM_EVT", batch)


async def test_a_wrong_key_is_refused_before_anything_else(deployment: Deployment, tmp_path: Path) -> None:
    issue(tmp_path / "others", ["crm"])
    with pytest.raises(Error, match=r"(?i)authorization violation"):
        await JetStreamBus.open(deployment.server.url, "crm", tmp_path / "others" / "crm.nk")


async def test_a_service_whose_key_was_withdrawn_ends(deployment: Deployment, tmp_path: Path) -> None:
    """Reconnecting would go on for ever without a word; a process that ended is seen by its supervisor."""
    await deployment.bus("crm")
    renewed = {**deployment.keys, **issue(tmp_path / "renewed", ["crm"])}
    assert renewed["crm"] != deployment.keys["crm"]
    config = server_config(
        deployment.grants.values(), renewed, deployment.topology,
        store=deployment.directory / "jetstream", port=deployment.server.port,
    )  # fmt: skip
    await deployment.server.stop()
    await deployment.restart(config)
    async with asyncio.timeout(3):
        assert await deployment.left.get() == 70


async def test_an_outgoing_message_keeps_its_headers_byte_for_byte(deployment: Deployment) -> None:
    crm = await deployment.bus("crm")
    headers = {"Nats-Msg-Id": "one", "ce-subject": "a%20b:c, d", "traceparent": "00-" + "a" * 32 + "-01"}
    await crm.publish_one("CRM_EVT", Outgoing(subject=won(1).subject, headers=headers, data=b"\x00\r\n\xff"))
    (found,) = await read(await deployment.bus("orchestrator"), CRM_EVENTS, 1)
    assert {name: found.headers[name] for name in headers} == headers
    assert found.data == b"\x00\r\n\xff"


async def test_a_process_that_ends_while_the_server_is_gone_does_not_hang(deployment: Deployment) -> None:
    program = f"""
import asyncio, pathlib
from bus.jetstream import JetStreamBus, Patience
async def main():
    for _ in range(8):
        await JetStreamBus.open({deployment.server.url!r}, "crm", pathlib.Path({str(deployment.seed("crm"))!r}),
                                patience=Patience(reconnect=0.0))
    print("open", flush=True)
    await asyncio.sleep(0.6)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=Path(__file__).parents[2],
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"open\n"
    await deployment.server.kill()
    try:
        assert await asyncio.wait_for(process.wait(), 5) == 0
    finally:
        if process.returncode is None:
            process.kill()
