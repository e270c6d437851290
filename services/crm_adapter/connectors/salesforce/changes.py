"""Reads what changed since a watermark, page by page, without missing what was committed late.

A change is stamped inside its transaction and seen when that ends, up to ten minutes later. So each round of reading
begins some overlap before the moment at which the round before it began.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from bus.clock import Clock
from services.adapterkit.connector import Observed, Page
from services.adapterkit.families import Rejected, Unavailable

from .api import Found
from .rows import Columns, Record, is_record_id, value_of

__all__ = ["Changes", "Mark", "Source", "soql"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

T = TypeVar("T", bound=Record)
#: Runs a SOQL query.
Query = Callable[[str], Awaitable[Found]]


@dataclass(frozen=True, kw_only=True)
class Source(Generic[T]):
    """An object to follow. Its rows show fields of a parent too, so the parent's changes count as well.

    `columns` names the fields of `shape`; `parent` is the relationship to the parent.
    """

    sobject: str
    parent: str
    columns: Columns
    where: str
    shape: type[T]
    observed: Callable[[T], Observed]


@dataclass(frozen=True, kw_only=True)
class Mark:
    """How far the changes were read: up to the stamp `seen`, and within it up to the record `last`.

    `began` and `last` are set while a round is under way; `began` is when it began, by Salesforce's clock.
    """

    seen: datetime = EPOCH
    began: datetime | None = None
    last: str = ""

    def __str__(self) -> str:
        if self.began is None:
            return _literal(self.seen)
        return f"{_literal(self.seen)},{_literal(self.began)},{self.last}"

    @classmethod
    def read(cls, text: str) -> "Mark":
        """The mark that was written like this; raises `ValueError`."""
        seen, *round_ = text.split(",")
        if not round_:
            return cls(seen=_moment(seen))
        began, last = round_
        if not is_record_id(last):
            raise ValueError(f"{last!r} is no record id")
        return cls(seen=_moment(seen), began=_moment(began), last=last)


class Changes(Generic[T]):
    """One feed: an object's own changes and those of its parents, each with a mark of its own."""

    def __init__(
        self, query: Query, clock: Clock, source: Source[T], *, limit: int, overlap: timedelta
    ) -> None:
        self._query, self._clock, self._source = query, clock, source
        self._limit, self._overlap = limit, overlap

    async def poll(self, watermark: str | None) -> Page:
        """The next page of both; what was read last stands last."""
        own, by_parent = _marks(watermark)
        rows, own = await self._read(own, "SystemModstamp", lambda row: row.changed)
        parent_stamp = f"{self._source.parent}.SystemModstamp"
        more_rows, by_parent = await self._read(by_parent, parent_stamp, lambda row: row.parent_changed)
        return Page(
            observed=[self._source.observed(row) for row in (*rows, *more_rows)],
            watermark=f"{own} {by_parent}",
            more=own.began is not None or by_parent.began is not None,
        )

    async def _read(
        self, mark: Mark, path: str, stamp: Callable[[T], datetime | None]
    ) -> tuple[Sequence[T], Mark]:
        found = await self._query(soql(self._source, path, mark, limit=self._limit, overlap=self._overlap))
        rows = [value_of(row, self._source.columns, self._source.shape) for row in found.rows]
        stamps = [at for row in rows if (at := stamp(row)) is not None]
        again = mark.began is not None and (mark.seen, mark.last) in zip(
            stamps, (row.record for row in rows), strict=False
        )
        if len(stamps) != len(rows) or stamps != sorted(stamps) or again:
            raise Unavailable(
                f"rows of {self._source.sobject} are not in the order of {path} that was asked for"
            )
        began = mark.began or found.served or self._clock.now()
        seen = stamps[-1] if stamps else mark.seen
        if rows and (found.more or len(rows) >= self._limit):
            return rows, Mark(seen=seen, began=began, last=rows[-1].record)
        return rows, Mark(seen=min(seen, began))


def soql(source: Source[T], path: str, mark: Mark, *, limit: int, overlap: timedelta) -> str:
    """The query for the next rows by the stamp at `path`. Equal stamps are told apart by the record's id."""
    if mark.began is None:
        since = f"{path} >= {_literal(mark.seen - overlap)}"
    else:
        at = _literal(mark.seen)
        since = f"{path} >= {at} AND ({path} > {at} OR Id > '{mark.last}')"
    fields = ", ".join(dict.fromkeys(source.columns.values()))
    conditions = f"{source.where} AND {since}"
    # Names come from validated options, values from the vendor's own ids and our own formatting.
    return f"SELECT {fields} FROM {source.sobject} WHERE {conditions} ORDER BY {path}, Id LIMIT {limit}"  # noqa: S608


def _marks(watermark: str | None) -> tuple[Mark, Mark]:
    if watermark is None:
        return Mark(), Mark()
    try:
        own, by_parent = watermark.split(" ")
        return Mark.read(own), Mark.read(by_parent)
    except ValueError as unfit:
        raise Rejected(f"{watermark!r} is no watermark of this feed: {unfit}") from None


def _literal(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    return at
