"""Requests to the server's JetStream API."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..permissions import TOPOLOGY_USER
from ..topology import Refused
from .connection import Connection

__all__ = ["TopologyConnection", "ask"]


async def ask(connection: Connection, subject: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Ask the JetStream API for `<subject>`; raises `Refused`, `TimeoutError`, `Interrupted` or `Forbidden`."""
    address = f"{connection.api}.{subject}"
    with connection.awaiting((address,)) as answer:
        await connection.client.publish(address, json.dumps(body).encode(), answer.reply)
        message = await answer.within(connection.patience.answer)
    if message.headers is not None and message.headers.get("Status"):
        raise Refused(address, int(message.headers["Status"]), "nobody answers; is JetStream running?")
    said: dict[str, Any] = json.loads(message.data)
    if (error := said.get("error")) is not None:
        raise Refused(address, error.get("err_code", 0), error.get("description", ""))
    return said


class TopologyConnection:
    """The topology user's connection, the only one that may create, change or trim."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, servers: str | Iterable[str], seed: Path | None) -> "TopologyConnection":
        return cls(await Connection.open(servers, TOPOLOGY_USER, seed))

    async def ask(self, subject: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request to `$JS.API.<subject>`; raises `Refused` or `TimeoutError`."""
        await self._connection.online()
        return await ask(self._connection, subject, body)

    async def close(self) -> None:
        await self._connection.close()
