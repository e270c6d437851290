"""Reading on from a watermark: nothing is missed, whatever commits late and however the pages fall."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.customers.v1 import Customer, CustomerChanged
from contracts.types import CustomerId, RecordId
from services.adapterkit.connector import Observed
from services.adapterkit.families import Rejected, Unavailable
from services.crm_adapter.connectors.salesforce.api import Found
from services.crm_adapter.connectors.salesforce.changes import Changes, Mark, Source, soql
from services.crm_adapter.connectors.salesforce.rows import Record
from tests.support.salesforce_org import NAME, Watch

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
OVERLAP = timedelta(minutes=10)
QUERY = re.compile(
    r"SELECT .* FROM Thing WHERE Kept = true AND (?P<path>[\w.]+) >= (?P<since>[\w:.-]+)"
    r"(?: AND \((?P=path) > (?P=since) OR Id > '(?P<last>\w+)'\))? ORDER BY (?P=path), Id LIMIT (?P<limit>\d+)"
)


def observed(row: Record) -> Observed:
    customer = Customer(id=CustomerId("C-0001"), name=str(row.changed))
    contract = CustomerChanged(
        id=customer.id, version=0, customer=customer, connection=NAME, record=RecordId(row.record)
    )
    return Observed(record=row.record, contract=contract)


SOURCE = Source(
    sobject="Thing",
    parent="Parent",
    columns={"record": "Id", "changed": "SystemModstamp", "parent_changed": "Parent.SystemModstamp"},
    where="Kept = true",
    shape=Record,
    observed=observed,
)


@dataclass
class Things:
    """An object whose changes are stamped at one time and seen at another. `now` is the vendor's clock."""

    now: datetime = START
    changes: list[tuple[datetime, datetime, str]] = field(default_factory=list)  # seen from, stamp, id
    asked: list[str] = field(default_factory=list)
    most: int = 2000

    def change(self, number: int, *, after: float = 0, lasts: float = 0) -> str:
        """Stamp a change `after` seconds from now; it is seen when its transaction ends. Gives the record's id."""
        record = f"a00{number:012}AAA"
        stamp = (self.now + timedelta(seconds=after)).replace(microsecond=0)
        self.changes.append((self.now + timedelta(seconds=after + lasts), stamp, record))
        return record

    async def query(self, text: str) -> Found:
        self.asked.append(text)
        asked = QUERY.fullmatch(text)
        assert asked is not None, text
        rows = [] if asked["path"] != "SystemModstamp" else self._rows(asked)
        limit = min(int(asked["limit"]), self.most)
        return Found(rows=rows[:limit], more=len(rows) > limit, served=self.now)

    def _rows(self, asked: re.Match[str]) -> Sequence[dict[str, Any]]:
        current = {record: stamp for seen, stamp, record in sorted(self.changes) if seen <= self.now}
        since = datetime.fromisoformat(asked["since"])
        after = (since, asked["last"]) if asked["last"] else (since, "")
        due = sorted((stamp, record) for record, stamp in current.items() if (stamp, record) > after)
        return [{"Id": record, "SystemModstamp": _wire(stamp), "Parent": None} for stamp, record in due]


class Hand(Watch):
    """A clock that is right."""

    def __init__(self, things: Things) -> None:
        self._things = things

    def now(self) -> datetime:
        return self._things.now


def _wire(stamp: datetime) -> str:
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.000+0000"


def follow(things: Things, *, limit: int = 2) -> Changes[Record]:
    return Changes(things.query, Watch(), SOURCE, limit=limit, overlap=OVERLAP)


async def read(things: Things, watermark: str | None = None, *, limit: int = 2) -> tuple[list[str], str]:
    """Everything up to now, and where to go on."""
    records: list[str] = []
    while True:
        page = await follow(things, limit=limit).poll(watermark)
        records += [one.record for one in page.observed]
        watermark = page.watermark
        if not page.more:
            return records, watermark


async def test_many_changes_in_one_second_are_read_once_each() -> None:
    things = Things()
    records = [things.change(number) for number in range(7)]
    read_, _ = await read(things, limit=3)
    assert read_ == records


async def test_a_page_that_salesforce_cut_short_is_not_the_last() -> None:
    things = Things(most=2)
    records = [things.change(number) for number in range(5)]
    read_, _ = await read(things, limit=500)
    assert read_ == records


async def test_nothing_new_leaves_the_watermark_as_it_is() -> None:
    things = Things()
    things.change(1)
    things.now += timedelta(minutes=1)
    _, watermark = await read(things)
    things.now += timedelta(hours=9)
    assert (await read(things, watermark))[1] == watermark


async def test_a_change_behind_a_page_that_was_read_is_read_again() -> None:
    things = Things()
    for number in range(3):
        things.change(number)
    first = await follow(things).poll(None)
    things.now += timedelta(seconds=5)
    changed = things.change(1)
    rest, _ = await read(things, first.watermark)
    assert rest == ["a00000000000002AAA", changed]


async def test_a_round_that_is_interrupted_for_hours_misses_nothing_that_was_under_way() -> None:
    things = Things()
    for number in range(3):
        things.change(number)
    late = things.change(9, after=-30, lasts=300)
    first = await follow(things).poll(None)
    things.now += timedelta(hours=3)
    things.change(8)
    _, watermark = await read(things, first.watermark)
    records, _ = await read(things, watermark)
    assert late in records


