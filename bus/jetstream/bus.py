"""`bus.ports.Bus` over one connection."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from faststream.message import StreamMessage
from nats.aio.msg import Msg
from nats.errors import Error, NoRespondersError

from ..limits import MAX_MESSAGE_BYTES, Oversized, wire_size
from ..permissions import INBOX
from ..ports import Consumer, Delivery, Outgoing, Responder
from .connection import Connection, Interrupted, Patience
from .following import follow
from .publishing import Publisher

__all__ = ["JetStreamBus"]

log = logging.getLogger(__name__)

#: Requests on one subject that are answered at the same time.
_AT_ONCE = 8


class JetStreamBus:
    """A service's connection to a NATS server."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._publisher = Publisher(connection)

    @classmethod
    async def open(
        cls,
        servers: str | Iterable[str],
        service: str,
        seed: Path | None,
        *,
        patience: Patience | None = None,
        leave: Callable[[int], None] = os._exit,
        on_forbidden: Callable[[str], None] = lambda subject: None,
    ) -> "JetStreamBus":
        """Connect with the service's key, waiting for a server that is not there yet.

        `leave(70)` is called when the connection is lost for good: by then nothing in this process can be relied
        on to end it in order. `on_forbidden` hears each subject that the server refused. Raises
        `nats.errors.Error` when the server does not take the key.
        """
        return cls(
            await Connection.open(
                servers, service, seed, patience=patience, leave=leave, on_forbidden=on_forbidden
            )
        )

    @property
    def counts(self) -> Counter[str]:
        """What went wrong on this connection so far: `forbidden`, `disconnected`, and errors by class."""
        return self._connection.counts

    def follow(self, consumer: Consumer, after: int, limit: int) -> AsyncGenerator[Sequence[Delivery], None]:
        return follow(self._connection, consumer, after, limit)

    async def publish(self, stream: str, batch: Sequence[Outgoing]) -> None:
        """As the port promises; a batch of another length is a `ValueError`, a message too large `Oversized`."""
        await self._publisher.batch(stream, batch)

    async def publish_one(self, stream: str, message: Outgoing) -> bool:
        return await self._publisher.one(stream, message)

    async def request(self, subject: str, data: bytes, timeout: float) -> bytes:
        """As the port promises; at once when nobody listens. `Forbidden` names a subject outside the grant."""
        _bounded(subject, data)
        with self._connection.awaiting((subject,)) as refused:
            asked = asyncio.create_task(self._ask(subject, data, timeout))
            either: set[asyncio.Future[Any]] = {asked, refused.future}
            try:
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                refused.raise_if_failed()
                return await asked
            except NoRespondersError:
                raise TimeoutError(f"nobody listens on {subject}") from None
            except (Interrupted, Error) as broken:
                raise TimeoutError(f"{subject}: {broken}") from broken
            finally:
                asked.cancel()

    async def _ask(self, subject: str, data: bytes, timeout: float) -> bytes:
        answer = await self._connection.broker.request(data, subject, timeout=timeout)
        return bytes(answer.body)

    async def respond(self, subject: str, responder: Responder) -> None:
        """As the port promises. Replicas of a service share the requests; raises `Forbidden`."""

        async def answer(question: StreamMessage[Msg]) -> bytes:
            # A reply goes out under our own grant: under any other address it would be an event in our name.
            if not question.reply_to.startswith(INBOX):
                log.error("no answer to a false address: subject=%s reply=%s", subject, question.reply_to)
                raise ValueError(f"{question.reply_to} is not an inbox")
            try:
                said = await responder(question.body)
                _bounded(subject, said)
            except Exception:
                log.exception("no answer: subject=%s", subject)
                raise
            return said

        async def undecoded(question: StreamMessage[Msg]) -> StreamMessage[Msg]:
            return question

        with self._connection.awaiting((subject,)) as refused:
            subscriber = self._connection.broker.subscriber(
                subject, queue=self._connection.name, decoder=undecoded, max_workers=_AT_ONCE
            )
            subscriber(answer)
            await subscriber.start()
            await self._connection.settle()
            refused.raise_if_failed()

    async def close(self) -> None:
        await self._connection.close()


def _bounded(subject: str, data: bytes) -> None:
    if wire_size({}, data) > MAX_MESSAGE_BYTES:
        raise Oversized(f"{len(data)} bytes for {subject}")
