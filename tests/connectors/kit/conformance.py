"""What every connector has to do, whoever its vendor is: a suite that a connector's tests take over whole.

A connector's test module says which verbs and feeds it has, makes a `bench`, and takes the tests:

    from tests.connectors.kit.conformance import *  # noqa: F403

    VERBS, FEEDS = ("post_time",), ("entries",)

    @pytest.fixture
    async def bench() -> AsyncIterator[Bench]: ...

One law carries most of it: **what an answer claims is true at the vendor.** `Applied` claims that it is there, once;
every family but `Unsure` claims that nothing was done; after `Unsure`, asking and trying again lead to one record.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest

from services.adapterkit.connector import Applied, Connector, Observed, Page, Write
from services.adapterkit.digest import digest
from services.adapterkit.families import Family, Throttled, Unauthorised, Unavailable, Unsure

__all__ = [
    "Bench",
    "LedgerSample",
    "pytest_generate_tests",
    "test_a_feed_reports_every_change_once_page_by_page",
    "test_a_feed_that_is_polled_again_has_no_news",
    "test_a_write_answers_in_their_order_and_leaves_one_record_each",
    "test_an_answer_that_is_lost_after_the_commit_is_found_again",
    "test_check_finds_nothing_wrong_and_writes_nothing",
    "test_no_answer_claims_what_is_not_so",
    "test_some_verb_or_feed_is_tried",
    "test_the_ledger_holds_every_record_once",
    "test_the_same_key_twice_is_one_record",
    "test_too_many_calls_are_throttled_with_the_wait_that_the_vendor_asks_for",
    "test_what_never_reached_the_vendor_is_not_found",
]

#: What goes wrong with the decisive request of a write; the keys are the faults of `services.sandbox.faults`.
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "dropped before": {"before_commit": "drop_connection"},
    "dropped after": {"after_commit": "drop_response"},
    "500 before": {"status": 500, "body": "oops"},
    "500 after": {"after_commit": {"status": 500, "body": "oops"}},
    "502 page after": {"after_commit": {"status": 502, "body": "<html><body>Bad Gateway</body></html>"}},
    "504 after": {"after_commit": {"status": 504}},
    "503 with retry": {"status": 503, "headers": {"Retry-After": "2"}},
    "429": {"status": 429},
    "401": {"status": 401},
    "403": {"status": 403},
    "redirect": {"status": 302, "headers": {"Location": "http://elsewhere.invalid/"}},
    "page 200 before": {"status": 200, "body": "<html><body>Please sign in</body></html>"},
    "page 200 after": {"after_commit": {"status": 200, "body": "<html><body>Please sign in</body></html>"}},
    "empty 200 before": {"status": 200},
    "other json 200 before": {"status": 200, "body": {"unexpected": True}},
    "list 200 before": {"status": 200, "body": [1, 2, 3]},
}

Ended = Applied | Family


@dataclass(frozen=True, kw_only=True)
class LedgerSample:
    """What `Connector.ledger(start, end)` has to list: the vendor's ids, by kind of line."""

    start: date
    end: date
    records: Mapping[str, set[str]]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """A connector, its stand-in at `url`, and how to use and look into that.

    `write(verb, n)` prepares the n-th sample write of a verb, with all that it needs at the vendor; the same n is the
    same write. `count(verb, write)` says at how many records its effect shows, from the vendor's side. `decisive`
    says by method, path or body (as in a fault script) which request of a verb does it. `change(feed, n)` makes n
    changes that the feed has to report. `guards` is false where only looking first keeps a repeat from doubling.
    """

    connector: Connector
    url: str
    write: Callable[[str, int], Awaitable[Write]]
    count: Callable[[str, Write], Awaitable[int]]
    decisive: Mapping[str, Mapping[str, str]]
    change: Callable[[str, int], Awaitable[None]]
    ledger: Callable[[], Awaitable[LedgerSample]] | None = None
    guards: bool = True

    async def faults(self, *rules: Mapping[str, Any]) -> None:
        """Put a fault script in force at the stand-in."""
        async with httpx.AsyncClient(base_url=self.url) as control:
            (await control.put("/_sandbox/faults", json=list(rules))).raise_for_status()

    async def struck(self) -> int:
        """How many requests the script in force has struck."""
        async with httpx.AsyncClient(base_url=self.url) as control:
            return sum(rule["hits"] for rule in (await control.get("/_sandbox/faults")).json())

    async def holds(self) -> Any:
        """How many documents the stand-in holds, by collection."""
        async with httpx.AsyncClient(base_url=self.url) as control:
            return (await control.get("/_sandbox/ledger")).json()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each verb, feed and fault of the module."""
    if "verb" in metafunc.fixturenames:
        metafunc.parametrize("verb", metafunc.module.VERBS)
    if "feed" in metafunc.fixturenames:
        metafunc.parametrize("feed", metafunc.module.FEEDS)
    if "fault" in metafunc.fixturenames:
        metafunc.parametrize("fault", FAULTS)


# -- writes


async def ended(bench: Bench, verb: str, *writes: Write) -> list[Ended]:
    """How each write ended; a raised family counts for all."""
    try:
        answers = list(await bench.connector.verbs()[verb].apply(writes))
    except Family as family:
        answers = [family] * len(writes)
    assert len(answers) == len(writes), f"{len(answers)} answers for {len(writes)} writes"
    return answers


async def once(bench: Bench, verb: str, write: Write) -> Applied:
    """Have a write applied that nothing goes wrong with."""
    (end,) = await ended(bench, verb, write)
    assert not isinstance(end, Family), f"{verb}: {end!r}"
    return end


async def true_claim(bench: Bench, verb: str, write: Write, end: Ended) -> None:
    """Fail where the vendor's records say something else than the answer."""
    count = await bench.count(verb, write)
    assert count <= 1, f"{verb}: doubled"
    if isinstance(end, Unsure):
        return
    if isinstance(end, Family):
        assert count == 0, f"{verb}: {end!r} claims that nothing was done, but it was"
    else:
        assert count == 1, f"{verb}: {end!r} claims a record that is not there"


