"""Committed messages on their way to the log: cut into atomic batches at commit, relayed in their order."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .clock import Clock
from .ports import BatchBusy, BatchHasDuplicate, Bus, Outgoing, PublishUnknown, StreamFull

__all__ = ["OutboxBatch", "cut", "relay"]

log = logging.getLogger(__name__)

MOST_ROWS = 500
MOST_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutboxBatch:
    """Messages of one stream that are stored together or not at all."""

    number: int
    stream: str
    messages: tuple[Outgoing, ...]

    def rows(self) -> list[dict[str, Any]]:
        """As rows of the outbox table."""
        return [
            {"batch": self.number, "stream": self.stream, "subject": message.subject,
             "headers": msgspec.json.encode(dict(message.headers)).decode(), "data": message.data}
            for message in self.messages
        ]  # fmt: skip


def cut(messages: Sequence[tuple[str, Outgoing]], *, first: int) -> list[OutboxBatch]:
    """Cut (stream, message) pairs into batches of one stream, 500 rows and 4 MB at most, keeping the order."""
    lots: dict[str, list[list[Outgoing]]] = {}
    sizes: dict[str, int] = {}
    for stream, message in messages:
        size = len(message.data) + sum(len(name) + len(value) for name, value in message.headers.items())
        if stream not in lots or len(lots[stream][-1]) == MOST_ROWS or sizes[stream] + size > MOST_BYTES:
            lots.setdefault(stream, []).append([])
            sizes[stream] = 0
        lots[stream][-1].append(message)
        sizes[stream] += size
    cuts = [(stream, lot) for stream, of_stream in lots.items() for lot in of_stream]
    return [OutboxBatch(number, stream, tuple(lot)) for number, (stream, lot) in enumerate(cuts, first)]


async def relay(bus: Bus, batch: OutboxBatch, clock: Clock) -> int:
    """Publish one batch until the log holds each of its messages; says how many tries it took.

    Without an answer the same batch is sent again: message ids make that safe. The log refuses a batch whole
    when any of its messages is stored already: then each is published by itself, in order, and the stored ones
    are recognised one by one. What the log has forgotten since (its window is two minutes) the receivers' inboxes
    recognise.
    """
    waiting, singly, tries, failures = list(batch.messages), False, 0, 0
    while waiting:
        tries += 1
        try:
            if not singly and len(waiting) > 1:
                await bus.publish(batch.stream, waiting)
                return tries
            await bus.publish_one(batch.stream, waiting[0])
            del waiting[0]
            failures = 0
        except BatchHasDuplicate:
            singly = True
        except (PublishUnknown, BatchBusy) as reason:
            failures += 1
            log.warning(
                "publishing again: stream=%s waiting=%d reason=%s", batch.stream, len(waiting), reason
            )
            await clock.sleep(min(0.05 * 2 ** min(failures, 6), 2.0))
        except StreamFull:
            log.error("stream is full: stream=%s waiting=%d", batch.stream, len(waiting))
            await clock.sleep(2.0)
    return tries
