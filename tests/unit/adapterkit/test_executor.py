"""Effects end exactly once, whatever the vendor does."""

from collections import Counter
from itertools import chain, repeat
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bus import tables
from contracts.postings.v1 import TimePosted
from contracts.writes.v1 import WriteRefused
from services.adapterkit.connector import Budget
from tests.support.kit_clock import simulate
from tests.support.kit_stage import Stage, post_time, posting
from tests.support.kit_vendor import FAULTS, Books, BooksConnector, Fault

KEY = "books:post_time:kantata:1#1"


def stage_of(*faults: Fault, **more: Any) -> Stage:
    """A stage whose vendor does these things, one a call, and behaves from then on."""
    stage = {name: more.pop(name) for name in ("budget", "carries", "seed") if name in more}
    return Stage(BooksConnector(Books(), faults=iter(faults), **more), **stage)


def books_of(stage: Stage) -> Books:
    assert isinstance(stage.connector, BooksConnector)
    return stage.connector.books


async def play(stage: Stage, *entries: str) -> Books:
    """Start, post these entries, wait for their ends, stop."""
    stage.start()
    await stage.send(*(post_time(entry) for entry in entries))
    await stage.until_settled(len(entries))
    await stage.stop()
    return books_of(stage)


def test_an_applied_write_answers_with_a_receipt_that_names_the_record() -> None:
    stage = stage_of()
    books = simulate(play(stage, "kantata:1"))
    assert books.bookings == [KEY]
    assert [(posted.entry, posted.record) for posted in stage.heard(TimePosted)] == [("kantata:1", "1")]


@pytest.mark.parametrize("fault", ["lost", "late", "dropped", "throttled", "away", "hangs", "unauthorised"])
def test_one_fault_ends_in_one_booking(fault: Fault) -> None:
    stage = stage_of(fault)
    books = simulate(play(stage, "kantata:1"))
    assert books.bookings == [KEY]
    assert len(stage.heard(TimePosted)) == 1


def test_a_lost_answer_is_looked_up_and_not_sent_again() -> None:
    books = simulate(play(stage_of("lost"), "kantata:1"))
    assert [what for what, _, _ in books.calls] == ["apply", "find"]


def test_nothing_is_sent_again_before_the_vendors_lag_has_passed() -> None:
    stage = stage_of("dropped", settle_lag=90.0)
    books = simulate(play(stage, "kantata:1"))
    (_, first, _), (_, second, _) = [call for call in books.calls if call[0] == "apply"]
    last_look = max(at for what, at, _ in books.calls if what == "find")
    assert second - first >= 90.0
    assert last_look - first >= 90.0


def test_a_refusal_is_answered_in_the_vendors_words_and_not_tried_again() -> None:
    stage = stage_of("refused")
    books = simulate(play(stage, "kantata:1"))
    (refused,) = stage.heard(WriteRefused)
    assert (refused.category, refused.why, refused.reference) == (
        "policy",
        "the period is closed",
        "kantata:1",
    )
    assert refused.command == "postings.post-time.v1"
    assert len(books.calls) == 1


def test_a_refused_write_may_be_asked_for_again_under_the_same_key() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: len(stage.heard(WriteRefused)) == 1)
        await stage.send(post_time())
        await stage.until(lambda: len(stage.heard(TimePosted)) == 1)
        await stage.stop()

    stage = stage_of("refused")
    simulate(scene())
    assert books_of(stage).times(KEY) == 1


def test_the_same_command_twice_is_one_booking_and_two_receipts() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: len(stage.heard(TimePosted)) == 1)
        await stage.send(post_time())
        await stage.until(lambda: len(stage.heard(TimePosted)) == 2)
        await stage.send(post_time(), again=1)
        await stage.clock.sleep(60.0)
        await stage.stop()

    stage = stage_of()
    simulate(scene())
    assert len(books_of(stage).calls) == 1
    assert len(stage.heard(TimePosted)) == 2


def test_without_proof_a_doubtful_write_goes_to_a_person_at_once() -> None:
    stage = stage_of("lost", proof="none")
    books = simulate(play(stage, "kantata:1"))
    (answer,) = stage.heard(WriteRefused)
    assert answer.category == "unsure"
    assert [what for what, _, _ in books.calls] == ["apply"]