async def brought_to_an_end(bench: Bench, verb: str, write: Write, end: Ended) -> None:
    """Do what the executor does after such an end; exactly one record has to come of it."""
    if isinstance(end, Unsure):
        found = await bench.connector.verbs()[verb].find(write)
        if found is not None:
            await true_claim(bench, verb, write, found)
            return
    if isinstance(end, Family):
        await once(bench, verb, write)
    assert await bench.count(verb, write) == 1, f"{verb}: not exactly one record in the end"


async def struck(bench: Bench, verb: str, fault: Mapping[str, Any], write: Write) -> Ended:
    """How a write ends whose decisive request is struck by a fault; afterwards nothing goes wrong any more."""
    await bench.faults({"match": bench.decisive[verb], "when": {"first": 1}, "do": fault})
    (end,) = await ended(bench, verb, write)
    assert await bench.struck() == 1, f"{verb}: no request matched {bench.decisive[verb]}"
    await bench.faults()
    return end


async def test_a_write_answers_in_their_order_and_leaves_one_record_each(bench: Bench, verb: str) -> None:
    most = min(3, bench.connector.verbs()[verb].most)
    writes = [await bench.write(verb, n) for n in range(1, most + 1)]
    ends = await ended(bench, verb, *writes)
    for write, end in zip(writes, ends, strict=True):
        assert not isinstance(end, Family), f"{verb}: {end!r}"
        await true_claim(bench, verb, write, end)
        found = await bench.connector.verbs()[verb].find(write)
        assert found is not None, f"{verb}: applied, but not found"
        assert dict(found).get("record") == dict(end).get("record"), f"{verb}: find names another record"


async def test_the_same_key_twice_is_one_record(bench: Bench, verb: str) -> None:
    if not bench.guards:
        pytest.skip("only looking first keeps this vendor from doubling")
    write = await bench.write(verb, 1)
    first, second = await once(bench, verb, write), await once(bench, verb, write)
    assert await bench.count(verb, write) == 1
    assert dict(first).get("record") == dict(second).get("record")


async def test_what_never_reached_the_vendor_is_not_found(bench: Bench, verb: str) -> None:
    write = await bench.write(verb, 1)
    assert await bench.connector.verbs()[verb].find(write) is None
    end = await struck(bench, verb, FAULTS["dropped before"], write)
    assert isinstance(end, Unsure | Unavailable), f"{verb}: {end!r}"
    assert await bench.connector.verbs()[verb].find(write) is None
    await brought_to_an_end(bench, verb, write, end)