@settings(deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 12), st.integers(0, 1200), st.integers(0, 595)), min_size=1, max_size=25
    ),
    polls=st.lists(st.integers(0, 1500), max_size=12),
    limit=st.integers(1, 5),
    skew=st.none() | st.integers(-3600, 0).map(lambda seconds: timedelta(seconds=seconds)),
)
async def test_every_change_is_read_in_the_end(
    changes: list[tuple[int, int, int]], polls: list[int], limit: int, skew: timedelta | None
) -> None:
    """Whatever commits how late, however polls are spaced, where the served time is missing, and where it is slow."""
    things, latest = Things(), dict[str, str]()
    for number, after, lasts in changes:
        things.change(number, after=after, lasts=lasts)

    async def query(text: str) -> Found:
        found = await things.query(text)
        return Found(rows=found.rows, more=found.more, served=None if skew is None else things.now + skew)

    following, watermark = Changes(query, Hand(things), SOURCE, limit=limit, overlap=OVERLAP), None
    for seconds in (*sorted(polls), *[1800] * 60):
        things.now = START + timedelta(seconds=seconds)
        page = await following.poll(watermark)
        _take(page.observed, latest)
        watermark = page.watermark
    assert latest == {record: str(stamp) for _, stamp, record in sorted(things.changes)}


def _take(observations: Sequence[Observed], latest: dict[str, str]) -> None:
    for one in observations:
        assert isinstance(one.contract, CustomerChanged)
        latest[one.record] = one.contract.customer.name


async def test_without_an_overlap_what_commits_late_is_missed() -> None:
    """The negative control of the test above."""
    things, latest = Things(), dict[str, str]()
    late = things.change(1, after=10, lasts=300)
    things.change(2, after=60)
    following, watermark = Changes(things.query, Watch(), SOURCE, limit=5, overlap=timedelta(0)), None
    for seconds in (120, 600, 1800):
        things.now = START + timedelta(seconds=seconds)
        page = await following.poll(watermark)
        _take(page.observed, latest)
        watermark = page.watermark
    assert late not in latest


@pytest.mark.parametrize(
    "mark",
    [
        Mark(),
        Mark(seen=START),
        Mark(seen=START, began=START + OVERLAP, last="001000000000001AAA"),
    ],
)
def test_a_mark_is_read_as_it_was_written(mark: Mark) -> None:
    assert Mark.read(str(mark)) == mark


def test_a_round_begins_with_an_overlap_and_goes_on_without() -> None:
    mark = Mark(seen=START)
    begun = Mark(seen=START, began=START, last="001000000000001AAA")
    at = "2026-11-20T09:00:00.000Z"
    select = (
        "SELECT Id, SystemModstamp, Parent.SystemModstamp FROM Thing WHERE Kept = true AND SystemModstamp"
    )
    order = "ORDER BY SystemModstamp, Id LIMIT 7"
    assert soql(SOURCE, "SystemModstamp", mark, limit=7, overlap=OVERLAP) == (
        f"{select} >= 2026-11-20T08:50:00.000Z {order}"
    )
    assert soql(SOURCE, "SystemModstamp", begun, limit=7, overlap=OVERLAP) == (
        f"{select} >= {at} AND (SystemModstamp > {at} OR Id > '001000000000001AAA') {order}"
    )


@pytest.mark.parametrize(
    "watermark",
    [
        "",
        "2026-11-20T09:00:00Z",
        "x y",
        "2026-11-20T09:00:00 2026-11-20T09:00:00Z",
        "2026-11-20T09:00:00Z 2026-11-20T09:00:00Z,2026-11-20T09:00:00Z,' OR Id != '",
    ],
)
async def test_a_watermark_of_something_else_is_refused(watermark: str) -> None:
    with pytest.raises(Rejected, match="no watermark of this feed"):
        await follow(Things()).poll(watermark)


@pytest.mark.parametrize(
    "rows",
    [
        [(2, "a"), (1, "b")],
        [(5, "last")],
        [(1, None)],
    ],
)  # fmt: skip
async def test_rows_in_another_order_are_no_page(rows: list[tuple[int, str | None]]) -> None:
    """Out of order, beginning again where the last page ended, or without the stamp they were sorted by."""
    ids = {"a": "a00000000000001AAA", "b": "a00000000000002AAA", "last": "a00000000000009AAA"}

    async def query(text: str) -> Found:
        told = [
            {
                "Id": ids[name or "a"],
                "SystemModstamp": _wire(START + timedelta(seconds=second)),
                "Parent": {
                    "SystemModstamp": None if name is None else _wire(START + timedelta(seconds=second))
                },
            }
            for second, name in rows
        ]
        return Found(rows=told, more=False, served=START)

    mark = Mark(seen=START + timedelta(seconds=5), began=START, last=ids["last"])
    with pytest.raises(Unavailable, match="order"):
        await Changes(query, Watch(), SOURCE, limit=5, overlap=OVERLAP).poll(f"{mark} {mark}")
