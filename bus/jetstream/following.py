"""A stream read from a position on, in order, without a gap, by pulling from a durable that never acknowledges.

The server counts what it hands to a consumer. A count that does not continue ours means that a message went
elsewhere, to a dead connection or another puller, and then everything since is void.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, Error

from ..permissions import Forbidden
from ..ports import Consumer, Delivery, Detached, PositionLost
from ..topology import Refused
from .administration import ask
from .connection import Connection, Interrupted

__all__ = ["follow"]

#: Of one pull request; several times the largest message.
_MOST_BYTES = 8 * 1024 * 1024

_NANOSECONDS = 1_000_000_000


async def follow(
    connection: Connection, consumer: Consumer, after: int, limit: int
) -> AsyncGenerator[Sequence[Delivery], None]:
    """Set the consumer behind `after`, then hand over lots for ever; raises `Detached` or `PositionLost`."""
    try:
        await _check(connection, consumer, after)
        pulling = _Pulling(connection, consumer, limit)
        with connection.interruptions(pulling.interrupted):
            subscription = await connection.client.subscribe(pulling.inbox, cb=pulling.arrived)
            try:
                await ask(connection, f"CONSUMER.RESET.{consumer.stream}.{consumer.name}", {"seq": after + 1})
                while True:
                    if lot := await pulling.next_lot():
                        yield lot
            finally:
                await _unsubscribe(subscription)
    except Interrupted as broken:
        raise Detached(str(broken)) from None
    except TimeoutError:
        raise Detached(f"{consumer.name}: the server did not answer") from None
    except (Refused, Forbidden, Error, OSError) as refused:
        raise Detached(f"{consumer.name}: {refused}") from refused


async def _check(connection: Connection, consumer: Consumer, after: int) -> None:
    """Compare with what the server has: the stream's end, and the subjects that the topology gave the consumer.

    A reset takes a position beyond the end without complaint and would then skip what comes first; a reset of a
    consumer that does not exist is not answered at all.
    """
    await connection.online()
    try:
        end = (await ask(connection, f"STREAM.INFO.{consumer.stream}", {}))["state"]["last_seq"]
    except Refused as missing:
        if after:
            raise PositionLost(f"{consumer.stream} is gone, {consumer.name} was at {after}") from missing
        raise
    if after > end:
        raise PositionLost(f"{consumer.stream} ends at {end}, {consumer.name} was at {after}")
    config = (await ask(connection, f"CONSUMER.INFO.{consumer.stream}.{consumer.name}", {}))["config"]
    if set(config.get("filter_subjects", ())) != set(consumer.filters):
        raise Detached(f"{consumer.name} reads other subjects on the server: apply the topology")


async def _unsubscribe(subscription: Any) -> None:
    try:
        await subscription.unsubscribe()
    except ConnectionClosedError:
        return


class _Pulling:
    """Pull requests of one following and what came of them.

    Between `limit` and twice as many messages are asked for at any time and not yet handed over, so the next lot
    arrives while the last one is handled, and no more than that waits in memory.
    """

    def __init__(self, connection: Connection, consumer: Consumer, limit: int) -> None:
        self.inbox = connection.client.new_inbox()
        self._connection, self._consumer, self._limit = connection, consumer, limit
        self._waiting: list[Msg] = []
        self._stirred = asyncio.Event()
        self._broken: str | None = None
        self._asked = 0
        self._count = 0
        self._handed_over = 0

    async def arrived(self, message: Msg) -> None:
        self._waiting.append(message)
        self._stirred.set()

    def interrupted(self, why: str) -> None:
        self._broken = why
        self._stirred.set()

    async def next_lot(self) -> list[Delivery]:
        """What is there, at most `limit`; waits for it. May be empty when only the server's notices arrived."""
        if self._asked <= self._limit:
            await self._ask_for(2 * self._limit - self._asked)
        if not self._waiting:
            await self._something()
        if self._broken is not None:
            raise Detached(f"{self._consumer.name}: {self._broken}")
        taken, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
        if not self._waiting:
            self._stirred.clear()
        return [delivery for message in taken if (delivery := self._read(message)) is not None]

    async def _ask_for(self, messages: int) -> None:
        patience = self._connection.patience
        request = {
            "batch": messages,
            "expires": int(patience.expiry * _NANOSECONDS),
            "idle_heartbeat": int(patience.heartbeat * _NANOSECONDS),
            "max_bytes": _MOST_BYTES,
        }
        subject = f"{self._connection.api}.CONSUMER.MSG.NEXT.{self._consumer.stream}.{self._consumer.name}"
        self._asked += messages
        await self._connection.client.publish(subject, json.dumps(request).encode(), self.inbox)

    async def _something(self) -> None:
        try:
            async with asyncio.timeout(self._connection.patience.stall):
                await self._stirred.wait()
        except TimeoutError:
            raise Detached(f"{self._consumer.name}: not even a heartbeat arrives") from None

    def _read(self, message: Msg) -> Delivery | None:
        if not message.reply:
            self._notice(message.headers or {})
            return None
        # $JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<sequence>.<count>.<nanoseconds>.<pending>
        tokens = message.reply.split(".")
        start = 4 if len(tokens) == 9 else 6
        sequence, count, stored = (int(token) for token in tokens[start + 1 : start + 4])
        if count != self._count + 1 or sequence <= self._handed_over:
            raise Detached(f"{self._consumer.name}: message {count} at {sequence} came after {self._count}")
        self._count, self._handed_over = count, sequence
        self._asked -= 1
        return Delivery(
            consumer=self._consumer.name,
            stream=self._consumer.stream,
            sequence=sequence,
            subject=message.subject,
            headers=message.headers or {},
            data=message.data,
            stored_at=datetime.fromtimestamp(stored / _NANOSECONDS, UTC),
        )

    def _notice(self, headers: Mapping[str, str]) -> None:
        """A heartbeat, the end of a pull request, or the end of the consumer."""
        status, words = headers.get("Status"), headers.get("Description", "")
        ended = status == "408" or "Batch Completed" in words or "MaxBytes" in words
        if status == "100" and "Nats-Last-Consumer" in headers:
            if (count := int(headers["Nats-Last-Consumer"])) != self._count:
                raise Detached(f"{self._consumer.name}: the server handed out {count}, {self._count} arrived")
        elif ended and "Nats-Pending-Messages" in headers:
            self._asked -= int(headers["Nats-Pending-Messages"])
        else:
            raise Detached(f"{self._consumer.name}: {status} {words}")
