"""When the next call to a vendor may start: a state, what happened, and no clock, luck or I/O of its own.

Times are seconds of a clock that never runs backwards.
"""

from dataclasses import dataclass, replace
from typing import Literal

from .answer import LONGEST_WAIT
from .connector import Budget

__all__ = ["Charged", "Ended", "Event", "Pace", "Paused", "Resumed", "Started", "State"]

#: After so many failures in a row the breaker is open: one call at a time tries whether the vendor is back.
BREAKS_AFTER = 5
#: The first back-off is at most this long, each further one at most twice as long, up to the last.
SHORTEST_BACK_OFF = 0.5
LONGEST_BACK_OFF = 120.0


@dataclass(frozen=True, slots=True)
class Started:
    """A call began."""


@dataclass(frozen=True, slots=True)
class Charged:
    """A further request of a call that runs already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """A call ended: well, throttled, without the vendor being there (`failed`), or without saying (`left`).

    `luck` in [0, 1) places a back-off between nothing and its longest (full jitter).
    """

    how: Literal["well", "throttled", "failed", "left"] = "well"
    why: str = ""
    retry_after: float | None = None
    luck: float = 0.0


@dataclass(frozen=True, slots=True)
class Paused:
    """The vendor does not accept the credential."""

    why: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """The credential was mended, or someone wants it tried."""


Event = Started | Charged | Ended | Paused | Resumed


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """`limit` is the adaptive number of calls at once; `owed` is when the rate allows the next start on average."""

    limit: float
    running: int = 0
    owed: float = float("-inf")
    not_before: float = float("-inf")
    failures: int = 0
    back_offs: int = 0
    trouble: Literal["", "throttled", "failed"] = ""
    paused: bool = False
    why: str = ""


class Pace:
    """The rules of one budget. `head_room` of both limits is left to the firm's other tools.

    Starts are spaced evenly but for a burst of a tenth of a second's worth: any half-open window of W >= 1 seconds
    holds at most ceil(W * share of `per_second`) of them.
    """

    def __init__(self, budget: Budget) -> None:
        share = 1.0 - budget.head_room
        self.at_once = max(1, int(budget.at_once * share))
        self.per_second = budget.per_second * share
        burst = max(1.0, self.per_second / 10)
        self._spacing = 1.0 / (self.per_second - burst + 1.0)
        self._leeway = (burst - 1.0) * self._spacing

    def start(self) -> State:
        """Nothing is running and nothing went wrong yet."""
        return State(limit=float(self.at_once))

    def wait(self, state: State, now: float) -> float | None:
        """Seconds until a call may start; None while only another event can allow one."""
        at_once = 1 if state.failures >= BREAKS_AFTER else int(state.limit)
        if state.paused or state.running >= at_once:
            return None
        return max(self.wait_to_charge(state, now), state.not_before - now)

    def wait_to_charge(self, state: State, now: float) -> float:
        """Seconds until the rate allows one more request."""
        return max(0.0, state.owed - self._leeway - now)

    def step(self, state: State, now: float, event: Event) -> State:
        """The state after an event."""
        match event:
            case Started():
                return replace(self._charged(state, now), running=state.running + 1)
            case Charged():
                return self._charged(state, now)
            case Ended():
                return self._ended(replace(state, running=state.running - 1), now, event)
            case Paused():
                return replace(state, paused=True, why=event.why)
            case Resumed():
                return replace(state, paused=False, why="")

    def _charged(self, state: State, now: float) -> State:
        return replace(state, owed=max(state.owed, now) + self._spacing)

    def _ended(self, state: State, now: float, event: Ended) -> State:
        if event.how == "left":
            return state
        if event.how == "well":
            limit = min(self.at_once, state.limit + 1.0 / state.limit)
            why = state.why if state.paused else ""
            return replace(state, limit=limit, failures=0, back_offs=0, trouble="", why=why)
        failures = state.failures + (event.how == "failed")
        return self._backed_off(
            replace(state, trouble=event.how, why=event.why, failures=failures), now, event
        )

    def _backed_off(self, state: State, now: float, event: Ended) -> State:
        """Calls that ran side by side and failed together are one setback, not many."""
        fresh = now >= state.not_before
        wait = min(LONGEST_BACK_OFF, SHORTEST_BACK_OFF * 2.0 ** min(state.back_offs, 20)) * event.luck
        if event.retry_after is not None:
            wait = min(event.retry_after, LONGEST_WAIT)
        elif not fresh:
            wait = 0.0
        limit = max(1.0, state.limit / 2) if fresh and event.how == "throttled" else state.limit
        return replace(
            state,
            not_before=max(state.not_before, now + wait),
            back_offs=state.back_offs + fresh,
            limit=limit,
        )
