"""A deployment on a real nats-server: keys, grants, streams, and connections that end with the test."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import nats
from nats.aio.client import Client

from bus.declaration import Declaration
from bus.jetstream import JetStreamBus, Patience, TopologyConnection
from bus.permissions import INBOX, grants, issue, server_config
from bus.server import EmbeddedServer
from bus.topology import apply, topology

__all__ = ["QUICK", "Deployment", "free_port", "settle"]

#: So short that a test sees a stall, and still longer than a busy machine's pauses.
QUICK = Patience(answer=2.0, heartbeat=0.4, expiry=2.0, stall=1.5, reconnect=0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def settle(client: Client) -> None:
    """Wait until the server has dealt with everything sent: the first flush may overtake it, the second cannot."""
    for _ in range(2):
        await client.flush()


class Deployment:
    """Starts a server with the topology of the declarations; `async with` ends it and all connections."""

    def __init__(
        self, directory: Path, declarations: Iterable[Declaration], *, max_bytes: int = 1 << 26,
        shards: Mapping[str, int] | None = None, store: Path | None = None, sync_always: bool = True,
    ) -> None:  # fmt: skip
        declared = tuple(declarations)
        self.directory, self.topology = directory, topology(declared, shards=shards, max_bytes=max_bytes)
        self.grants = {grant.name: grant for grant in grants(declared, shards=shards)}
        self.keys = issue(directory / "keys", self.grants)
        self.left: asyncio.Queue[int] = asyncio.Queue()
        port = free_port()
        self.config = server_config(
            self.grants.values(), self.keys, self.topology,
            store=store or directory / "jetstream", port=port, sync_always=sync_always,
        )  # fmt: skip
        self.server = EmbeddedServer(directory, port, config=self.config)
        self._ending = AsyncExitStack()
        self._administration: TopologyConnection | None = None

    async def __aenter__(self) -> Self:
        await self.server.start()
        self._ending.push_async_callback(self._stop)
        await apply(await self.administration(), self.topology)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._ending.aclose()

    async def _stop(self) -> None:
        await self.server.stop()

    async def restart(self, config: str) -> None:
        """Start the server again, on the same data and port, with another configuration."""
        self.server = EmbeddedServer(self.directory, self.server.port, config=config)
        await self.server.start()

    async def administration(self) -> TopologyConnection:
        if self._administration is None:
            self._administration = await TopologyConnection.open(self.server.url, self.seed("topology"))
            self._ending.push_async_callback(self._administration.close)
        return self._administration

    async def bus(self, service: str) -> JetStreamBus:
        bus = await JetStreamBus.open(
            self.server.url, service, self.seed(service), patience=QUICK, leave=self.left.put_nowait
        )
        self._ending.push_async_callback(bus.close)
        return bus

    @asynccontextmanager
    async def raw(self, user: str) -> AsyncIterator[tuple[Client, list[str]]]:
        """A bare client with a user's key and what the server reproached it with: what a thief would have."""
        reproaches: list[str] = []

        async def hear(error: Exception) -> None:
            reproaches.append(str(error))

        client = await nats.connect(
            self.server.url, nkeys_seed=str(self.seed(user)), inbox_prefix=f"{INBOX}{user}", error_cb=hear
        )
        try:
            yield client, reproaches
        finally:
            await client.close()

    def seed(self, user: str) -> Path:
        return self.directory / "keys" / f"{user}.nk"
