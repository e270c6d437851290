"""Messages into a stream: alone with an acknowledgement, or in one atomic batch with one disk sync."""

from collections.abc import Mapping, Sequence

import msgspec
from nats.aio.msg import Msg
from nats.errors import Error

from ..limits import check_batch
from ..ports import BatchBusy, BatchHasDuplicate, Outgoing, PublishUnknown, StreamFull
from .connection import Connection, Interrupted

__all__ = ["Publisher"]

#: By the server's error code. Whatever else it refuses is not stored either: back off and say why.
_FAMILIES: dict[int, type[Exception]] = {
    10201: BatchHasDuplicate,
    10077: StreamFull,
    10047: StreamFull,  # insufficient storage
    10023: StreamFull,  # insufficient resources
}


class _Error(msgspec.Struct, frozen=True):
    err_code: int = 0
    description: str = ""


class _Ack(msgspec.Struct, frozen=True):
    """The server's answer to a publish; `count` is the length of an atomic batch."""

    stream: str = ""
    duplicate: bool = False
    count: int = 0
    error: _Error | None = None


_read = msgspec.json.Decoder(_Ack).decode


class Publisher:
    """Publishes over one connection. Several publishes may run at once; each batch keeps its order."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._batches = 0
        self._name = connection.client.new_inbox().rpartition(".")[2]

    async def one(self, stream: str, message: Outgoing) -> bool:
        """Store one message; says whether its id was stored already."""
        check_batch(stream, [message])
        return (await self._send(stream, [message], [_headers(stream, message)])).duplicate

    async def batch(self, stream: str, batch: Sequence[Outgoing]) -> None:
        """Store 1 to 1,000 messages, all or none."""
        check_batch(stream, batch)
        if len(batch) == 1:
            if await self.one(stream, batch[0]):
                raise BatchHasDuplicate(batch[0].message_id)
            return
        self._batches += 1
        name = f"{self._name}-{self._batches}"
        headers = [
            {**_headers(stream, message), "Nats-Batch-Id": name, "Nats-Batch-Sequence": str(place)}
            for place, message in enumerate(batch, 1)
        ]
        headers[-1]["Nats-Batch-Commit"] = "1"
        ack = await self._send(stream, batch, headers)
        if ack.count != len(batch):
            raise PublishUnknown(f"{stream}: {ack.count} of {len(batch)} messages were confirmed")

    async def _send(
        self, stream: str, messages: Sequence[Outgoing], headers: Sequence[Mapping[str, str]]
    ) -> _Ack:
        """Publish them in one go; the first and the last ask for an answer, which is awaited once."""
        client, last = self._connection.client, len(messages) - 1
        try:
            await self._connection.online()
            with self._connection.awaiting({message.subject for message in messages}) as answer:
                for place, message in enumerate(messages):
                    if answer.settled:
                        break
                    reply = answer.reply if place in (0, last) else ""
                    await client.publish(message.subject, message.data, reply, dict(headers[place]))
                return _outcome(stream, await answer.within(self._connection.patience.answer))
        except TimeoutError:
            raise PublishUnknown(f"{stream} did not answer in {self._connection.patience.answer} s") from None
        except (Interrupted, Error, OSError) as broken:
            raise PublishUnknown(f"{stream}: {broken}") from broken


def _headers(stream: str, message: Outgoing) -> dict[str, str]:
    return {**message.headers, "Nats-Expected-Stream": stream}


def _outcome(stream: str, message: Msg) -> _Ack:
    """Read the server's answer; raises the family that says what to do."""
    if message.headers is not None and (status := message.headers.get("Status")):
        raise PublishUnknown(f"{stream}: no stream takes these subjects ({status})")
    ack = _read(message.data)
    if ack.error is None:
        return ack
    raise _FAMILIES.get(ack.error.err_code, BatchBusy)(
        f"{stream}: {ack.error.description} ({ack.error.err_code})"
    )
