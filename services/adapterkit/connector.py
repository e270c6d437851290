"""What a connector is: verbs that write, feeds that read changes, a ledger that reads everything back."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, Protocol

from contracts import Contract
from contracts.ledgers.v1 import LedgerLine

from .families import Family

__all__ = ["Applied", "Budget", "Connector", "Feed", "Finding", "Observed", "Page", "Proof", "Verb", "Write"]

#: How `find` settles an unsure write. With `none` a person decides, nothing is tried again.
Proof = Literal["idempotency-key", "external-id", "query-by-reference", "none"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One command to carry out under its stable key. The key is the same at every try, for ever."""

    key: str
    command: Any


#: What an applied write reports: plain JSON values, such as {"record": "647"}.
Applied = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """How one kind of command is carried out.

    `apply` answers for each write, in order, with what it reports or the family it failed with; it may also raise a
    family, which then holds for all of them. `find` says what an earlier try of that key led to, or None when the
    vendor holds nothing under it. `most` writes go into one call.
    """

    apply: Callable[[Sequence[Write]], Awaitable[Sequence[Applied | Family]]]
    find: Callable[[Write], Awaitable[Applied | None]]
    most: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Observed:
    """A vendor record as a feed found it. `contract` has revision (or version) 0: the adapter counts.

    `record` is the identity that revisions are counted for. A `retracts` observation (withdrawn, deleted) is only
    news where the record was observed before.
    """

    record: str
    contract: Contract
    retracts: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Some changes, and the watermark from which to go on. `more` asks to be polled again at once."""

    observed: Sequence[Observed]
    watermark: str
    more: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A change feed: `poll(watermark)` reads on from a watermark (None at first), overlapping a little.

    Repeats are expected and cost nothing: what did not change is not news.
    """

    name: str
    every: float
    poll: Callable[[str | None], Awaitable[Page]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that `check` found: reachable, authenticated, allowed to do what the flows need, or not."""

    name: str
    ok: bool
    detail: str = ""


class Connector(Protocol):
    """One vendor system behind one connection. It never retries, sleeps or logs bodies: the kit owns time."""

    name: str
    product: str
    proof: Proof
    #: The longest time after which a write may still appear at the vendor, in seconds.
    settle_lag: float

    def verbs(self) -> Mapping[str, Verb]: ...

    def feeds(self) -> Sequence[Feed]: ...

    def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        """Every record of the vendor's whose day lies in [start, end], as it stands now."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Reach it, authenticate, read a page, verify permissions; write nothing."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What one connection may use: calls at once, calls a second, and the share left to the firm's other tools."""

    at_once: int = 5
    per_second: float = 50.0
    head_room: float = 0.2
