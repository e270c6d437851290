"""The rate governor of one connection: whoever wants to call the vendor takes a turn first."""

import asyncio
import heapq
import logging
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from itertools import count
from random import Random
from types import TracebackType

from bus.clock import Clock
from contracts.queries.v1 import ConnectionStatus

from .connector import Budget
from .families import Family, Rejected, Throttled, Unauthorised
from .pace import BREAKS_AFTER, Charged, Ended, Event, Pace, Paused, Resumed, Started

__all__ = ["Governor", "Turn"]

log = logging.getLogger(__name__)

#: Whether the next request of this task is the one that its turn was counted for.
_prepaid: ContextVar[list[bool] | None] = ContextVar("prepaid", default=None)


class Turn:
    """One call to the vendor. What it raises, or what `heard` is told, is what the governor learns from it."""

    def __init__(self, governor: "Governor") -> None:
        self._governor = governor
        self._ended: Ended | None = None

    def heard(self, failures: Iterable[Family], *, answered: bool) -> None:
        """Say how the items of a bulk call failed; `answered` where the vendor decided on any of them."""
        self._ended = self._governor.judged(list(failures), answered)

    async def __aenter__(self) -> "Turn":
        _prepaid.set([True])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        _prepaid.set(None)
        ended = self._ended or Ended()
        if isinstance(failure, Family):
            ended = self._governor.judged([failure], isinstance(failure, Rejected))
        elif failure is not None:
            ended = Ended(how="left")
        self._governor.tell(ended)


class Governor:
    """Gives out turns within the budget: fairly, but a turn of priority 1 overtakes those of 5 that wait for < 4 s.

    A refused credential pauses the connection: no turn starts until `resume`. `on_paused` is called once for
    that, and not again before a call has ended well.
    """

    def __init__(
        self, budget: Budget, *, name: str, product: str, clock: Clock, random: Random,
        on_paused: Callable[[str], None] = lambda why: None,
    ) -> None:  # fmt: skip
        self.name, self._product, self._clock, self._random = name, product, clock, random
        self._pace = Pace(budget)
        self._state = self._pace.start()
        self._waiting: list[tuple[float, int]] = []
        self._numbers = count()
        self._stirred = asyncio.Event()
        self._on_paused, self._alarmed = on_paused, False
        self.relapses = 0

    @property
    def at_once(self) -> int:
        """The most calls that ever run side by side."""
        return self._pace.at_once

    @asynccontextmanager
    async def turn(self, priority: int = 5) -> AsyncIterator[Turn]:
        """Wait for a turn and hold it for the length of one call."""
        async with await self.begin(priority) as turn:
            yield turn

    async def begin(self, priority: int = 5) -> Turn:
        """Wait until a call may start, and count it as started; the turn ends when it is left as a context."""
        place = (self._clock.monotonic() + priority, next(self._numbers))
        heapq.heappush(self._waiting, place)
        try:
            while (wait := self._wait_of(place)) != 0.0:
                await self._sleep(wait)
            self.tell(Started())
        finally:
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
            self._stir()
        return Turn(self)

    async def charge(self) -> None:
        """Wait until one more request may leave; the first request of a turn is paid for by the turn."""
        prepaid = _prepaid.get()
        if prepaid:
            prepaid.clear()
            return
        while wait := self._pace.wait_to_charge(self._state, self._clock.monotonic()):
            await self._clock.sleep(max(wait, 0.001))
        self.tell(Charged())

    def judged(self, failures: list[Family], answered: bool) -> Ended:
        """What a call that ended so says of the connection; pauses it for a credential that is not accepted."""
        for family in failures:
            if isinstance(family, Unauthorised):
                self.pause(str(family))
                return Ended(how="left")
        for family in failures:
            if isinstance(family, Throttled):
                return Ended(
                    how="throttled",
                    why=str(family),
                    retry_after=family.retry_after,
                    luck=self._random.random(),
                )
        if answered:
            return Ended()
        if failures:
            return Ended(how="failed", why=str(failures[0]), luck=self._random.random())
        return Ended(how="left")

    def pause(self, why: str) -> None:
        """No call starts from here on: the vendor does not accept the credential."""
        if self._state.paused:
            return
        self.tell(Paused(why))
        if self._alarmed:
            self.relapses += 1
            return
        self._alarmed = True
        log.critical("connection paused: connection=%s why=%s", self.name, why)
        self._on_paused(why)

    def resume(self, *, by_itself: bool = False) -> None:
        """Let calls start again: someone mended the credential, or (`by_itself`) a check of it passed."""
        if self._state.paused:
            self._alarmed = self._alarmed and by_itself
            log.warning("connection resumed: connection=%s", self.name)
            self.tell(Resumed())

    @property
    def paused(self) -> bool:
        return self._state.paused

    async def until_paused(self, paused: bool) -> None:
        """Wait until the connection is paused, or no longer is."""
        while self._state.paused is not paused:
            await self._sleep(None)

    def status(self) -> ConnectionStatus:
        """How the connection fares, for people."""
        state = self._state
        said = "throttled" if state.trouble == "throttled" else "up"
        if state.failures >= BREAKS_AFTER:
            said = "down"
        if state.paused:
            said = "paused"
        return ConnectionStatus(name=self.name, product=self._product, state=said, why=state.why)

    def tell(self, event: Event) -> None:
        """Take in what happened, and let whoever waits look again."""
        before = self.status().state
        self._state = self._pace.step(self._state, self._clock.monotonic(), event)
        now = self.status()
        if now.state != before:
            log.info("connection: connection=%s state=%s why=%s", self.name, now.state, now.why)
        if isinstance(event, Ended) and event.how == "well":
            self._alarmed, self.relapses = False, 0
        self._stir()

    def _wait_of(self, place: tuple[float, int]) -> float | None:
        if self._waiting[0] != place:
            return None
        return self._pace.wait(self._state, self._clock.monotonic())

    def _stir(self) -> None:
        self._stirred.set()
        self._stirred = asyncio.Event()

    async def _sleep(self, seconds: float | None) -> None:
        """Until something happened, or the seconds are over."""
        happened = asyncio.ensure_future(self._stirred.wait())
        waited = (
            [happened]
            if seconds is None
            else [happened, asyncio.ensure_future(self._clock.sleep(max(seconds, 0.001)))]
        )
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waited:
                future.cancel()
