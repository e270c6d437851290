"""`up`, `down`, `clean`: a deployment in the foreground, its end, and its removal."""

import asyncio
import fcntl
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from bus.jetstream import TopologyConnection
from bus.server import EmbeddedServer, PortInUse, ServerFailed
from bus.topology import apply, trim
from contracts.policies.v1 import Policy
from contracts.queries.v1 import AskStatus, Status
from services.configuration import load_policy

from .deployment import MODULES, Deployment, Program
from .operator import Operator, policy_event
from .supervisor import Supervisor

__all__ = ["AlreadyRunning", "Running", "clean", "down", "running", "wait_until_ready"]


#: Everything that stands in a data folder.
OURS = {"bus", "fairlead.yaml", "keys", "logs", "policy.yaml", "secrets", "stores", "up.lock", "vendors"}


#: Seconds between two looks at the streams, and the part of its limit at which a stream raises an alarm.
TRIM_EVERY, ALARM_AT = 3600.0, 0.7
TRIM_FIRST = 60.0


class AlreadyRunning(Exception):
    """Another `fairlead` process runs on this data folder."""


@dataclass(frozen=True, slots=True)
class Running:
    """A deployment at work."""

    server: EmbeddedServer
    services: Supervisor

    def pid(self, name: str) -> int | None:
        """The process of a service, or of the `bus`, while it runs."""
        return self.server.pid if name == "bus" else self.services.pid(name)


