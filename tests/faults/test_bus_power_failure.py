"""A power failure under load: what the bus acknowledged is there afterwards, because it syncs before it answers.

The file system is shut down without flushing its journal, so what was not synced is gone, as with real power.
"""

import asyncio
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from bus.ports import BatchBusy, PublishUnknown
from tests.support.firm import CRM_EVENTS, DECLARATIONS, wons
from tests.support.following import read
from tests.support.nats import Deployment

#: linux/fs/ext4/ext4.h: shut down at once, with 2 for "do not flush the journal".
EXT4_IOC_SHUTDOWN, NO_LOG_FLUSH = 0x8004587D, 2

BATCH = 50

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


class Disk:
    """An ext4 file system of its own, in a file."""

    def __init__(self, directory: Path) -> None:
        self.image, self.mount_point = directory / "disk.img", directory / "disk"
        self.mount_point.mkdir()
        with self.image.open("wb") as image:
            image.truncate(256 * 1024 * 1024)
        _run("mkfs.ext4", "-q", "-F", str(self.image))
        self.mount()

    def mount(self) -> None:
        _run("mount", "-o", "loop", str(self.image), str(self.mount_point))

    def unmount(self) -> None:
        _run("umount", str(self.mount_point))

    def sync(self) -> None:
        _run("sync", "-f", str(self.mount_point))

    def lose_power(self) -> None:
        root = os.open(self.mount_point, os.O_RDONLY)
        try:
            fcntl.ioctl(root, EXT4_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=30)


@contextmanager
def _mounted(directory: Path) -> Iterator[Disk]:
    if os.geteuid() != 0:
        pytest.skip("mounting a file system needs root")
    try:
        disk = Disk(directory)
    except (OSError, subprocess.CalledProcessError) as missing:
        pytest.skip(f"this machine mounts no ext4 image: {missing}")
    try:
        yield disk
    finally:
        with suppress(subprocess.CalledProcessError):
            disk.unmount()


async def _publish_until_dark(deployment: Deployment, disk: Disk) -> list[str]:
    """Publish batches for a second, then lose power in their midst; the ids that were acknowledged."""
    crm = await deployment.bus("crm")
    acknowledged: list[str] = []

    async def publish() -> None:
        number = 0
        with suppress(PublishUnknown, BatchBusy):  # the server says either when its disk is gone
            while True:
                batch = wons(BATCH, number)
                await crm.publish("CRM_EVT", batch)
                acknowledged.extend(message.message_id for message in batch)
                number += BATCH

    publishing = asyncio.ensure_future(publish())
    await asyncio.sleep(1)
    disk.lose_power()
    known = list(acknowledged)
    await deployment.server.kill()
    await publishing
    # An answer may have been on its way at the instant of the failure; more than that would be a lie.
    assert len(acknowledged) - len(known) <= BATCH
    return acknowledged


async def _lost(tmp_path: Path, *, sync_always: bool) -> tuple[int, int]:
    """How many messages were acknowledged, and how many of them are missing after the failure."""
    with _mounted(tmp_path) as disk:
        store = disk.mount_point / "jetstream"
        async with Deployment(
            tmp_path, DECLARATIONS, max_bytes=1 << 25, store=store, sync_always=sync_always
        ) as deployment:
            disk.sync()
            acknowledged = await _publish_until_dark(deployment, disk)
            disk.unmount()
            disk.mount()
            await deployment.server.start()
            administration = await deployment.administration()
            kept = (await administration.ask("STREAM.INFO.CRM_EVT", {}))["state"]["messages"]
            found = await read(await deployment.bus("orchestrator"), CRM_EVENTS, kept) if kept else []
        assert [one.sequence for one in found] == list(range(1, kept + 1))
        assert kept % BATCH == 0, "a batch is there in part"
        stored = {one.headers["Nats-Msg-Id"] for one in found}
        return len(acknowledged), sum(message_id not in stored for message_id in acknowledged)


async def test_nothing_acknowledged_is_lost_in_a_power_failure(tmp_path: Path) -> None:
    acknowledged, lost = await _lost(tmp_path, sync_always=True)
    assert acknowledged >= BATCH
    assert lost == 0


async def test_with_the_servers_default_nearly_everything_is_lost(tmp_path: Path) -> None:
    """The control: without syncing before the answer, the same failure takes what was acknowledged."""
    acknowledged, lost = await _lost(tmp_path, sync_always=False)
    assert acknowledged >= BATCH
    assert lost > acknowledged // 2
