"""Runs one shard of one service until it is told to stop or cannot go on."""

import asyncio
import importlib.metadata
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import uvloop

from contracts import CONTRACTS
from contracts.queries.v1 import ConnectionStatus
from observability import set_up_logs

from .actor import Service
from .batch import Admission
from .clock import Clock
from .host import Host, Limits
from .ports import Bus, PositionLost
from .responders import answer_questions
from .settings import ServiceSettings, settings_or_exit
from .store import Fenced, ShardTaken, Store, UnsafeStore

__all__ = ["VERSION", "main", "run_service", "until_signalled"]

log = logging.getLogger(__name__)

VERSION = importlib.metadata.version("fairlead")
Companion = Callable[[], Awaitable[None]]
S = TypeVar("S", bound=ServiceSettings)
#: What stops a shard for good: starting it again by itself would not help.
_FINAL = (Fenced, PositionLost, ShardTaken, UnsafeStore)


async def run_service(
    service: Service, *, store: Path, bus: Bus, clock: Clock, admission: Admission | None = None,
    limits: Limits | None = None, connections: Callable[[], tuple[ConnectionStatus, ...]] = tuple,
    companions: Callable[[Host], Sequence[Companion]] = lambda host: (),
) -> None:  # fmt: skip
    """Own the shard's store, run its host, answer questions, and run what accompanies the host.

    A file `<store>.alive` is touched at least once a second while the host's loop turns: a supervisor ends an owner
    whose file is older than 15 s. Returns when cancelled, with everything closed; raises what stopped the shard.
    """
    opened = await Store.open(store, owner=service.name, clock=clock)
    try:
        host = Host(
            service=service,
            store=opened,
            bus=bus,
            catalogue=CONTRACTS,
            clock=clock,
            admission=admission,
            limits=limits,
        )
        host.beat = Path(f"{store}.alive").touch
        accompanying = companions(host)
        await answer_questions(bus, host, version=VERSION, connections=connections)
        async with asyncio.TaskGroup() as group:
            group.create_task(host.run(), name=f"{service.name} host")
            for companion in accompanying:
                group.create_task(_accompany(companion), name=f"{service.name} companion")
    finally:
        await bus.close()
        await opened.close()


async def _accompany(companion: Companion) -> None:
    await companion()


async def until_signalled(work: Awaitable[None]) -> None:
    """Run until done, or until SIGTERM or SIGINT; then cancel and wait for the end. Works as process 1 too."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    with suppress(asyncio.CancelledError):
        await task


def main(service: str, settings: type[S], run: Callable[[S], Awaitable[None]]) -> None:
    """The process of one service. Exit codes: 0 stopped, 1 failed, 75 the shard cannot be owned, 78 bad settings."""
    told = settings_or_exit(settings)
    set_up_logs(service, told.log_level)
    try:
        uvloop.run(until_signalled(run(told)))
    except BaseExceptionGroup as group:
        for failure in _leaves(group):
            log.critical("stopped: %s: %s", type(failure).__name__, failure, exc_info=failure)
        sys.exit(75 if any(isinstance(failure, _FINAL) for failure in _leaves(group)) else 1)
    except _FINAL as failure:
        log.critical("stopped: %s: %s", type(failure).__name__, failure)
        sys.exit(75)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for failure in group.exceptions
        for leaf in (_leaves(failure) if isinstance(failure, BaseExceptionGroup) else [failure])
    ]
