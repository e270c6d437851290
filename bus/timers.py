"""What comes due inside a service: timers by name, wake-ups, messages put off. Rows, so they survive a restart."""

from datetime import datetime
from typing import Any

from contracts import Contract, FutureVersion, Undecodable

from . import tables
from .actor import Internal
from .arrival import Arrival, Codec, Illegible, Raw
from .moments import instant, micros
from .rows import Rows

__all__ = ["Timers"]


class Timers:
    """Timer rows of one shard within one transaction. A name is used once: setting it again replaces it."""

    def __init__(self, rows: Rows, codec: Codec) -> None:
        self._rows, self._codec = rows, codec
        self._changed: dict[str, dict[str, Any] | None] = {}

    def due(self, now: datetime, most: int) -> list[Arrival | Illegible]:
        """Take what is due, the earliest first."""
        found: list[Arrival | Illegible] = []
        for row in self._rows.due_timers(micros(now), most) if most > 0 else ():
            self._changed[row.id] = None
            try:
                body = self._codec.decode(row.type, row.body)
            except (FutureVersion, Undecodable) as wrong:
                raw = Raw(
                    consumer="internal", sequence=0, subject="", headers={"ce-type": row.type}, data=row.body
                )
                found.append(Illegible(raw=raw, reason="undecodable", detail=f"{row.actor}: {wrong}"))
                continue
            found.append(
                self._codec.internal(
                    body,
                    message=row.message,
                    at=instant(row.at),
                    actor=row.actor,
                    cause=row.cause,
                    trace=row.trace,
                )
            )
        return found

    def set(
        self, name: str, due: datetime, actor: str, body: Contract | Internal, message: str, *,
        at: datetime | None = None, cause: str | None = None, trace: str | None = None,
    ) -> None:  # fmt: skip
        """Hand `body` to `actor` when it is `due`; `at` is the time the message shall carry."""
        self._changed[name] = {
            "id": name, "due_at": micros(due), "actor": actor, "message": message, "cause": cause, "trace": trace,
            "at": micros(at or due), "type": self._codec.type_of(body), "body": self._codec.encode(body),
        }  # fmt: skip

    def soon(
        self,
        name: str,
        actor: str,
        body: Contract | Internal,
        message: str,
        now: datetime,
        cause: str | None = None,
        trace: str | None = None,
    ) -> None:
        """Hand `body` to `actor` in the next batch, once, however often this is asked for."""
        if self._changed.get(name) is None:
            self.set(name, now, actor, body, message, cause=cause, trace=trace)

    def cancel(self, name: str) -> None:
        self._changed[name] = None

    def write(self) -> None:
        self._rows.remove(tables.timer, "id", [name for name, row in self._changed.items() if row is None])
        self._rows.put(tables.timer, [row for row in self._changed.values() if row is not None])
