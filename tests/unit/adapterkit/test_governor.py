"""No more calls than the budget allows, in any window, and always on again once the faults are over."""

import asyncio
from collections.abc import Sequence
from math import ceil
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.adapterkit.connector import Budget
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.adapterkit.governor import Governor
from services.adapterkit.pace import BREAKS_AFTER, Ended, Event, Pace, Paused, Resumed, Started, State
from tests.support.kit_clock import SimulatedClock, simulate

BUDGETS = st.builds(
    Budget,
    at_once=st.integers(1, 20),
    per_second=st.floats(0.2, 200.0),
    head_room=st.floats(0.0, 0.8),
)
ENDS = st.one_of(
    st.just(Ended()),
    st.builds(Ended, how=st.just("failed"), luck=st.floats(0, 0.999)),
    st.builds(
        Ended, how=st.just("throttled"), luck=st.floats(0, 0.999), retry_after=st.none() | st.floats(0, 1e9)
    ),
    st.just(Ended(how="left")),
)


def governor_of(clock: SimulatedClock, alarms: list[str] | None = None, **budget: float) -> Governor:
    return Governor(
        Budget(**{"at_once": 3, "per_second": 1000.0, "head_room": 0.0, **budget}),  # type: ignore[arg-type]
        name="books", product="Books 3000", clock=clock, random=Random(0),
        on_paused=(alarms if alarms is not None else []).append,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    budget=BUDGETS,
    ends=st.lists(ENDS, max_size=60),
    lengths=st.lists(st.floats(0, 3), min_size=1, max_size=5),
)
def test_no_window_ever_holds_more_starts_than_the_budget(
    budget: Budget, ends: Sequence[Ended], lengths: Sequence[float]
) -> None:
    """An eager caller starts whatever it may at the first moment it may, with faults on the way."""
    pace, state, now = Pace(budget), Pace(budget).start(), 0.0
    starts: list[float] = []
    running: list[tuple[float, Ended]] = []
    for number in range(150):
        wait = pace.wait(state, now)
        if wait == 0.0:
            state = pace.step(state, now, Started())
            starts.append(now)
            end = ends[number] if number < len(ends) else Ended()
            running.append((now + lengths[number % len(lengths)], end))
        elif running and (wait is None or min(running, key=lambda r: r[0])[0] <= now + wait):
            due = min(running, key=lambda r: r[0])
            running.remove(due)
            now = max(now, due[0])
            state = pace.step(state, now, due[1])
        else:
            assert wait is not None, "nothing runs and nothing may start"
            now += max(wait, 1e-6)
        assert len(running) == state.running <= max(1, int(budget.at_once * (1 - budget.head_room)))
    share = budget.per_second * (1 - budget.head_room)
    for window in (1.0, 3.0, 10.0):
        most = max(
            (sum(1 for s in starts if start <= s < start + window - 1e-6) for start in starts), default=0
        )
        assert most <= ceil(round(share * window, 6))


@settings(max_examples=60, deadline=None)
@given(budget=BUDGETS, ends=st.lists(ENDS, max_size=60))
def test_after_the_last_fault_calls_start_again_within_bounded_time(
    budget: Budget, ends: Sequence[Ended]
) -> None:
    pace, state, now = Pace(budget), Pace(budget).start(), 0.0
    for end in ends:
        wait = pace.wait(state, now)
        assert wait is not None
        assert wait <= 900.0 + 1.0 / (budget.per_second * (1 - budget.head_room))
        now += wait
        state = pace.step(pace.step(state, now, Started()), now, end)
    for _ in range(2 * budget.at_once**2 + 1):
        wait = pace.wait(state, now)
        assert wait is not None
        now += wait
        state = pace.step(pace.step(state, now, Started()), now, Ended())
    assert state.failures == state.back_offs == 0
    assert state.limit == pace.at_once


def run_through(*events: Event, budget: Budget | None = None) -> tuple[Pace, State]:
    pace = Pace(budget or Budget(at_once=8, per_second=1000.0, head_room=0.0))
    state = pace.start()
    for event in events:
        state = pace.step(state, 0.0, event)
    return pace, state


def test_retry_after_is_honoured_and_an_absurd_one_is_cut() -> None:
    pace, state = run_through(Started(), Ended(how="throttled", retry_after=30.0))
    assert pace.wait(state, 0.0) == 30.0
    pace, state = run_through(Started(), Ended(how="throttled", retry_after=1e9))
    assert pace.wait(state, 0.0) == 900.0


def test_a_throttled_call_halves_what_runs_at_once_and_success_wins_it_back_slowly() -> None:
    _, state = run_through(Started(), Ended(how="throttled", luck=0.5))
    assert state.limit == 4.0
    _, state = run_through(Started(), Ended(how="throttled", luck=0.5), Started(), Ended())
    assert state.limit == 4.25


def test_calls_that_fail_together_are_one_setback() -> None:
    _, state = run_through(*[Started()] * 8, *[Ended(how="throttled", luck=0.9)] * 8)
    assert state.limit == 4.0
    assert state.back_offs == 1


