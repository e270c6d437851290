"""How effects ended, on its way into the store: whatever is ready together shares a commit."""

import asyncio

from bus.batch import Settlement
from bus.host import Host

from .window import EffectWindow

__all__ = ["Settling"]

#: The most outcomes that go into one commit.
MOST_TOGETHER = 500


class Settling:
    """Collects outcomes while a commit runs, and hands them over in the next; the window's room follows commits."""

    def __init__(self, host: Host, window: EffectWindow) -> None:
        self._host, self._window = host, window
        self._outcomes: list[Settlement] = []
        self._has_ended = asyncio.Event()

    def end(self, *settlements: Settlement) -> None:
        """These effects ended like this."""
        self._outcomes += settlements
        self._has_ended.set()

    async def run(self) -> None:
        """Commit outcomes as they come, until cancelled; raises what the commits raise."""
        while True:
            await self._has_ended.wait()
            self._has_ended.clear()
            await self.flush()

    async def flush(self) -> None:
        """Commit all there are."""
        while self._outcomes:
            together, self._outcomes = self._outcomes[:MOST_TOGETHER], self._outcomes[MOST_TOGETHER:]
            self._window.ending(settlement.key for settlement in together)
            await self._host.settle(*together)
            self._window.ended()
