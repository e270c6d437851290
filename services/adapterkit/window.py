"""Which planned effects are in hand: as many as the connection can use, and one of a lane at a time."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy.engine import Row

from .connector import Connector

__all__ = ["EffectWindow", "capacity_for"]

#: The most planned rows that one look takes in.
FURTHEST = 10_000


def capacity_for(connector: Connector, at_once: int) -> int:
    """Two rounds of full bulk calls, at most 400; what nobody can look up later is not taken in hand early."""
    if connector.proof == "none":
        return at_once
    return min(400, 2 * at_once * max((verb.most for verb in connector.verbs().values()), default=1))


class EffectWindow:
    """The effects between their admission and the commit of their end. Closed at first.

    Implements `bus.batch.Admission`. `admit` only says what could be admitted: what is in hand changes by `entered`
    and `ended`, which follow commits. (How far to look next time is remembered at once: a wrong guess costs a read.)
    """

    def __init__(self) -> None:
        self._capacity = 0
        self._lanes: dict[str, str] = {}
        self._ending: set[str] = set()
        self._passed_over = 0
        #: The last look found too few that could be admitted: others may stand further back.
        self.short = False

    def open(self, capacity: int) -> None:
        """Have so many effects in hand at the most."""
        self._capacity = capacity

    def close(self) -> None:
        """Admit nothing more."""
        self._capacity = 0

    def __len__(self) -> int:
        return len(self._lanes)

    @property
    def reach(self) -> int:
        room = self._capacity - len(self._lanes) + len(self._ending)
        return 0 if room <= 0 else min(FURTHEST, room + self._passed_over)

    def admit(self, planned: Sequence[Row[Any]], settled: Iterable[str]) -> Sequence[Row[Any]]:
        """The first effect of each lane that has none in hand, in order of priority, while there is room.

        What is urgent waits for what stands before it in its lane, and lends it its place meanwhile.
        """
        over = set(settled)
        in_hand = {key: lane for key, lane in self._lanes.items() if key not in over}
        room, busy = max(0, self._capacity - len(in_hand)), set(in_hand.values())
        first: dict[str, Row[Any]] = {}
        for row in sorted(planned, key=lambda row: row.sequence):
            first.setdefault(row.lane, row)
        lanes = [lane for lane in dict.fromkeys(row.lane for row in planned) if lane not in busy]
        admitted = [first[lane] for lane in lanes[:room]]
        self.short = len(planned) >= self.reach and len(admitted) < room
        self._passed_over = 2 * len(planned) if self.short else len(planned) - len(lanes)
        return admitted

    def entered(self, rows: Iterable[Row[Any]]) -> None:
        """These effects are marked as attempted, in a commit: perhaps the one that ends an earlier try of theirs."""
        for row in rows:
            self._ending.discard(row.key)
            self._lanes[row.key] = row.lane

    def ending(self, keys: Iterable[str]) -> None:
        """The end of these effects goes into the next commit, so that their room counts for it."""
        self._ending = set(keys)

    def ended(self) -> None:
        """That commit is done."""
        for key in self._ending:
            self._lanes.pop(key, None)
        self._ending = set()
