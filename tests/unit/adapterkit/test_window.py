"""Which planned effects are admitted, and that asking changes nothing."""

from dataclasses import dataclass
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Row

from services.adapterkit.window import FURTHEST, EffectWindow, capacity_for
from tests.support.kit_vendor import Books, BooksConnector


@dataclass(frozen=True)
class Planned:
    key: str
    lane: str
    priority: int
    sequence: int


def rows(*planned: Planned) -> list[Row[Any]]:
    """In the order in which the store hands them over."""
    return cast("list[Row[Any]]", sorted(planned, key=lambda row: (row.priority, row.sequence)))


def window_of(capacity: int) -> EffectWindow:
    window = EffectWindow()
    window.open(capacity)
    return window


PLANS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 3)), max_size=30).map(
    lambda plan: rows(
        *(Planned(f"k{n}", f"lane {lane}", priority, n) for n, (lane, priority) in enumerate(plan))
    )
)


@given(planned=PLANS, capacity=st.integers(0, 8))
def test_admitted_are_the_oldest_of_their_lanes_one_each_within_the_room(
    planned: list[Row[Any]], capacity: int
) -> None:
    admitted = window_of(capacity).admit(planned, [])
    lanes = {row.lane for row in planned}
    assert len(admitted) == min(capacity, len(lanes))
    for row in admitted:
        assert row.sequence == min(other.sequence for other in planned if other.lane == row.lane)
    assert len({row.lane for row in admitted}) == len(admitted)


@given(planned=PLANS)
def test_asking_admits_nothing_by_itself(planned: list[Row[Any]]) -> None:
    """A commit that fails leaves what was admitted for it to be admitted again."""
    window = window_of(4)
    first = window.admit(planned, [])
    assert len(window) == 0
    assert window.admit(planned, []) == first


def test_a_lane_in_hand_is_passed_over_until_its_effect_ends_in_the_same_commit() -> None:
    window = window_of(4)
    held, behind = rows(Planned("a", "x", 5, 1), Planned("b", "x", 5, 2))
    window.entered([held])
    assert window.admit([behind], []) == []
    window.ending(["a"])
    assert window.admit([behind], ["a"]) == [behind]
    window.entered([behind])
    window.ended()
    assert len(window) == 1


def test_an_effect_that_is_planned_again_by_the_commit_that_ends_it_stays_in_hand() -> None:
    """A refused write whose command came again in the same batch."""
    window = window_of(4)
    again, behind = rows(Planned("a", "x", 5, 1), Planned("b", "x", 5, 2))
    window.entered([again])
    window.ending(["a"])
    window.entered(window.admit([again, behind], ["a"]))
    window.ended()
    assert window.admit([behind], []) == []


def test_what_is_urgent_lends_its_place_to_what_stands_before_it_in_its_lane() -> None:
    planned = rows(Planned("old", "x", 9, 1), Planned("urgent", "x", 1, 3), Planned("other", "y", 5, 2))
    assert [row.key for row in window_of(1).admit(planned, [])] == ["old"]


def test_what_is_in_hand_takes_room_whatever_was_looked_at() -> None:
    window = window_of(3)
    window.entered(rows(Planned("a", "x", 5, 1)))
    planned = rows(*(Planned(f"k{n}", f"lane {n}", 5, n) for n in range(5)))
    assert len(window.admit(planned, [])) == 2


def test_a_full_window_looks_at_nothing_until_room_is_promised() -> None:
    window = window_of(2)
    window.entered(rows(Planned("a", "x", 5, 1), Planned("b", "y", 5, 2)))
    assert window.reach == 0
    window.ending(["a"])
    assert window.reach == 1


def test_a_closed_window_admits_nothing() -> None:
    window = window_of(2)
    window.close()
    assert window.reach == 0
    assert window.admit(rows(Planned("a", "x", 5, 1)), []) == []


def test_it_looks_further_where_what_it_saw_was_all_of_a_busy_lane() -> None:
    window = window_of(2)
    stuck, *behind = rows(*(Planned(f"k{n}", "x", 5, n) for n in range(50)))
    window.entered([stuck])
    everything = [*behind, *rows(Planned("free", "y", 6, 99))]
    reached = []
    while not window.admit(everything[: window.reach], []):
        reached.append(window.reach)
        assert window.short
    assert reached == sorted(reached)
    assert max(reached) < FURTHEST


def test_capacity_is_two_rounds_of_full_calls_and_one_round_without_proof() -> None:
    assert capacity_for(BooksConnector(Books(), most=10), 5) == 100
    assert capacity_for(BooksConnector(Books(), most=200), 5) == 400
    assert capacity_for(BooksConnector(Books(), most=10, proof="none"), 5) == 5
