"""What travels beside a message's bytes: CloudEvents attributes and trace context, in headers.

CloudEvents 1.0, NATS protocol binding, binary mode: each attribute is a header `ce-<name>`; values are
percent-encoded outside U+0021..U+007E.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote

import msgspec

__all__ = ["Envelope", "MalformedEnvelope"]

_SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


class MalformedEnvelope(ValueError):
    """The message's headers lack what every message of ours carries."""


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Identity and origin of one message.

    `id` is stable for ever: republishing, replaying or relaying never changes it. `cause` is the id of the
    message that led to this one; `actor` is `kind/key` of the actor that sent it; `policy` is the hash of the
    policy bundle that the decision used.
    """

    id: str
    type: str
    source: str
    time: datetime
    key: str
    cause: str | None = None
    actor: str | None = None
    policy: str | None = None
    traceparent: str | None = None

    def headers(self) -> dict[str, str]:
        """The envelope as message headers, `Nats-Msg-Id` among them."""
        attributes = {
            "ce-specversion": "1.0",
            "ce-id": self.id,
            "ce-type": self.type,
            "ce-source": self.source,
            "ce-time": self.time.astimezone(UTC).isoformat(),
            "ce-datacontenttype": "application/json",
            "ce-partitionkey": self.key,
            "ce-cause": self.cause,
            "ce-actor": self.actor,
            "ce-policy": self.policy,
        }
        made = {name: quote(value, safe=_SAFE) for name, value in attributes.items() if value is not None}
        made["Nats-Msg-Id"] = self.id
        if self.traceparent is not None:
            made["traceparent"] = self.traceparent
        return made

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> "Envelope":
        """Read the headers of a received message; raises `MalformedEnvelope` that names what is missing."""
        found = {name.lower(): value for name, value in headers.items()}

        def attribute(name: str) -> str | None:
            value = found.get(f"ce-{name}")
            return None if value is None else unquote(value, errors="strict")

        def required(name: str) -> str:
            if not (value := attribute(name)):
                raise MalformedEnvelope(f"header ce-{name} is missing")
            return value

        try:
            if required("specversion") != "1.0":
                raise MalformedEnvelope(f"ce-specversion is {found['ce-specversion']!r}, legal is 1.0")
            time = datetime.fromisoformat(required("time"))
            if time.tzinfo is None:
                raise MalformedEnvelope("ce-time has no offset")
            return cls(
                id=required("id"),
                type=required("type"),
                source=required("source"),
                time=time,
                key=required("partitionkey"),
                cause=attribute("cause"),
                actor=attribute("actor"),
                policy=attribute("policy"),
                traceparent=found.get("traceparent"),
            )
        except MalformedEnvelope:
            raise
        except ValueError as wrong:
            raise MalformedEnvelope(f"a ce- header cannot be read: {wrong}") from None
