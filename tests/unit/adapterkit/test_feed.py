"""What a feed observes becomes exactly one event per change, whatever is repeated, lost or crashed."""

from collections.abc import Awaitable, Callable
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.timesheets.v1 import TimeApproved, TimeWithdrawn
from contracts.types import EngagementId, EntryId, RecordId
from services.adapterkit.connector import Feed, Observed, Page
from services.adapterkit.digest import digest
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable
from tests.support.kit_clock import simulate
from tests.support.kit_stage import BOOKS, Stage
from tests.support.kit_vendor import Books, BooksConnector

Poll = Callable[[str | None], Awaitable[Page]]


def approved(entry: str = "kantata:1", minutes: int = 60) -> Observed:
    contract = TimeApproved(
        entry=EntryId(entry), revision=0, engagement=EngagementId("E-1"), task=None, worker=None,
        labour_category=None, work_date=date(2026, 11, 18), minutes=minutes, billable=True, approver=None,
        connection=BOOKS, record=RecordId(entry),
    )  # fmt: skip
    return Observed(record=entry, contract=contract)


def withdrawn(entry: str = "kantata:1", reason: str = "deleted") -> Observed:
    contract = TimeWithdrawn(
        entry=EntryId(entry), revision=0, engagement=EngagementId("E-1"), reason=reason, connection=BOOKS
    )
    return Observed(record=entry, contract=contract, retracts=True)


class Diary:
    """A feed of changed records as they stand now; the watermark counts changes, each poll overlaps by two."""

    def __init__(self, *, size: int = 100) -> None:
        self.written: list[Observed] = []
        self.failures: list[BaseException] = []
        self.polls: list[str | None] = []
        self._size = size

    async def poll(self, watermark: str | None) -> Page:
        self.polls.append(watermark)
        if self.failures:
            raise self.failures.pop(0)
        start = int(watermark or 0)
        end = min(len(self.written), start + self._size)
        now = {observed.record: observed for observed in self.written}
        page = [now[observed.record] for observed in self.written[max(0, start - 2) : end]]
        return Page(observed=page, watermark=str(end), more=end < len(self.written))


def stage_of(poll: Poll, *, every: float = 5.0) -> Stage:
    return Stage(BooksConnector(Books(), feeds=[Feed(name="time", every=every, poll=poll)]))


def told(stage: Stage) -> list[tuple[str, int, int | None]]:
    """Entry, revision and minutes (None for a withdrawal) of every event, in order."""
    events = stage.heard(TimeApproved) + stage.heard(TimeWithdrawn)
    return sorted(
        (event.entry, event.revision, event.minutes if isinstance(event, TimeApproved) else None)
        for event in events
    )


async def watched(stage: Stage, diary: Diary, *changes: Observed) -> None:
    """Make these changes so slowly that each is polled several times."""
    stage.start()
    for change in changes:
        diary.written.append(change)
        await stage.clock.sleep(16.0)
    await stage.stop()


def test_a_change_is_the_next_revision_and_a_repeat_is_nothing() -> None:
    diary = Diary()
    stage = stage_of(diary.poll)
    simulate(watched(stage, diary, approved(), approved(), approved(minutes=90), approved()))
    assert told(stage) == [("kantata:1", 1, 60), ("kantata:1", 2, 90), ("kantata:1", 3, 60)]


def test_a_retraction_counts_once_and_only_for_what_was_seen() -> None:
    diary = Diary()
    stage = stage_of(diary.poll)
    again = withdrawn(reason="deleted for good")
    changes = [withdrawn(), approved(), withdrawn(), withdrawn(), again, approved(), withdrawn("kantata:2")]
    simulate(watched(stage, diary, *changes))
    assert told(stage) == [("kantata:1", 1, 60), ("kantata:1", 2, None), ("kantata:1", 3, 60)]


def test_reading_goes_on_from_the_committed_watermark_after_a_crash() -> None:
    async def scene() -> None:
        diary.written += [approved(f"kantata:{n}") for n in range(10)]
        stage.start()
        await stage.clock.sleep(12.0)
        await stage.crash()
        diary.polls.clear()
        stage.start()
        await stage.clock.sleep(12.0)
        await stage.stop()

    diary = Diary()
    stage = stage_of(diary.poll)
    simulate(scene())
    assert diary.polls[0] == "10"
    assert len(told(stage)) == 10


def test_more_is_read_at_once_and_large_polls_are_cut() -> None:
    async def scene() -> None:
        diary.written += [approved(f"kantata:{n}") for n in range(2_500)]
        stage.start()
        await stage.clock.sleep(4.0)
        await stage.stop()

    diary = Diary(size=1_000)
    stage = stage_of(diary.poll, every=3600.0)
    simulate(scene())
    assert diary.polls == [None, "1000", "2000"]
    assert len(told(stage)) == 2_500


@pytest.mark.parametrize("after", [0.001 * step for step in range(1, 16, 2)])
def test_a_crash_in_the_middle_of_a_large_poll_loses_nothing(after: float) -> None:
    async def scene() -> None:
        diary.written += [approved(f"kantata:{n}") for n in range(1_500)]
        stage.start()
        await stage.clock.sleep(after)
        await stage.crash()
        stage.start()
        await stage.clock.sleep(4.0)
        await stage.stop()

    diary = Diary(size=10_000)
    stage = stage_of(diary.poll)
    simulate(scene())
    assert len(told(stage)) == 1_500


