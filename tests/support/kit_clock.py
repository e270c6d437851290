"""Virtual time: an event loop that never waits, but moves its clock to whatever comes due next.

Hours of back-off pass in milliseconds, in the same order at every run. Nothing in it may leave the process.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

__all__ = ["START", "SimulatedClock", "Stuck", "simulate"]

T = TypeVar("T")

START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Stuck(Exception):
    """Everybody waits and nothing will ever come due."""


class _Still(selectors.BaseSelector):
    """Says that nothing happens outside, and lets the time pass that the loop wanted to wait."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.now = 0.0

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        happened = self._inner.select(0)
        if happened:
            return happened
        if timeout is None:
            raise Stuck
        self.now += max(timeout, 0.0)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._still = _Still()
        super().__init__(self._still)

    def time(self) -> float:
        return self._still.now


class SimulatedClock:
    """`bus.clock.Clock` on the simulated loop; wall time starts at `START` and can be set off against it."""

    def __init__(self) -> None:
        self.off = timedelta()

    def now(self) -> datetime:
        return START + timedelta(seconds=self.monotonic()) + self.off

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def simulate(scene: Coroutine[Any, Any, T]) -> T:
    """Run a scene in virtual time; raises `Stuck` where it would wait for ever."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(scene)
