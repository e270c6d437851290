"""The vendor's ledger comes back whole, once, and from one reading."""

from datetime import date

import pytest
from sqlalchemy import update

from bus import tables
from contracts.ledgers.v1 import LedgerLine, LedgerPage, TakeSnapshot
from contracts.types import RecordId
from contracts.writes.v1 import WriteRefused
from services.adapterkit.families import Rejected, Throttled, Unavailable, Unsure
from tests.support.kit_clock import START, simulate
from tests.support.kit_stage import Stage
from tests.support.kit_vendor import Books, BooksConnector

DAY = date(2026, 11, 18)
COMMAND = TakeSnapshot(snapshot="s-1", service="erp", start=date(2026, 11, 1), end=date(2026, 11, 30))


def line(number: int, day: date = DAY) -> LedgerLine:
    return LedgerLine(
        kind="posted-time",
        record=RecordId(str(number)),
        reference=None,
        engagement=None,
        day=day,
        minutes=number,
    )


def stage_of(*lines: LedgerLine, proof: str = "external-id") -> Stage:
    return Stage(BooksConnector(Books(), lines=lines, proof=proof))  # type: ignore[arg-type]


async def snapped(stage: Stage, times: int = 1) -> None:
    """Take the snapshot and stop."""
    stage.start()
    for _ in range(times):
        await stage.send(COMMAND)
        await stage.until_settled(1)
        await stage.clock.sleep(5.0)
    await stage.stop()


def test_pages_hold_every_line_once_and_the_last_says_so() -> None:
    stage = stage_of(*(line(n) for n in range(950)), line(5000, date(2026, 12, 1)))
    simulate(snapped(stage))
    pages = stage.heard(LedgerPage)
    assert [(page.page, page.last, len(page.lines)) for page in pages] == [
        (1, False, 400), (2, False, 400), (3, True, 150)
    ]  # fmt: skip
    assert [each.minutes for page in pages for each in page.lines] == list(range(950))
    assert all(page.snapshot == "s-1" and page.taken_at >= START for page in pages)


def test_an_empty_ledger_is_one_empty_last_page() -> None:
    stage = stage_of()
    simulate(snapped(stage))
    assert [(page.page, page.last, page.lines) for page in stage.heard(LedgerPage)] == [(1, True, ())]


def test_the_same_command_twice_publishes_one_set_of_pages() -> None:
    stage = stage_of(*(line(n) for n in range(500)))
    simulate(snapped(stage, times=2))
    assert [page.page for page in stage.heard(LedgerPage)] == [1, 2]


def test_a_record_that_the_vendor_lists_twice_counts_once() -> None:
    stage = stage_of(line(1), line(2), line(1))
    simulate(snapped(stage))
    (page,) = stage.heard(LedgerPage)
    assert [each.record for each in page.lines] == ["1", "2"]


@pytest.mark.parametrize("proof", ["external-id", "none"])
@pytest.mark.parametrize("failure", [Throttled("429", 20.0), Unavailable("away"), Unsure("timeout")])
def test_a_reading_that_breaks_off_is_begun_again_and_publishes_nothing_of_the_first(
    failure: Throttled | Unavailable | Unsure, proof: str
) -> None:
    stage = stage_of(*(line(n) for n in range(500)), proof=proof)
    assert isinstance(stage.connector, BooksConnector)
    stage.connector.ledger_fails += [failure, failure]
    simulate(snapped(stage))
    assert [page.page for page in stage.heard(LedgerPage)] == [1, 2]


def test_a_ledger_that_is_refused_is_answered_with_the_reason() -> None:
    stage = stage_of(line(1))
    assert isinstance(stage.connector, BooksConnector)
    stage.connector.ledger_fails.append(Rejected("no permission to search"))
    simulate(snapped(stage))
    (answer,) = stage.heard(WriteRefused)
    assert (answer.key, answer.reference, answer.why) == ("s-1", "s-1", "no permission to search")
    assert stage.heard(LedgerPage) == []


def test_a_crash_while_reading_ends_in_one_set_of_pages() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(COMMAND)
        await stage.until(lambda: stage.statuses() == {"attempting": 1}, within=10)
        await stage.crash()
        stage.start()
        await stage.until_settled(1, within=30)
        await stage.stop()

    stage = stage_of(*(line(n) for n in range(500)))
    assert isinstance(stage.connector, BooksConnector)
    stage.connector.ledger_fails.append(Throttled("429", 600.0))
    simulate(scene())
    assert [page.page for page in stage.heard(LedgerPage)] == [1, 2]


def test_a_crash_between_pages_and_settlement_does_not_mix_two_readings() -> None:
    """The pages are out, the effect does not know it yet, and the ledger has grown when it is read again."""

    async def scene() -> None:
        assert isinstance(stage.connector, BooksConnector)
        await snapped(stage)
        stage.store.change(update(tables.effect).values(status="attempting"))
        stage.connector.lines += tuple(line(n) for n in range(500, 900))
        stage.start()
        await stage.until_settled(1, within=30)
        await stage.stop()

    stage = stage_of(*(line(n) for n in range(500)))
    simulate(scene())
    assert [(page.page, page.last, len(page.lines)) for page in stage.heard(LedgerPage)] == [
        (1, False, 400), (2, True, 100)
    ]  # fmt: skip