@contextmanager
def _sole_owner(data: Path) -> Iterator[IO[str]]:
    """Hold the data folder; the lock file tells `down` whom to ask."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "up.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(f"a deployment runs on {data} already; `fairlead down` ends it") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        try:
            yield lock
        finally:
            lock.truncate(0)


@asynccontextmanager
async def running(
    deployment: Deployment, *, beside: Sequence[Program] = (),
    prepare: Callable[[], Awaitable[None]] | None = None,
    on_change: Callable[[str, str], None] = lambda name, event: None,
) -> AsyncIterator["Running"]:  # fmt: skip
    """Run the bus, `beside` and all services for as long as the block runs; everything has ended when it returns.

    `prepare` is awaited once `beside` was started, before the services are.

    Raises `AlreadyRunning`, `bus.server.PortInUse`, `ConfigurationError`; `ChildProcessError` out of the block when
    a program cannot run at all.
    """
    policy = load_policy(deployment.policy)
    with _sole_owner(deployment.data):
        server = EmbeddedServer(
            deployment.data / "bus", deployment.firm.bus_port, config=deployment.server_config()
        )
        await server.start()
        on_change("bus", f"started {server.version}")
        keepers = [
            asyncio.create_task(_keep_bus(server, on_change)),
            asyncio.create_task(_keep_trimmed(deployment, on_change)),
        ]
        try:
            await _apply_topology(deployment)
            await _publish_policy(deployment, policy)
            async with _supervised(beside, on_change):
                if prepare is not None:
                    await prepare()
                async with _supervised(deployment.programs(), on_change) as supervisor:
                    yield Running(server, supervisor)
        finally:
            for keeper in keepers:
                keeper.cancel()
            await server.stop()


async def _apply_topology(deployment: Deployment) -> None:
    connection = await TopologyConnection.open(deployment.bus_url, deployment.topology_key)
    try:
        await apply(connection, deployment.topology())
    finally:
        await connection.close()


@asynccontextmanager
async def _supervised(
    programs: Sequence[Program], on_change: Callable[[str, str], None]
) -> AsyncIterator[Supervisor]:
    """Keep programs running for as long as the block runs; a program that cannot run ends the block."""
    supervisor = Supervisor(programs, on_change=on_change)
    supervising = asyncio.create_task(supervisor.run())
    block = asyncio.current_task()
    assert block is not None

    def end_block(ended: asyncio.Task[None]) -> None:
        # With no programs there is nothing to supervise, and that is no reason to stop.
        if not ended.cancelled() and ended.exception() is not None:
            block.cancel()

    supervising.add_done_callback(end_block)
    failure: BaseException | None = None
    try:
        yield supervisor
    finally:
        if supervising.done() and not supervising.cancelled():
            failure = supervising.exception()
        supervising.cancel()
        await asyncio.wait({supervising})
        if failure is not None:
            block.uncancel()
            raise _first(failure)


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


async def _keep_bus(server: EmbeddedServer, on_change: Callable[[str, str], None]) -> None:
    """A bus that ended is started again; its clients reconnect by themselves."""
    while True:
        code = await server.wait()
        on_change("bus", f"ended {code}")
        await asyncio.sleep(0.2)
        try:
            await server.start()
        except (PortInUse, ServerFailed) as failure:
            on_change("bus", f"ALARM: cannot be started again: {failure}")
            await asyncio.sleep(2)
            continue
        on_change("bus", f"started {server.version}")


async def _keep_trimmed(deployment: Deployment, on_change: Callable[[str, str], None]) -> None:
    """Every hour remove what every consumer has passed and is older than a week; say when a stream fills up.

    What cannot be asked now is asked an hour later: nothing is removed that somebody may still need.
    """
    wait = TRIM_FIRST
    while True:
        await asyncio.sleep(wait)
        wait = TRIM_EVERY
        try:
            positions = await _positions(deployment)
            connection = await TopologyConnection.open(deployment.bus_url, deployment.topology_key)
            try:
                trimmed = await trim(connection, deployment.topology(), positions, now=datetime.now(UTC))
            finally:
                await connection.close()
        except Exception as failure:
            on_change("bus", f"not trimmed: {type(failure).__name__}: {failure}")
            continue
        for stream in trimmed:
            if stream.fill > ALARM_AT:
                on_change("bus", f"ALARM: stream {stream.stream} is {stream.fill:.0%} full")


async def _positions(deployment: Deployment) -> dict[str, int]:
    """How far every consumer has read, as the services themselves have it in their stores."""
    found: dict[str, int] = {}
    async with Operator.connect(deployment.bus_url, deployment.key_file("operator")) as operator:
        for name in MODULES:
            found |= (await operator.ask(AskStatus(service=name), Status)).positions
    return found


async def _publish_policy(deployment: Deployment, policy: Policy) -> None:
    """Put the policy in force; every service takes it from the log."""
    event = policy_event(policy, "fairlead up")
    async with Operator.connect(deployment.bus_url, deployment.key_file("operator")) as operator:
        await operator.publish(event)


async def wait_until_ready(deployment: Deployment, *, patience: float = 60.0) -> None:
    """Until every service answers; raises `TimeoutError` that names those that do not."""
    missing = set(MODULES)
    deadline = time.monotonic() + patience
    async with Operator.connect(deployment.bus_url, deployment.key_file("operator")) as operator:
        while missing:
            for name in sorted(missing):
                try:
                    await operator.ask(AskStatus(service=name), Status, timeout=1.0)
                    missing.discard(name)
                except TimeoutError:
                    continue
            if missing and time.monotonic() > deadline:
                raise TimeoutError(
                    f"{', '.join(sorted(missing))} did not answer within {patience:.0f} s; see the logs"
                )
            if missing:
                await asyncio.sleep(0.1)


def owner_of(data: Path) -> int | None:
    """The process that runs a deployment on this folder, if one does."""
    try:
        with (data / "up.lock").open("r") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return None
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except FileNotFoundError:
        return None


def down(data: Path, *, patience: float = 30.0) -> bool:
    """End the deployment that runs on `data`; says whether one ran. Raises `TimeoutError` if it does not end."""
    owner = owner_of(data)
    if owner is None:
        return False
    os.kill(owner, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while owner_of(data) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {owner} did not end within {patience:.0f} s")
        time.sleep(0.1)
    return True


def clean(data: Path) -> bool:
    """Remove everything under `data`; says whether there was anything. Raises `AlreadyRunning`, and `FileExistsError`
    where the folder holds what is not ours."""
    if not data.exists():
        return False
    held = {path.name for path in data.iterdir()} if data.is_dir() else {data.name}
    if strange := sorted(held - OURS):
        raise FileExistsError(
            f"{data} is not a data folder of ours: it holds {strange[0]}; nothing was removed"
        )
    if not held:
        raise FileExistsError(f"{data} is empty, so not a data folder of ours; nothing was removed")
    with _sole_owner(data):
        shutil.rmtree(data)
    return True
