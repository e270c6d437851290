"""What becomes of one effect after each try, as a pure function of the answer and the time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from bus.batch import Settlement

from .connector import Applied, Proof, Verb, Write
from .families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["Again", "Answer", "Defect", "Rules", "Trial", "plain", "refused", "unsure"]

#: Seconds: the first look after an unsure write, and the longest pause between two looks.
FIRST_LOOK, LONGEST_LOOK = 1.0, 60.0
#: Seconds: the longest possible pause before the first further try, and before any later one.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0


@dataclass(frozen=True, slots=True)
class Defect:
    """A connector broke off, or answered what no connector may: nobody can tell what the vendor did."""

    what: str


Answer = Applied | None | Family | Defect


@dataclass(kw_only=True, slots=True)
class Trial:
    """An admitted effect on its way to an end.

    `unsure_since` is when the last try ended whose outcome nobody knows: the next step is then to ask. `alone`
    effects do not share a call. `reads` effects change nothing at the vendor and may be repeated at will.
    """

    key: str
    verb: str
    offered: Verb
    write: Write
    priority: int
    sequence: int
    reads: bool = False
    alone: bool = False
    unsure_since: float | None = None
    tries: int = 0
    looks: int = 0

    @property
    def asks(self) -> bool:
        return self.unsure_since is not None


@dataclass(frozen=True, slots=True)
class Again:
    """Take it up again after so many seconds."""

    seconds: float


class Rules:
    """How a connection's effects end. Nothing is applied again while an earlier try may still have an effect."""

    def __init__(self, *, proof: Proof, settle_lag: float) -> None:
        self._proof, self._settle_lag = proof, settle_lag

    def after_apply(self, trial: Trial, answer: Answer, now: float, luck: float) -> Settlement | Again:
        """What follows from the answer to a write at `now` (seconds); `luck` in [0, 1) spreads the pauses."""
        if trial.reads and isinstance(answer, Unsure):
            answer = Unavailable(answer.why)
        match answer:
            case Rejected():
                return refused(trial.key, answer.why, answer.category)
            case Throttled() | Unavailable():
                return self._pause(trial, answer, luck)
            case Unauthorised():
                return Again(0.0)
            case Unsure() | Defect() | None | Family():
                return self.doubtful(trial, answer, now)
        return Settlement(key=trial.key, status="applied", result=answer)

    def doubtful(self, trial: Trial, answer: Family | Defect | None, now: float) -> Settlement | Again:
        """Nobody can tell whether the write took effect: ask, where the vendor can be asked."""
        broken = not isinstance(answer, Unsure) and (trial.alone or trial.offered.most == 1)
        if self._proof == "none" or broken:
            return unsure(trial.key, _said(answer))
        trial.alone = trial.alone or not isinstance(answer, Unsure)
        return self.ask_from(trial, now)

    def ask_from(self, trial: Trial, now: float) -> Again:
        """Ask about a write that ended in doubt at `now` at the latest."""
        trial.unsure_since, trial.looks = now, 0
        return Again(FIRST_LOOK)

    def after_find(
        self, trial: Trial, answer: Answer, asked: float, now: float, luck: float
    ) -> Settlement | Again:
        """What follows from the answer to a look that began at `asked`."""
        assert trial.unsure_since is not None
        match answer:
            case Throttled() | Unavailable():
                return self._pause(trial, answer, luck)
            case Unauthorised():
                return Again(0.0)
            case Rejected() | Unsure() | Defect() | Family():
                return unsure(trial.key, _said(answer))
            case None if asked >= trial.unsure_since + self._settle_lag:
                trial.unsure_since = None
                return Again(0.0)
            case None:
                trial.looks += 1
                wait = min(LONGEST_LOOK, FIRST_LOOK * 2.0 ** min(trial.looks, 10))
                return Again(min(wait, max(trial.unsure_since + self._settle_lag - now, 0.001)))
        return Settlement(key=trial.key, status="applied", result=answer)

    def _pause(self, trial: Trial, family: Throttled | Unavailable, luck: float) -> Again:
        trial.tries += 1
        longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(trial.tries - 1, 12))
        asked_for = family.retry_after if isinstance(family, Throttled) else None
        return Again(asked_for if asked_for is not None else longest * luck)


def plain(answer: object, *, may_be_none: bool = False) -> Answer:
    """A connector's answer as what it may be: plain JSON values, a family, None where legal, or else a defect."""
    if isinstance(answer, Family) or (answer is None and may_be_none):
        return answer
    if not isinstance(answer, Mapping):
        return Defect(f"the connector answered with {type(answer).__name__}")
    try:
        read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(answer), type=dict[str, Any])
    except Exception as failure:  # what cannot be written down cannot be committed either
        return Defect(f"the connector's answer cannot be kept: {type(failure).__name__}")
    return read


def _said(answer: Family | Defect | None) -> str:
    if isinstance(answer, Defect):
        return f"a defect in the connector: {answer.what}"
    return str(answer) if str(answer) else type(answer).__name__


def refused(key: str, why: str, category: str = "data") -> Settlement:
    """The vendor did not do it, and will not."""
    return Settlement(key=key, status="refused", category=category, why=_line(why))


def unsure(key: str, why: str) -> Settlement:
    """Nobody can find out whether the vendor did it: a person decides."""
    return Settlement(key=key, status="unsure", category="unsure", why=_line(why))


def _line(words: str) -> str:
    """Vendors' words in one line of legal text, cut to a length that a person reads."""
    legal = " ".join(words.encode("utf-8", "replace").decode().split())
    return "".join(letter for letter in legal if letter.isprintable())[:1000]
