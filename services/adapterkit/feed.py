"""What a change feed told: which records were seen in which revision, and how far the feed was read.

Two kinds of actor. `feed` keeps a feed's watermark. `record` keeps what was last published of one vendor record and
counts its revisions, so that a repeat is no news and a change is exactly one event.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from bus.actor import Actor, Internal, Message, On
from bus.decision import Decision, Rejected
from bus.facts import Facts
from contracts import CONTRACTS, Contract

__all__ = ["FEED", "RECORD", "Polled", "Seen", "Watermark", "feed_actor_key", "record_actor_key", "seen_of"]


class Polled(Internal, frozen=True, tag="polled"):
    """Everything up to `watermark` was handed to its records."""

    watermark: str


class Seen(Internal, frozen=True, tag="seen"):
    """The vendor holds a record like this. `digest` tells whether that is news; `contract` counts no revision yet."""

    contract_type: str
    contract: msgspec.Raw
    digest: str
    retracts: bool = False


class Watermark(msgspec.Struct, frozen=True):
    """How far a feed was read; None before the first poll."""

    watermark: str | None = None


class Record(msgspec.Struct, frozen=True):
    """The last revision published of one vendor record, and what it said."""

    revision: int = 0
    digest: str = ""
    contract_type: str = ""
    retracted: bool = False


def feed_actor_key(connection: str, feed: str) -> str:
    return f"feed/{connection}/{feed}"


def record_actor_key(contract: Contract, record: str) -> str:
    """Contracts of one family (`timesheets`) tell about the same record and share its revisions."""
    return f"record/{contract.wire_name().partition('.')[0]}:{record}"


def seen_of(contract: Contract, digest: str, *, retracts: bool) -> Seen:
    raw = msgspec.Raw(CONTRACTS.encode(contract))
    return Seen(contract_type=contract.wire_name(), contract=raw, digest=digest, retracts=retracts)


def _on_polled(state: Watermark, message: Message[Polled], facts: Facts, policy: Any) -> Decision[Watermark]:
    return Decision(state=Watermark(message.body.watermark))


def _on_seen(state: Record, message: Message[Seen], facts: Facts, policy: Any) -> Decision[Record]:
    """Publish what changed as the record's next revision."""
    seen = message.body
    if seen.digest == state.digest:
        return Decision(outcome=Rejected("nothing new"))
    if seen.retracts and state.revision == 0:
        return Decision(outcome=Rejected("retracts what was never seen"))
    if seen.retracts and state.retracted:
        return Decision(outcome=Rejected("retracted already"))
    revision = state.revision + 1
    news = _counted(CONTRACTS.decode(seen.contract_type, bytes(seen.contract)), revision)
    record = Record(revision, seen.digest, seen.contract_type, seen.retracts)
    return Decision(state=record, send=(news,))


def _counted(contract: Contract, revision: int) -> Contract:
    """The contract with its revision (or version); not every contract counts."""
    counters: Iterable[str] = {"revision", "version"} & set(contract.__struct_fields__)
    return msgspec.structs.replace(contract, **dict.fromkeys(counters, revision))


FEED = Actor(kind="feed", state=Watermark, on=(On(message=Polled, decide=_on_polled),))
RECORD = Actor(kind="record", state=Record, on=(On(message=Seen, decide=_on_seen),))
