"""One thing to handle, wherever it came from: the log, a timer, an effect's end, a person's replay."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from contracts import Catalogue, Contract, FutureVersion, Undecodable

from .actor import EffectSettled, Internal, Released, TimerFired, Woken
from .envelope import Envelope, MalformedEnvelope
from .ports import Delivery

__all__ = ["Arrival", "Codec", "Illegible", "Raw"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Raw:
    """The bytes an arrival was read from, and where it stood: what is kept when it has to be parked."""

    consumer: str
    sequence: int
    subject: str
    headers: Mapping[str, str]
    data: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """A legible message. `actor` (`kind/key`) is its address where it has one; else its handlers say.

    `trace` is its W3C traceparent.
    """

    id: str
    at: datetime
    key: str
    body: Contract | Internal
    raw: Raw
    actor: str | None = None
    cause: str | None = None
    trace: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Illegible:
    """A message that cannot be read here, now: `reason` is `undecodable`, `future-version` or `malformed`."""

    raw: Raw
    reason: str
    detail: str


class Codec:
    """Bytes to arrivals and back, for the contracts and internal messages of one service."""

    def __init__(self, catalogue: Catalogue, internal: tuple[type[Internal], ...]) -> None:
        self.catalogue = catalogue
        types: tuple[type[Internal], ...] = (TimerFired, Woken, Released, EffectSettled, *internal)
        self._internal: dict[str, msgspec.json.Decoder[Any]] = {
            str(kind.__struct_config__.tag): msgspec.json.Decoder(kind) for kind in types
        }
        self._encoder = msgspec.json.Encoder(decimal_format="string")

    def type_of(self, body: Contract | Internal) -> str:
        return str(body.__struct_config__.tag)

    def encode(self, body: Any) -> bytes:
        return self._encoder.encode(body)

    def decode(self, type_name: str, data: bytes) -> Contract | Internal:
        """Read a body by its type's name; raises as `Catalogue.decode` does."""
        decoder = self._internal.get(type_name)
        if decoder is None:
            return self.catalogue.decode(type_name, data)
        try:
            body: Internal = decoder.decode(data)
        except msgspec.DecodeError as wrong:
            raise Undecodable(f"{type_name}: {wrong}") from None
        return body

    def read(self, delivery: Delivery) -> Arrival | Illegible:
        """Read a message of the log."""
        raw = Raw(
            consumer=delivery.consumer,
            sequence=delivery.sequence,
            subject=delivery.subject,
            headers=delivery.headers,
            data=delivery.data,
        )
        return self.reread(raw)

    def reread(self, raw: Raw, actor: str | None = None) -> Arrival | Illegible:
        """Read parked bytes (again)."""
        try:
            envelope = Envelope.read(raw.headers)
            body = self.decode(envelope.type, raw.data)
        except MalformedEnvelope as wrong:
            return Illegible(raw=raw, reason="malformed", detail=str(wrong))
        except FutureVersion as wrong:
            return Illegible(raw=raw, reason="future-version", detail=str(wrong))
        except Undecodable as wrong:
            return Illegible(raw=raw, reason="undecodable", detail=str(wrong))
        if isinstance(body, Contract) and body.key != envelope.key:
            detail = f"ce-partitionkey is {envelope.key!r}, the message's own key is {body.key!r}"
            return Illegible(raw=raw, reason="malformed", detail=detail)
        return Arrival(
            id=envelope.id,
            at=envelope.time,
            key=envelope.key,
            body=body,
            raw=raw,
            actor=actor,
            cause=envelope.cause,
            trace=envelope.traceparent,
        )

    def internal(
        self,
        body: Contract | Internal,
        *,
        message: str,
        at: datetime,
        actor: str,
        cause: str | None,
        trace: str | None = None,
    ) -> Arrival:
        """An arrival that never was on the log. Its raw form can be parked and read again like any other."""
        key = body.key if isinstance(body, Contract) else actor.split("/", 1)[1]
        envelope = Envelope(
            id=message,
            type=self.type_of(body),
            source="internal",
            time=at,
            key=key,
            cause=cause,
            traceparent=trace,
        )
        raw = Raw(
            consumer="internal", sequence=0, subject="", headers=envelope.headers(), data=self.encode(body)
        )
        return Arrival(id=message, at=at, key=key, body=body, raw=raw, actor=actor, cause=cause, trace=trace)