def test_back_offs_grow_with_full_jitter() -> None:
    pace = Pace(Budget())
    state, now, waits = pace.start(), 0.0, []
    for _ in range(6):
        state = pace.step(pace.step(state, now, Started()), now, Ended(how="failed", luck=0.5))
        waits.append(state.not_before - now)
        now = state.not_before
    assert waits == pytest.approx([0.25, 0.5, 1.0, 2.0, 4.0, 8.0])


def test_an_open_breaker_lets_one_call_at_a_time_try_and_a_success_closes_it() -> None:
    failures = [event for _ in range(BREAKS_AFTER) for event in (Started(), Ended(how="failed"))]
    pace, state = run_through(*failures)
    assert pace.wait(state, 1.0) == 0.0
    probing = pace.step(state, 1.0, Started())
    assert pace.wait(probing, 1.0) is None
    closed = pace.step(probing, 1.0, Ended())
    assert pace.wait(pace.step(closed, 1.0, Started()), 2.0) == 0.0


def test_a_paused_connection_starts_nothing_until_it_is_resumed() -> None:
    pace, state = run_through(Paused("401"))
    assert pace.wait(state, 1e9) is None
    assert pace.wait(pace.step(state, 0.0, Resumed()), 1.0) == 0.0


def test_head_room_is_left_to_the_firms_other_tools() -> None:
    pace = Pace(Budget(at_once=5, per_second=50.0, head_room=0.2))
    assert (pace.at_once, pace.per_second) == (4, 40.0)


def test_an_urgent_turn_overtakes_but_a_patient_one_is_not_starved() -> None:
    async def call(priority: int, name: str) -> None:
        async with governor.turn(priority):
            order.append(name)
            await clock.sleep(1.0)

    async def scene() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(call(0, "first"))
            await clock.sleep(0.1)
            group.create_task(call(5, "patient"))
            for number in range(10):
                group.create_task(call(1, f"urgent {number}"))
                await clock.sleep(1.0)

    clock, order = SimulatedClock(), list[str]()
    governor = governor_of(clock, at_once=1)
    simulate(scene())
    assert order[1] == "urgent 0"
    assert order.index("patient") in range(4, 7)


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (Throttled("429", 10.0), "throttled"),
        (Unavailable("away"), "up"),
        (Unauthorised("401"), "paused"),
        (Rejected("no"), "up"),
    ],
)
def test_status_says_how_the_connection_fares_and_why(failure: Family, state: str) -> None:
    async def scene() -> None:
        with pytest.raises(type(failure)):
            async with governor.turn():
                raise failure

    governor = governor_of(SimulatedClock())
    simulate(scene())
    status = governor.status()
    assert (status.state, status.why) == (state, "" if isinstance(failure, Rejected) else str(failure))


def test_failures_in_a_row_make_the_connection_down_and_one_success_makes_it_up() -> None:
    async def scene() -> None:
        for _ in range(BREAKS_AFTER):
            with pytest.raises(Unsure):
                async with governor.turn():
                    raise Unsure("500")
        assert governor.status().state == "down"
        async with governor.turn():
            pass
        assert governor.status().state == "up"

    governor = governor_of(SimulatedClock())
    simulate(scene())


def test_a_turn_that_is_given_up_while_waiting_is_not_lost_to_the_others() -> None:
    async def hold() -> None:
        async with governor.turn():
            await clock.sleep(5.0)

    async def scene() -> float:
        holding = asyncio.ensure_future(hold())
        await clock.sleep(0.1)
        waiting = asyncio.ensure_future(hold())
        await clock.sleep(0.1)
        waiting.cancel()
        await holding
        async with governor.turn():
            return clock.monotonic()

    clock = SimulatedClock()
    governor = governor_of(clock, at_once=1)
    assert simulate(scene()) < 5.1


def test_the_calls_inside_a_turn_keep_to_the_rate_as_well() -> None:
    async def scene() -> list[float]:
        times = []
        async with governor.turn():
            for _ in range(5):
                await governor.charge()
                times.append(round(clock.monotonic(), 1))
        return times

    clock = SimulatedClock()
    governor = governor_of(clock, per_second=2.0)
    assert simulate(scene()) == [0.0, 0.5, 1.0, 1.5, 2.0]


def test_a_second_refusal_raises_a_second_alarm_only_after_a_success_or_a_person() -> None:
    async def scene() -> None:
        governor.pause("401")
        governor.pause("401")
        governor.resume(by_itself=True)
        governor.pause("403")
        assert alarms == ["401"]
        governor.resume()
        governor.pause("403")
        assert alarms == ["401", "403"]
        governor.resume(by_itself=True)
        async with governor.turn():
            pass
        governor.pause("404")
        assert alarms == ["401", "403", "404"]

    alarms: list[str] = []
    governor = governor_of(SimulatedClock(), alarms)
    simulate(scene())
