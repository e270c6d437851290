"""The effects whose turn it is, grouped into the calls that can carry them."""

import heapq
from itertools import count

from .trial import Trial

__all__ = ["Ready"]


class Ready:
    """Hands out the most urgent effect and whatever may share its call, by priority and then by age."""

    def __init__(self) -> None:
        self._lines: dict[tuple[str, str], list[tuple[int, int, int, Trial]]] = {}
        self._later: list[tuple[float, int, Trial]] = []
        self._numbers = count()

    def __bool__(self) -> bool:
        return bool(self._lines)

    def put(self, trial: Trial) -> None:
        kind = "find" if trial.asks else "alone" if trial.alone else "apply"
        place = (trial.priority, trial.sequence, next(self._numbers), trial)
        heapq.heappush(self._lines.setdefault((trial.verb, kind), []), place)

    def put_off(self, trial: Trial, due: float) -> None:
        """Keep it until a time, in seconds."""
        heapq.heappush(self._later, (due, next(self._numbers), trial))

    def come_due(self, now: float) -> float | None:
        """Put in line whatever was put off until now; says when the next one comes due."""
        while self._later and self._later[0][0] <= now:
            self.put(heapq.heappop(self._later)[2])
        return self._later[0][0] if self._later else None

    @property
    def priority(self) -> int:
        """The priority of the most urgent one."""
        return min(line[0] for line in self._lines.values())[0]

    def take(self) -> list[Trial]:
        """At most `Verb.most` of one verb to apply together, or a single one to ask about."""
        (verb, kind), line = min(self._lines.items(), key=lambda item: item[1][0])
        most = line[0][3].offered.most if kind == "apply" else 1
        taken = [heapq.heappop(line)[3] for _ in range(min(most, len(line)))]
        if not line:
            del self._lines[verb, kind]
        return taken

    def drain(self) -> list[Trial]:
        """Everything that is left, taken out."""
        left = [place[3] for line in self._lines.values() for place in line]
        left += [trial for _, _, trial in self._later]
        self._lines.clear()
        self._later.clear()
        return left
