"""What the console and the command line ask a service about itself, by request and reply."""

from datetime import datetime

from ..base import Contract, published
from ..exceptions.v1 import Category, HeldUp
from ..types import Value

__all__ = [
    "AskExceptions",
    "AskLineage",
    "AskParked",
    "AskStatus",
    "ConnectionStatus",
    "ExceptionRecord",
    "Exceptions",
    "Lineage",
    "LineageRow",
    "Parked",
    "ParkedRecord",
    "ReplayParked",
    "Replayed",
    "Status",
]  # fmt: skip


class ConnectionStatus(Value, frozen=True, kw_only=True):
    """How one vendor connection fares: `up`, `throttled`, `down` or `paused`, and why."""

    name: str
    product: str
    state: str
    why: str = ""


@published("{service}.qry.status.ask.v1", key="service")
class AskStatus(Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="queries.ask-status.v1"):
    service: str


@published("{service}.qry.status.tell.v1", key="service")
class Status(Contract, frozen=True, kw_only=True, tag="queries.status.v1"):
    """Positions are the last stream sequence handled, by consumer; `lag` is what each has still to read."""

    service: str
    version: str
    epoch: int
    positions: dict[str, int]
    outbox: int
    timers: int
    effects: dict[str, int]
    parked: int
    exceptions_open: int
    policy: str | None
    connections: tuple[ConnectionStatus, ...] = ()


@published("{service}.qry.exceptions.ask.v1", key="service")
class AskExceptions(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="queries.ask-exceptions.v1"
):
    """`exception` asks for one; otherwise the open ones, or all of them."""

    service: str
    exception: str | None = None
    open_only: bool = True
    limit: int = 500


class ExceptionRecord(Value, frozen=True, kw_only=True):
    """An exception as its owner keeps it."""

    exception: str
    code: str
    category: Category
    summary: str
    fix: str
    owner: str
    held_up: HeldUp
    raised_at: datetime
    resolved_at: datetime | None
    how: str | None
    actor: str
    key: str
    releases_on: tuple[str, ...]


@published("{service}.qry.exceptions.tell.v1", key="service")
class Exceptions(Contract, frozen=True, kw_only=True, tag="queries.exceptions.v1"):
    service: str
    exceptions: tuple[ExceptionRecord, ...]


@published("{service}.qry.parked.ask.v1", key="service")
class AskParked(Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="queries.ask-parked.v1"):
    service: str
    limit: int = 500


class ParkedRecord(Value, frozen=True, kw_only=True):
    """A message that could not be handled, with its bytes, and why."""

    id: int
    consumer: str
    sequence: int
    subject: str
    actor: str | None
    key: str | None
    reason: str
    detail: str
    parked_at: datetime
    data: bytes


@published("{service}.qry.parked.tell.v1", key="service")
class Parked(Contract, frozen=True, kw_only=True, tag="queries.parked.v1"):
    service: str
    parked: tuple[ParkedRecord, ...]


@published("{service}.qry.parked.replay.v1", key="service")
class ReplayParked(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="queries.replay-parked.v1"
):
    """Handle parked messages again, in order; without ids, all of them."""

    service: str
    ids: tuple[int, ...] = ()


@published("{service}.qry.parked.replayed.v1", key="service")
class Replayed(Contract, frozen=True, kw_only=True, tag="queries.replayed.v1"):
    """How many messages were taken up again; those that fail again are parked again."""

    service: str
    count: int


@published("{service}.qry.lineage.ask.v1", key="service")
class AskLineage(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="queries.ask-lineage.v1"
):
    """Rows whose message or actor key is one of `keys`, or whose message is one of `messages`.

    With `types` (wire names) only rows about such messages.
    """

    service: str
    keys: tuple[str, ...] = ()
    messages: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    limit: int = 5000


class LineageRow(Value, frozen=True, kw_only=True):
    """One decision: which message, caused by which, came to which actor, and what it led to."""

    service: str
    at: datetime
    actor: str
    key: str
    message: str
    type: str
    message_key: str
    cause: str | None
    outcome: str
    note: str
    sent: tuple[str, ...]
    policy: str | None


@published("{service}.qry.lineage.tell.v1", key="service")
class Lineage(Contract, frozen=True, kw_only=True, tag="queries.lineage.v1"):
    service: str
    rows: tuple[LineageRow, ...]