def test_without_proof_no_more_is_in_hand_than_is_called_at_once() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}") for n in range(20)))
        await stage.clock.sleep(5.0)
        assert stage.statuses() == {"attempting": 4, "planned": 16}
        await stage.crash()

    stage = stage_of(*repeat("hangs", 20), proof="none")
    simulate(scene())


def test_a_full_window_goes_on_with_the_commit_that_empties_it() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}") for n in range(20)))
        await stage.until_settled(20, within=10)
        await stage.stop()

    stage = stage_of(proof="none", budget=Budget(at_once=1, per_second=1000.0, head_room=0.0))
    simulate(scene())
    assert len(books_of(stage).bookings) == 20


def test_a_crash_in_a_call_is_looked_up_first() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: len(books_of(stage).calls) == 1)
        books_of(stage).book(KEY)
        await stage.crash()
        stage.start()
        await stage.until_settled(1)
        await stage.stop()

    stage = stage_of("hangs")
    simulate(scene())
    assert [what for what, _, _ in books_of(stage).calls] == ["apply", "find"]
    assert len(stage.heard(TimePosted)) == 1


def test_after_a_crash_the_lag_counts_from_the_start_as_nobody_knows_when_the_last_try_was() -> None:
    """The first try is long past, the try that the crash interrupted is not: its booking appears late."""

    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: "late" not in left and len(books_of(stage).calls) == 9)
        await stage.crash()
        stage.start()
        await stage.until_settled(1)
        await stage.clock.sleep(120.0)
        await stage.stop()

    left: list[Fault] = [*repeat("throttled", 8), "late"]
    faults = iter(lambda: left.pop(0) if left else "fine", "never")
    stage = Stage(BooksConnector(Books(), faults=faults, late=85.0))
    simulate(scene())
    assert books_of(stage).times(KEY) == 1


def test_without_proof_a_crash_in_a_call_goes_to_a_person() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: len(books_of(stage).calls) == 1)
        await stage.crash()
        stage.start()
        await stage.until_settled(1)
        await stage.stop()

    stage = stage_of("hangs", proof="none")
    simulate(scene())
    assert [answer.category for answer in stage.heard(WriteRefused)] == ["unsure"]


def test_what_ended_in_doubt_and_is_wanted_again_is_looked_up_before_it_is_sent() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until_settled(1)
        await stage.crash()
        stage.store.change(update(tables.effect).values(status="planned"))
        stage.start()
        await stage.until(lambda: stage.statuses() == {"applied": 1})
        await stage.stop()

    connector = BooksConnector(Books(), faults=iter(["lost"]), looks=iter(["broken"]))
    stage = Stage(connector)
    simulate(scene())
    assert [what for what, _, _ in connector.books.calls] == ["apply", "find", "find"]


def test_effects_of_one_lane_run_one_after_the_other_in_their_order() -> None:
    stage = stage_of("throttled", "lost", "away", carries=[posting(lane=lambda command: command.engagement)])
    entries = [f"kantata:{n}" for n in range(6)]
    books = simulate(play(stage, *entries))
    assert books.bookings == [f"books:post_time:{entry}#1" for entry in entries]
    assert books.most_running == 1


def test_lanes_run_side_by_side_within_the_budget() -> None:
    books = simulate(play(stage_of(), *(f"kantata:{n}" for n in range(40))))
    assert books.most_running == 4
    assert len(books.bookings) == 40


def test_a_stuck_lane_does_not_hold_up_the_others() -> None:
    """Far more effects wait in the stuck lane than one look of the window takes in."""

    async def scene() -> float:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}") for n in range(300)))
        await stage.until(lambda: len(books_of(stage).calls) == 1)
        await stage.send(*(post_time(f"kantata:x{n}", engagement=f"E-{n}") for n in range(2, 12)))
        began = stage.clock.monotonic()
        await stage.until(lambda: len(stage.heard(TimePosted)) >= 10, within=60)
        taken = stage.clock.monotonic() - began
        await stage.crash()
        return taken

    stage = stage_of("hangs", carries=[posting(lane=lambda command: command.engagement)])
    assert simulate(scene()) < 30
    assert {posted.engagement for posted in stage.heard(TimePosted)} == {f"E-{n}" for n in range(2, 12)}


