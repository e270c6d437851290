"""The two buses that have to behave alike: in memory, and on a server of its own for each test."""

from base64 import b64decode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import pytest

from bus.clock import SystemClock
from bus.memory import MemoryLog
from bus.ports import Bus
from bus.topology import Refused
from tests.support.firm import DECLARATIONS
from tests.support.nats import Deployment

#: Small, so that a test can fill a stream.
MAX_BYTES = 1 << 20


class World(Protocol):
    """One deployment of the firm's four services."""

    async def bus(self, service: str) -> Bus: ...

    async def stored(self, stream: str) -> list[tuple[str, bytes]]:
        """Subject and data of every stored message, in order."""
        ...


class InMemory:
    def __init__(self) -> None:
        self.log = MemoryLog(DECLARATIONS, clock=SystemClock(), max_bytes=MAX_BYTES)

    async def bus(self, service: str) -> Bus:
        return self.log.bus(service)

    async def stored(self, stream: str) -> list[tuple[str, bytes]]:
        return [(message.subject, message.data) for message in self.log.stored(stream)]


class OnServer:
    def __init__(self, deployment: Deployment) -> None:
        self.deployment = deployment

    async def bus(self, service: str) -> Bus:
        return await self.deployment.bus(service)

    async def stored(self, stream: str) -> list[tuple[str, bytes]]:
        administration = await self.deployment.administration()
        found: list[tuple[str, bytes]] = []
        while True:
            try:
                answer = await administration.ask(f"STREAM.MSG.GET.{stream}", {"seq": len(found) + 1})
            except Refused:
                return found
            found.append((answer["message"]["subject"], b64decode(answer["message"].get("data", ""))))


@pytest.fixture(params=["memory", "server"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "memory":
        yield InMemory()
        return
    async with Deployment(tmp_path, DECLARATIONS, max_bytes=MAX_BYTES) as deployment:
        yield OnServer(deployment)


@pytest.fixture
async def deployment(tmp_path: Path) -> AsyncIterator[Deployment]:
    async with Deployment(tmp_path, DECLARATIONS) as deployment:
        yield deployment