async def test_an_answer_that_is_lost_after_the_commit_is_found_again(bench: Bench, verb: str) -> None:
    for number, fault in enumerate(("dropped after", "500 after", "504 after"), 1):
        write = await bench.write(verb, number)
        end = await struck(bench, verb, FAULTS[fault], write)
        await true_claim(bench, verb, write, end)
        found = await bench.connector.verbs()[verb].find(write)
        assert found is not None, f"{verb}: {fault}: the record is there, but is not found"
        await true_claim(bench, verb, write, found)


async def test_no_answer_claims_what_is_not_so(bench: Bench, verb: str, fault: str) -> None:
    write = await bench.write(verb, 1)
    end = await struck(bench, verb, FAULTS[fault], write)
    await true_claim(bench, verb, write, end)
    await brought_to_an_end(bench, verb, write, end)


async def test_too_many_calls_are_throttled_with_the_wait_that_the_vendor_asks_for(
    bench: Bench, verb: str
) -> None:
    write = await bench.write(verb, 1)
    end = await struck(bench, verb, {"status": 429, "headers": {"Retry-After": "7"}}, write)
    assert isinstance(end, Throttled), f"{verb}: {end!r}"
    assert end.retry_after == 7.0
    await brought_to_an_end(bench, verb, write, end)


# -- feeds


async def read_on(bench: Bench, feed: str, watermark: str | None) -> tuple[list[Observed], str | None]:
    """Everything that a feed has from a watermark on."""
    poll = next(each.poll for each in bench.connector.feeds() if each.name == feed)
    seen: list[Observed] = []
    while True:
        page: Page = await asyncio.wait_for(poll(watermark), 30)
        assert not (page.more and page.watermark == watermark), (
            f"{feed}: more, but the watermark does not move"
        )
        seen += page.observed
        watermark = page.watermark
        if not page.more:
            return seen, watermark


def news(observed: list[Observed]) -> dict[str, str]:
    """The last that was said of each record."""
    return {f"{each.contract.wire_name()} {each.record}": digest(each.contract) for each in observed}


async def test_a_feed_reports_every_change_once_page_by_page(bench: Bench, feed: str) -> None:
    seen, watermark = await read_on(bench, feed, None)
    known = news(seen)
    await bench.change(feed, 5)
    again, _ = await read_on(bench, feed, watermark)
    changed = {name for name, said in news(again).items() if known.get(name) != said}
    assert len(changed) == 5, f"{feed}: {len(changed)} of 5 changes reported"
    assert news((await read_on(bench, feed, None))[0]) == {**known, **news(again)}, (
        f"{feed}: from the start differs"
    )


async def test_a_feed_that_is_polled_again_has_no_news(bench: Bench, feed: str) -> None:
    await bench.change(feed, 2)
    seen, watermark = await read_on(bench, feed, None)
    known = news(seen)
    for _ in range(3):
        again, watermark = await read_on(bench, feed, watermark)
        assert news(again).items() <= known.items(), f"{feed}: a repeat looks like news"


# -- the rest


async def test_the_ledger_holds_every_record_once(bench: Bench) -> None:
    if bench.ledger is None:
        pytest.skip("this vendor keeps no ledger")
    sample = await bench.ledger()
    lines = [line async for line in bench.connector.ledger(sample.start, sample.end)]
    listed = {kind: [line.record for line in lines if line.kind == kind] for kind in sample.records}
    for kind, records in sample.records.items():
        assert sorted(listed[kind]) == sorted(records), f"{kind}: the ledger differs from the vendor's"
    assert all(sample.start <= line.day <= sample.end for line in lines)


async def test_check_finds_nothing_wrong_and_writes_nothing(bench: Bench) -> None:
    before = await bench.holds()
    findings = await bench.connector.check()
    assert findings, "nothing was looked at"
    assert [finding for finding in findings if not finding.ok] == []
    assert await bench.holds() == before
    await bench.faults({"do": {"status": 401}})
    with suppress(Unauthorised, Unavailable):
        assert any(not finding.ok for finding in await bench.connector.check()), "a 401 is no finding"


def test_some_verb_or_feed_is_tried(request: pytest.FixtureRequest) -> None:
    """A module that names neither would pass everything."""
    module: Any = request.module
    assert module.VERBS or module.FEEDS