def test_bulk_calls_fill_up_while_calls_run_but_nobody_waits_for_a_fuller_one() -> None:
    stage = stage_of(most=25, budget=Budget(at_once=1, per_second=1000.0, head_room=0.0))
    books = simulate(play(stage, *(f"kantata:{n}" for n in range(120))))
    sizes = [len(keys) for _, _, keys in books.calls]
    assert sum(sizes) == 120
    assert max(sizes) == 25
    assert len(sizes) <= 12


def test_outcomes_that_are_ready_together_share_a_commit() -> None:
    stage = stage_of(most=50)
    simulate(play(stage, *(f"kantata:{n}" for n in range(400))))
    assert stage.store.commits < 100


def test_what_is_more_urgent_goes_first() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}") for n in range(30)))
        await stage.until(lambda: len(stage.store.effects()) == 30)
        stage.store.change(update(tables.effect).where(tables.effect.c.key.like("%:29#1")).values(priority=1))
        await stage.until_settled(30)
        await stage.stop()

    stage = stage_of(budget=Budget(at_once=1, per_second=1000.0, head_room=0.0), latency=1.0)
    simulate(scene())
    assert books_of(stage).bookings.index("books:post_time:kantata:29#1") < 6


def test_a_refused_credential_pauses_with_one_alarm_and_goes_on_by_itself() -> None:
    async def scene() -> None:
        stage.start()
        books_of(stage).locked = True
        await stage.send(*(post_time(f"kantata:{n}") for n in range(50)))
        await stage.clock.sleep(600.0)
        assert stage.adapter.status().state == "paused"
        calls = len(books_of(stage).calls)
        await stage.clock.sleep(600.0)
        assert len(books_of(stage).calls) == calls <= 4
        books_of(stage).locked = False
        await stage.until_settled(50, within=130)
        assert stage.adapter.status().state == "up"
        await stage.stop()

    stage = stage_of()
    simulate(scene())
    assert stage.alarms == ["401: the token is revoked"]
    assert Counter(books_of(stage).bookings).most_common(1)[0][1] == 1


def test_a_person_can_resume_a_paused_connection_at_once() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: stage.governor.paused)
        stage.adapter.resume()
        await stage.until_settled(1, within=5)
        await stage.stop()

    stage = stage_of("unauthorised")
    simulate(scene())
    assert books_of(stage).times(KEY) == 1


def test_a_check_that_is_kinder_than_the_calls_raises_one_alarm_and_spaces_its_tries() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.clock.sleep(4 * 3600.0)
        await stage.crash()

    stage = stage_of(*repeat("unauthorised", 1000))
    simulate(scene())
    assert len(stage.alarms) == 1
    assert len(books_of(stage).calls) < 12


def test_a_defect_in_a_connector_costs_one_answer_and_not_the_executor() -> None:
    stage = stage_of("broken")
    simulate(play(stage, "kantata:1", "kantata:2"))
    (answer,) = stage.heard(WriteRefused)
    assert (answer.category, answer.why) == ("unsure", "a defect in the connector: KeyError")
    assert len(stage.heard(TimePosted)) == 1


def test_a_defect_in_a_bulk_call_is_narrowed_down_to_single_calls() -> None:
    stage = stage_of("broken", most=10, settle_lag=5.0)
    books = simulate(play(stage, *(f"kantata:{n}" for n in range(10))))
    assert Counter(books.bookings).most_common(1)[0][1] == 1
    assert len(stage.heard(TimePosted)) == 10


@pytest.mark.parametrize("answer", [[], [None], ["done"], [{"record": object()}], [{"record": "\ud800"}]])
def test_an_answer_that_no_connector_may_give_is_a_defect_and_harms_nobody(answer: Any) -> None:
    class Odd(BooksConnector):
        async def _apply(self, writes: Any) -> Any:
            return answer if writes[0].key == KEY else await super()._apply(writes)

    stage = Stage(Odd(Books()))
    simulate(play(stage, "kantata:1", "kantata:2"))
    assert [refused.reference for refused in stage.heard(WriteRefused)] == ["kantata:1"]
    assert [posted.entry for posted in stage.heard(TimePosted)] == ["kantata:2"]


