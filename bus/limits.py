"""What one publish may be: the server closes the connection of whoever sends more, or never answers."""

from collections.abc import Mapping, Sequence

from .ports import Outgoing
from .subjects import stream_of

__all__ = ["MAX_MESSAGE_BYTES", "MOST_IN_BATCH", "Oversized", "check_batch", "wire_size"]

#: Headers and data of one message together.
MAX_MESSAGE_BYTES = 1_048_576

#: Messages of one atomic batch.
MOST_IN_BATCH = 1_000

#: Room for the headers that the transport adds: batch, stream, correlation.
_OUR_HEADERS = 512


class Oversized(ValueError):
    """Headers and data together exceed what the bus takes: the message has to be refused where it is made."""


def wire_size(headers: Mapping[str, str], data: bytes) -> int:
    """Bytes that a message takes, with room for what the transport adds; `MAX_MESSAGE_BYTES` is the limit."""
    return (
        len(data) + sum(len(name) + len(value.encode()) + 4 for name, value in headers.items()) + _OUR_HEADERS
    )


def check_batch(stream: str, batch: Sequence[Outgoing]) -> None:
    """Refuse what only a mistake in the program can cause: raises `ValueError`, `Oversized` among them."""
    if not 1 <= len(batch) <= MOST_IN_BATCH:
        raise ValueError(f"a batch has 1 to {MOST_IN_BATCH} messages, this one {len(batch)}")
    for message in batch:
        tokens = message.subject.split(".")
        if len(tokens) != 6 or not all(tokens) or stream_of(tokens[0], tokens[1]) != stream:
            raise ValueError(f"{message.subject} does not belong to {stream}")
        if (size := wire_size(message.headers, message.data)) > MAX_MESSAGE_BYTES:
            raise Oversized(f"message {message.message_id} on {message.subject} takes {size} bytes")