def test_a_quiet_feed_costs_no_commit() -> None:
    async def scene() -> int:
        diary.written += [approved(), approved("kantata:2")]
        stage.start()
        await stage.clock.sleep(30.0)
        before = stage.store.commits
        await stage.clock.sleep(600.0)
        after = stage.store.commits
        await stage.stop()
        return after - before

    diary = Diary()
    stage = stage_of(diary.poll)
    assert simulate(scene()) == 0


@pytest.mark.parametrize(
    "failure",
    [Throttled("429"), Unavailable("away"), Unauthorised("401"), Rejected("cursor"), KeyError("field")],
)
def test_a_feed_survives_whatever_a_poll_raises(failure: BaseException) -> None:
    async def scene() -> None:
        diary.written.append(approved())
        stage.start()
        await stage.clock.sleep(600.0)
        await stage.stop()

    diary = Diary()
    diary.failures += [failure] * 3
    stage = stage_of(diary.poll)
    simulate(scene())
    assert told(stage) == [("kantata:1", 1, 60)]
    assert len(stage.alarms) == isinstance(failure, Unauthorised)


@pytest.mark.parametrize("failure", [Rejected("no such view"), KeyError("field")])
def test_a_feed_that_only_a_person_can_mend_shows_in_the_status_and_is_tried_slowly(
    failure: Exception,
) -> None:
    async def scene() -> None:
        stage.start()
        await stage.clock.sleep(600.0)
        status = stage.adapter.status()
        assert status.state == "down"
        assert "feed time" in status.why
        assert len(diary.polls) <= 11
        diary.failures.clear()
        await stage.clock.sleep(600.0)
        assert stage.adapter.status().state == "up"
        await stage.stop()

    diary = Diary()
    diary.failures += [failure] * 1000
    stage = stage_of(diary.poll)
    simulate(scene())


def test_a_feed_that_wants_more_without_moving_on_does_not_turn_in_a_circle() -> None:
    async def stuck(watermark: str | None) -> Page:
        polls.append(watermark)
        return Page(observed=[], watermark="7", more=True)

    async def scene() -> None:
        stage.start()
        await stage.clock.sleep(60.0)
        assert "does not move" in stage.adapter.status().why
        await stage.stop()

    polls: list[str | None] = []
    stage = stage_of(stuck)
    simulate(scene())
    assert len(polls) <= 14


def test_a_poll_that_never_ends_is_given_up() -> None:
    async def silent(watermark: str | None) -> Page:
        polls.append(stage.clock.monotonic())
        await stage.clock.sleep(1e6)
        raise AssertionError

    async def scene() -> None:
        stage.start()
        await stage.clock.sleep(1000.0)
        await stage.crash()

    polls: list[float] = []
    stage = stage_of(silent)
    simulate(scene())
    assert len(polls) >= 3


@settings(max_examples=40, deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(1, 3), st.sampled_from([60, 90, None])), max_size=30),
    crashes=st.lists(st.floats(0.001, 8.0), max_size=4),
    failures=st.lists(
        st.sampled_from([Unavailable("away"), Throttled("429"), Rejected("no"), ValueError("defect")]),
        max_size=5,
    ),
    size=st.integers(1, 8),
)
def test_what_was_told_follows_the_records_through_crashes_and_failures(
    changes: list[tuple[int, int | None]], crashes: list[float], failures: list[Family], size: int
) -> None:
    """Revisions without gap or repeat, each saying something new, the last of them what the vendor holds."""

    async def scene() -> None:
        stage.start()
        for number, (entry, minutes) in enumerate(changes):
            name = f"kantata:{entry}"
            diary.written.append(withdrawn(name) if minutes is None else approved(name, minutes))
            if number < len(crashes):
                await stage.clock.sleep(crashes[number])
                await stage.crash()
                stage.start()
        await stage.clock.sleep(900.0)
        await stage.stop()

    diary = Diary(size=size)
    diary.failures += failures
    stage = stage_of(diary.poll)
    simulate(scene())
    holds = {f"kantata:{entry}": minutes for entry, minutes in changes}
    events: dict[str, list[tuple[int, int | None]]] = {}
    for entry, revision, minutes in told(stage):
        events.setdefault(entry, []).append((revision, minutes))
    for entry, minutes in holds.items():
        said = events.pop(entry, [])
        assert [revision for revision, _ in said] == list(range(1, len(said) + 1))
        assert all(one[1] != next_[1] for one, next_ in pairwise(said))
        assert said[-1][1] == minutes if said else minutes is None
    assert not events


def test_a_field_that_is_added_with_a_default_does_not_change_the_digest() -> None:
    class Before(TimeWithdrawn, frozen=True, tag="timesheets.time-withdrawn.v1"):
        pass

    class After(TimeWithdrawn, frozen=True, tag="timesheets.time-withdrawn.v1"):
        by: str | None = None
        lines: tuple[str, ...] = ()

    fields = {"entry": "kantata:1", "revision": 0, "engagement": "E-1", "reason": "x", "connection": "books"}
    assert digest(Before(**fields)) == digest(After(**fields))  # type: ignore[arg-type]
    assert digest(After(**fields)) != digest(After(**fields, by="W-1"))  # type: ignore[arg-type]
