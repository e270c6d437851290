"""A vendor written by hand: it keeps books, and misbehaves as it is told, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date
from random import Random

from contracts.ledgers.v1 import LedgerLine
from services.adapterkit.connector import Applied, Feed, Finding, Proof, Verb, Write
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["FAULTS", "Books", "BooksConnector", "Fault"]

#: What happens to one call. `lost` commits and drops the answer, `late` commits so much later, `dropped` never does;
#: `mixed` decides for each item of a bulk by itself; `broken` is a connector that fails half-way.
Fault = str
FAULTS: tuple[Fault, ...] = (
    "fine", "lost", "late", "dropped", "throttled", "away", "refused", "mixed", "broken", "unauthorised", "hangs"
)  # fmt: skip


class Books:
    """The vendor's records: every booking ever made, so that a double shows."""

    def __init__(self) -> None:
        self.bookings: list[str] = []
        self.calls: list[tuple[str, float, tuple[str, ...]]] = []
        self.running = 0
        self.most_running = 0
        self.locked = False

    def book(self, key: str) -> Applied:
        self.bookings.append(key)
        return {"record": str(len(self.bookings))}

    def times(self, key: str) -> int:
        return self.bookings.count(key)


class BooksConnector:
    """Posts time into `Books`. `faults` says what happens to each call to apply, `looks` to each call to find."""

    name, product = "books", "Books 3000"

    def __init__(
        self, books: Books, *, faults: Iterator[Fault] | None = None, looks: Iterator[Fault] | None = None,
        proof: Proof = "external-id", settle_lag: float = 90.0, most: int = 1, random: Random | None = None,
        blind: bool = False, latency: float = 0.05, late: float = 80.0, feeds: Sequence[Feed] = (),
        lines: Sequence[LedgerLine] = (),
    ) -> None:  # fmt: skip
        self.books, self.proof, self.settle_lag = books, proof, settle_lag
        self._faults, self._looks, self._random = faults or iter(()), looks or iter(()), random or Random(0)
        self._most, self._blind, self._latency, self._late = most, blind, latency, late
        self._feeds, self.lines = feeds, tuple(lines)
        self.ledger_fails: list[Family] = []

    def verbs(self) -> Mapping[str, Verb]:
        return {"post_time": Verb(apply=self._apply, find=self._find, most=self._most)}

    def feeds(self) -> Sequence[Feed]:
        return self._feeds

    async def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        for line in self.lines:
            if start <= line.day <= end:
                yield line
        if self.ledger_fails:
            raise self.ledger_fails.pop(0)

    async def check(self) -> Sequence[Finding]:
        return [Finding(name="reach", ok=True), Finding(name="log in", ok=not self.books.locked)]

    async def close(self) -> None:
        """Nothing is open."""

    async def _apply(self, writes: Sequence[Write]) -> Sequence[Applied | Family]:
        async with self._call("apply", writes):
            fault = next(self._faults, "fine")
            assert fault in FAULTS
            if self.books.locked or fault == "unauthorised":
                raise Unauthorised("401: the token is revoked")
            match fault:
                case "fine":
                    return [self.books.book(write.key) for write in writes]
                case "mixed":
                    return [self._one_of_many(write) for write in writes]
                case "refused":
                    return [Rejected("the period is closed", "policy") for _ in writes]
                case "throttled":
                    raise Throttled("429", self._random.choice([None, 2.0, 30.0]))
                case "away":
                    raise Unavailable("ConnectError: nothing was sent")
                case "hangs":
                    await asyncio.sleep(1e6)
                case "broken":
                    for write in writes[: len(writes) // 2]:
                        self.books.book(write.key)
                    raise KeyError("no such field")
            self._in_doubt(fault, writes)
            raise Unsure(f"ReadTimeout after the request was sent ({fault})")

    def _in_doubt(self, fault: Fault, writes: Sequence[Write]) -> None:
        for write in writes:
            if fault == "lost":
                self.books.book(write.key)
            elif fault == "late":
                asyncio.get_running_loop().call_later(self._late, self.books.book, write.key)

    def _one_of_many(self, write: Write) -> Applied | Family:
        match self._random.randrange(6):
            case 0:
                return Rejected("no such worker")
            case 1:
                return Throttled("429")
            case 2:
                return Unavailable("busy")
            case 3:
                return Unsure("500 before the commit")
            case 4:
                return Unsure(f"500 after {self.books.book(write.key)}")
        return self.books.book(write.key)

    async def _find(self, write: Write) -> Applied | None:
        async with self._call("find", [write]):
            match next(self._looks, "fine"):
                case "throttled":
                    raise Throttled("429")
                case "away":
                    raise Unavailable("ConnectError: nothing was sent")
                case "broken":
                    raise KeyError("no such field")
            if self._blind or write.key not in self.books.bookings:
                return None
            return {"record": str(self.books.bookings.index(write.key) + 1)}

    @asynccontextmanager
    async def _call(self, what: str, writes: Sequence[Write]) -> AsyncIterator[None]:
        """The time that one call takes; counts how many run side by side."""
        books, keys = self.books, tuple(write.key for write in writes)
        books.calls.append((what, asyncio.get_running_loop().time(), keys))
        books.running += 1
        books.most_running = max(books.most_running, books.running)
        try:
            await asyncio.sleep(self._latency)
            yield
        finally:
            books.running -= 1
