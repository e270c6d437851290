"""An adapter put together: the service its actors make, and what runs beside its host."""

import asyncio
from collections.abc import Sequence
from random import Random

from bus.actor import Service
from bus.clock import Clock
from bus.host import Host
from contracts import Contract
from contracts.ledgers.v1 import LedgerPage
from contracts.queries.v1 import ConnectionStatus
from contracts.types import ConnectionName
from contracts.writes.v1 import WriteRefused

from .carry import Carry, actor_for
from .connector import Connector
from .executor import Executor
from .feed import FEED, RECORD, Polled, Seen
from .feed_runner import FeedRunner
from .governor import Governor
from .snapshot import VERB, PageRead, snapshot_actor, snapshot_verb
from .watch import watch
from .window import EffectWindow

__all__ = ["Adapter", "adapter_service"]


def adapter_service(
    name: str, carries: Sequence[Carry], observes: Sequence[type[Contract]], connection: ConnectionName
) -> Service:
    """The service of one connection: it carries out commands, publishes what its feeds observe, and snapshots."""
    receipts = {carry.answers for carry in carries}
    writes: set[type[Contract]] = {*receipts, *observes, WriteRefused, LedgerPage}
    return Service(
        name=name,
        actors=(actor_for(carries, name, connection), FEED, RECORD, snapshot_actor(name, connection)),
        writes=tuple(sorted(writes, key=lambda contract: contract.wire_name())),
        internal=(Polled, Seen, PageRead),
    )


class Adapter:
    """Executor, feeds and the watch over the credential of one connection, beside a host that runs already.

    The host must have been made with this `window` as its admission.
    """

    def __init__(
        self, host: Host, connector: Connector, governor: Governor, window: EffectWindow, clock: Clock, random: Random
    ) -> None:  # fmt: skip
        self._connector, self._governor, self._clock = connector, governor, clock
        self._executor = Executor(
            host, connector, governor, window, clock, random,
            readings={VERB: snapshot_verb(host, connector, clock)},
        )  # fmt: skip
        self._feeds = FeedRunner(host, connector, governor, clock, random)
        self._beside: list[asyncio.Task[None]] = []

    async def run(self) -> None:
        """Work until `stop`, or until something breaks that only a restart can mend."""
        async with asyncio.TaskGroup() as group:
            self._beside = [
                group.create_task(self._feeds.run()),
                group.create_task(watch(self._connector, self._governor, self._clock)),
            ]
            await self._executor.run()
            self._leave_feeds()

    def stop(self, *, within: float = 6.0) -> None:
        """Read no feed any more, let the writes in flight end within so many seconds, then end `run`."""
        self._leave_feeds()
        self._executor.stop(within=within)

    def resume(self) -> None:
        """Try the credential again: someone mended it."""
        self._governor.resume()

    def status(self) -> ConnectionStatus:
        """How the connection fares; a feed that cannot be read counts as down."""
        status = self._governor.status()
        if status.state != "up" or not self._feeds.troubles:
            return status
        why = "; ".join(f"feed {feed}: {why}" for feed, why in sorted(self._feeds.troubles.items()))
        return ConnectionStatus(name=status.name, product=status.product, state="down", why=why)

    def _leave_feeds(self) -> None:
        for task in self._beside:
            task.cancel()