def test_a_verb_that_the_connector_does_not_offer_is_refused() -> None:
    class Mute(BooksConnector):
        def verbs(self) -> Any:
            return {}

    stage = Stage(Mute(Books()))
    simulate(play(stage, "kantata:1"))
    assert [answer.why for answer in stage.heard(WriteRefused)] == ["books does not offer post_time"]


def test_a_graceful_stop_ends_the_calls_in_flight_and_plans_the_rest_again() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}") for n in range(30)))
        await stage.until(lambda: books_of(stage).running > 0)
        await stage.stop(within=10)
        assert set(stage.statuses()) == {"applied", "planned"}
        stage.start()
        await stage.until_settled(30)
        await stage.stop()

    stage = stage_of(latency=2.0)
    simulate(scene())
    assert Counter(books_of(stage).bookings).most_common(1)[0][1] == 1
    assert [what for what, _, _ in books_of(stage).calls] == ["apply"] * 30


def test_a_graceful_stop_leaves_a_call_that_outlasts_its_deadline_in_doubt() -> None:
    async def scene() -> None:
        stage.start()
        await stage.send(post_time())
        await stage.until(lambda: books_of(stage).running > 0)
        began = stage.clock.monotonic()
        await stage.stop(within=5)
        assert stage.clock.monotonic() - began < 6
        assert stage.statuses() == {"attempting": 1}

    stage = stage_of("hangs")
    simulate(scene())
    assert stage.heard(TimePosted) == []


@settings(max_examples=40, deadline=None)
@given(
    faults=st.lists(st.sampled_from(sorted({*FAULTS} - {"hangs"})), max_size=40),
    looks=st.lists(st.sampled_from(["fine", "throttled", "away"]), max_size=20),
    crashes=st.lists(st.floats(0.01, 200.0), max_size=4),
    most=st.sampled_from([1, 5, 25]),
    seed=st.integers(0, 2**16),
)
def test_whatever_goes_wrong_every_write_ends_once(
    faults: list[Fault], looks: list[Fault], crashes: list[float], most: int, seed: int
) -> None:
    """Booked exactly once and answered with a receipt, or refused, or handed to a person; never twice, never none."""

    async def scene() -> None:
        stage.start()
        await stage.send(*(post_time(f"kantata:{n}", engagement=f"E-{n % 7}") for n in range(30)))
        for wait in crashes:
            await stage.clock.sleep(wait)
            await stage.crash()
            stage.start()
        await stage.until_settled(30, within=7 * 24 * 3600)
        await stage.clock.sleep(600.0)
        await stage.stop()

    books = Books()
    connector = BooksConnector(
        books,
        faults=iter(faults),
        looks=iter(looks),
        most=most,
        random=Random(seed),
        settle_lag=90.0,
        late=80.0,
    )
    stage = Stage(connector, carries=[posting(lane=lambda command: command.engagement)], seed=seed)
    simulate(scene())
    effects = stage.store.effects()
    assert len(effects) == 30
    for key, row in effects.items():
        assert row.status in ("applied", "refused", "unsure")
        assert (
            books.times(key) == 1 if row.status == "applied" else books.times(key) <= (row.status == "unsure")
        )
        assert row.status != "unsure" or "defect" in row.why
    assert Counter(posted.entry for posted in stage.heard(TimePosted)) == Counter(
        key.removeprefix("books:post_time:").removesuffix("#1")
        for key, row in effects.items()
        if row.status == "applied"
    )
    assert books.most_running <= 4


def test_without_looking_up_the_same_faults_do_double() -> None:
    """The negative control: the same vendor, found blind, and no lag waited for."""
    faults = chain(repeat("lost", 5), repeat("late", 5))
    connector = BooksConnector(Books(), faults=faults, blind=True, settle_lag=0.0)
    books = simulate(play(Stage(connector), *(f"kantata:{n}" for n in range(10))))
    assert Counter(books.bookings).most_common(1)[0][1] > 1


def test_a_look_without_the_vendors_lag_doubles_what_is_committed_late() -> None:
    """The negative control for the lag: the vendor is asked, but believed too early."""
    connector = BooksConnector(Books(), faults=iter(["late"]), late=80.0, settle_lag=5.0)

    async def scene() -> None:
        await play(stage, "kantata:1")
        await stage.clock.sleep(100.0)

    stage = Stage(connector)
    simulate(scene())
    assert connector.books.times(KEY) == 2
