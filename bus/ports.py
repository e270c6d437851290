"""What the host needs of a message bus: a durable log to follow, atomic batches to publish, requests to answer.

`jetstream.py` does it with a NATS server, `memory.py` in one process; both pass the same conformance suite.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import msgspec

__all__ = [
    "BatchBusy", "BatchHasDuplicate", "Bus", "Consumer", "Delivery", "Detached", "Outgoing", "PositionLost",
    "PublishUnknown", "Responder", "StreamFull",
]  # fmt: skip


class Consumer(msgspec.Struct, frozen=True, kw_only=True):
    """One durable reading position of one shard on one stream; it never acknowledges, the position is ours.

    `filters` are subjects without overlap. Renaming a consumer is a migration: its position is kept by name.
    """

    name: str
    stream: str
    filters: tuple[str, ...]


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One stored message as the log hands it over. `sequence` is its place in the stream, from 1."""

    consumer: str
    stream: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes
    stored_at: datetime


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message to publish: `headers` carry its `Nats-Msg-Id`, `subject` has the key in the slot's place."""

    subject: str
    headers: Mapping[str, str]
    data: bytes

    @property
    def message_id(self) -> str:
        return self.headers["Nats-Msg-Id"]


class Detached(Exception):
    """The log was interrupted (reconnect, gap, stall): what was in flight is void, follow again."""


class PositionLost(Exception):
    """The position lies beyond the stream's end: the stream was lost or restored from an older copy."""


class PublishUnknown(Exception):
    """No answer: the batch may or may not be stored. Ask with its first message before sending it again."""


class BatchHasDuplicate(Exception):
    """A message id of the batch is stored already; the server refused the whole (error 10201)."""


class BatchBusy(Exception):
    """Too many open batches, or the server forbade a part of it (10210, 10176): back off."""


class StreamFull(Exception):
    """The stream is at its limit and discards new messages (10077): an alarm, nothing is lost here."""


Responder = Callable[[bytes], Awaitable[bytes]]


class Bus(Protocol):
    """A connection of one service to the bus."""

    def follow(self, consumer: Consumer, after: int, limit: int) -> AsyncGenerator[Sequence[Delivery], None]:
        """Hand over everything stored behind sequence `after` in order, for ever, in lots of at most `limit`.

        A lot is yielded as soon as anything is there; a quiet log yields nothing. Raises `Detached` when order
        or completeness can no longer be promised, `PositionLost` when `after` lies beyond the stream's end.
        """
        ...

    async def publish(self, stream: str, batch: Sequence[Outgoing]) -> None:
        """Store 1 to 1,000 messages of one stream, all or none, before returning.

        Raises `PublishUnknown`, `BatchHasDuplicate`, `BatchBusy` or `StreamFull`.
        """
        ...

    async def publish_one(self, stream: str, message: Outgoing) -> bool:
        """Store one message unless its id is stored already; say whether it was. Raises as `publish` does."""
        ...

    async def request(self, subject: str, data: bytes, timeout: float) -> bytes:
        """Ask once; raises `TimeoutError` when nobody answers in `timeout` seconds."""
        ...

    async def respond(self, subject: str, responder: Responder) -> None:
        """Answer requests on a subject until closed."""
        ...

    async def close(self) -> None:
        """Stop following and answering, then leave."""
        ...
