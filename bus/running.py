"""Runs one shard of one service until it is told to stop or cannot go on."""

import asyncio
import importlib.metadata
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeVar

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

__all__ = ["VERSION", "Companion", "main", "run_service", "until_signalled"]

log = logging.getLogger(__name__)

VERSION = importlib.metadata.version("fairlead")


class Companion(Protocol):
    """What works beside the host, through it: it has to end in order while the host still commits."""

    async def run(self) -> None: ...

    def stop(self) -> None:
        """Begin nothing new; `run` returns when what is under way has ended."""
        ...


S = TypeVar("S", bound=ServiceSettings)
#: Seconds that companions have to end in order; shorter than a supervisor's patience.
GRACE = 8.0
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
            service=service, store=opened, bus=bus, catalogue=CONTRACTS, clock=clock, admission=admission,
            limits=limits,
        )  # fmt: skip
        host.beat = Path(f"{store}.alive").touch
        beside = companions(host)
        await answer_questions(bus, host, version=VERSION, connections=connections)
        await _work(host, beside)
    finally:
        await bus.close()
        await opened.close()


async def _work(host: Host, beside: Sequence[Companion]) -> None:
    """Until cancelled, or one of them ends by itself: the rest is ended in order, the host last."""
    hosting = asyncio.create_task(host.run())
    accompanying = [asyncio.create_task(companion.run()) for companion in beside]
    try:
        ended, _ = await asyncio.wait({hosting, *accompanying}, return_when=asyncio.FIRST_COMPLETED)
        for task in ended:
            task.result()
        raise RuntimeError(f"{host.service.name} ended by itself")
    finally:
        for companion in beside:
            companion.stop()
        if accompanying and not hosting.done():
            await asyncio.wait({hosting, asyncio.ensure_future(_all(accompanying))}, timeout=GRACE,
                               return_when=asyncio.FIRST_COMPLETED)  # fmt: skip
        for task in (*accompanying, hosting):
            task.cancel()
        await asyncio.wait({*accompanying, hosting})


async def _all(tasks: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.wait(tasks)


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
    except Exception as failure:
        log.critical("stopped: %s: %s", type(failure).__name__, failure, exc_info=failure)
        sys.exit(75 if isinstance(failure, _FINAL) else 1)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    return [
        leaf
        for failure in group.exceptions
        for leaf in (_leaves(failure) if isinstance(failure, BaseExceptionGroup) else [failure])
    ]
