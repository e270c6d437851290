"""The tables that every service's store has. Times are integer microseconds since 1970, in UTC."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, String, Table, Text

__all__ = [
    "METADATA", "actor", "effect", "exception", "fact", "inbox", "lineage", "outbox", "parked", "policy",
    "position", "shard", "timer", "wake",
]  # fmt: skip

METADATA = MetaData()
_Id = BigInteger().with_variant(Integer, "sqlite")

#: One row: who owns the shard. Every commit compares `epoch`.
shard = Table(
    "shard",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("owner", String, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
)

#: The last stream sequence handled, by consumer.
position = Table(
    "position",
    METADATA,
    Column("consumer", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
)

#: Ids of messages that took effect here.
inbox = Table(
    "inbox",
    METADATA,
    Column("message", String, primary_key=True),
    Column("handled_at", BigInteger, nullable=False),
    Index("inbox_handled_at", "handled_at"),
    sqlite_with_rowid=False,
)

#: State of each actor, by `kind/key`.
actor = Table(
    "actor",
    METADATA,
    Column("actor", String, primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

#: Messages committed and not yet known to be stored on the bus; `batch` is one atomic publish.
outbox = Table(
    "outbox",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("batch", BigInteger, nullable=False, index=True),
    Column("stream", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("headers", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)

#: What comes due inside the service: timers, wake-ups, messages put off or replayed.
timer = Table(
    "timer",
    METADATA,
    Column("id", String, primary_key=True),
    Column("due_at", BigInteger, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("message", String, nullable=False),
    Column("cause", String),
    Column("trace", String),
    Column("at", BigInteger, nullable=False),
    Column("type", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

#: Writes to vendors, by stable key.
effect = Table(
    "effect",
    METADATA,
    Column("key", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False, index=True),
    Column("actor", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("lane", String, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("status", String, nullable=False),
    Column("command_type", String, nullable=False),
    Column("command", LargeBinary, nullable=False),
    Column("cause", String),
    Column("trace", String),
    Column("planned_at", BigInteger, nullable=False),
    Column("attempted_at", BigInteger),
    Column("settled_at", BigInteger),
    Column("result", Text),
    Column("category", String),
    Column("why", Text),
    Index("effect_open", "status", "priority", "sequence"),
)

fact = Table(
    "fact",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("group_", String),
    Column("version", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("fact_group", "kind", "group_"),
    sqlite_with_rowid=False,
)

#: Which actors a fact wakes, and for which exception.
wake = Table(
    "wake",
    METADATA,
    Column("fact", String, primary_key=True),
    Column("exception", String, primary_key=True),
    Column("actor", String, nullable=False),
    Index("wake_exception", "exception"),
    sqlite_with_rowid=False,
)

exception = Table(
    "exception",
    METADATA,
    Column("exception", String, primary_key=True),
    Column("actor", String, nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("category", String, nullable=False),
    Column("summary", Text, nullable=False),
    Column("fix", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("held_up", Text, nullable=False),
    Column("releases_on", Text, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("how", Text),
    Index("exception_open", "resolved_at", "raised_at"),
)

#: Messages that could not be handled, with their bytes. `actor` is None where nobody could tell for whom.
parked = Table(
    "parked",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("consumer", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("subject", String, nullable=False),
    Column("headers", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("actor", String, index=True),
    Column("reason", String, nullable=False),
    Column("detail", Text, nullable=False),
    Column("parked_at", BigInteger, nullable=False),
)

#: The policy bundles that decisions here used; the newest one is in force.
policy = Table(
    "policy",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("hash", String, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("received_at", BigInteger, nullable=False),
)

#: One row a decision: what came, from what, to whom, and what it led to.
lineage = Table(
    "lineage",
    METADATA,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String, nullable=False),
    Column("actor_key", String, nullable=False, index=True),
    Column("message", String, nullable=False, index=True),
    Column("type", String, nullable=False),
    Column("message_key", String, nullable=False, index=True),
    Column("cause", String),
    Column("outcome", String, nullable=False),
    Column("note", Text, nullable=False),
    Column("sent", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("policy", String),
)
