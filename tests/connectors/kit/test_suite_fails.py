"""The suite's negative controls: connectors that get one thing wrong, and the test that says so."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest

from services.adapterkit.answer import answer, read_json
from services.adapterkit.connector import Applied, Finding, Observed, Page, Write
from services.adapterkit.families import Family, Rejected, Unavailable, Unsure
from tests.connectors.kit import conformance
from tests.connectors.kit.conformance import Bench
from tests.support.kit_booth import BoothConnector


class Hopeful(BoothConnector):
    """Takes any success for its own."""

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        body = {"key": writes[0].key, "minutes": 60}
        reply = await answer(self.http, "POST", "/bookings", writes=True, json=body)
        return [{"record": reply.text[:5]}]


class Rash(BoothConnector):
    """Says that nothing was done where nobody knows."""

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        try:
            return await super().apply(writes)
        except Unsure as unsure:
            raise Unavailable(unsure.why) from None


class Blind(BoothConnector):
    """Finds nothing."""

    async def find(self, write: Write) -> Applied | None:
        return None


class Seer(BoothConnector):
    """Finds everything."""

    async def find(self, write: Write) -> Applied | None:
        return {"record": "1"}


class Deaf(BoothConnector):
    """Takes a 429 for a refusal."""

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        try:
            return await super().apply(writes)
        except Family as family:
            raise (family if isinstance(family, Unsure) else Rejected(str(family))) from None


class Repeating(BoothConnector):
    """Tries again by itself."""

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        try:
            return await super().apply(writes)
        except Unsure:
            return await super().apply(writes)


class Forgetful(BoothConnector):
    """Reads one page of the feed and of the ledger."""

    async def poll(self, watermark: str | None) -> Page:
        page = await super().poll(watermark)
        return replace(page, more=False)

    async def ledger(self, start: date, end: date) -> Any:
        found = [line async for line in super().ledger(start, end)]
        for line in found[:2]:
            yield line


class Restless(BoothConnector):
    """Puts something that always changes into what it observes."""

    polls = 0

    async def poll(self, watermark: str | None) -> Page:
        self.polls += 1
        page = await super().poll(None)
        return replace(page, observed=[self._stirred(each) for each in page.observed], more=False)

    def _stirred(self, observed: Observed) -> Observed:
        contract: Any = observed.contract
        return replace(observed, contract=type(contract)(**{**_fields(contract), "minutes": self.polls}))


class Careless(BoothConnector):
    """Checks nothing."""

    async def check(self) -> Sequence[Finding]:
        return [Finding(name="sign in", ok=True)]


class Naive(BoothConnector):
    """Uses a client without the kit's reading of broken connections: a drop after the commit looks never sent."""

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        try:
            reply = await self.http.post("/bookings", json={"key": writes[0].key, "minutes": 60})
        except httpx.ConnectTimeout:
            raise Unavailable("nothing was sent") from None
        return [{"record": read_json(reply, writes=True)["id"]}]


def _fields(contract: Any) -> dict[str, Any]:
    return {name: getattr(contract, name) for name in contract.__struct_fields__}


Check = Callable[[Bench], Awaitable[None]]


def of_verb(test: Callable[..., Awaitable[None]], *more: str) -> Check:
    return lambda bench: test(bench, "book", *more)


def of_feed(test: Callable[..., Awaitable[None]]) -> Check:
    return lambda bench: test(bench, "bookings")


@pytest.mark.parametrize(
    ("connector", "check"),
    [
        (Hopeful, of_verb(conformance.test_no_answer_claims_what_is_not_so, "page 200 before")),
        (Hopeful, of_verb(conformance.test_no_answer_claims_what_is_not_so, "other json 200 before")),
        (Rash, of_verb(conformance.test_no_answer_claims_what_is_not_so, "500 after")),
        (Rash, of_verb(conformance.test_an_answer_that_is_lost_after_the_commit_is_found_again)),
        (Naive, of_verb(conformance.test_no_answer_claims_what_is_not_so, "dropped after")),
        (Blind, of_verb(conformance.test_an_answer_that_is_lost_after_the_commit_is_found_again)),
        (Blind, of_verb(conformance.test_a_write_answers_in_their_order_and_leaves_one_record_each)),
        (Seer, of_verb(conformance.test_what_never_reached_the_vendor_is_not_found)),
        (Deaf, of_verb(conformance.test_too_many_calls_are_throttled_with_the_wait_that_the_vendor_asks_for)),
        (Forgetful, of_feed(conformance.test_a_feed_reports_every_change_once_page_by_page)),
        (Restless, of_feed(conformance.test_a_feed_that_is_polled_again_has_no_news)),
        (Forgetful, conformance.test_the_ledger_holds_every_record_once),
        (Careless, conformance.test_check_finds_nothing_wrong_and_writes_nothing),
    ],
)
async def test_the_suite_notices(connector: type[BoothConnector], check: Check, benches: Any) -> None:
    async with benches(connector) as bench:
        with pytest.raises(AssertionError):
            await check(bench)


@pytest.mark.parametrize(
    ("connector", "check"),
    [
        (Repeating, of_verb(conformance.test_no_answer_claims_what_is_not_so, "500 after")),
        (BoothConnector, of_verb(conformance.test_the_same_key_twice_is_one_record)),
    ],
)
async def test_the_suite_notices_a_double_where_the_vendor_does_not_guard(
    connector: type[BoothConnector], check: Check, benches: Any
) -> None:
    async with benches(connector, is_strict=False) as bench:
        with pytest.raises(AssertionError):
            await check(bench)
