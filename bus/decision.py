"""What a handler answers: a new state and what shall follow from it, as values."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from contracts import Contract
from contracts.exceptions.v1 import Category, HeldUp

from .facts import Fact, FactKey

__all__ = [
    "Decision",
    "Done",
    "Effect",
    "Later",
    "Outcome",
    "Parked",
    "Problem",
    "Rejected",
    "Timer",
    "Unsure",
]

S = TypeVar("S")


class Done(msgspec.Struct, frozen=True, tag="done"):
    """Handled. `note` is one line for the lineage."""

    note: str = ""


class Later(msgspec.Struct, frozen=True, tag="later"):
    """Not yet: hand the message over again after `delay`, counted from now."""

    delay: timedelta
    note: str = ""


class Rejected(msgspec.Struct, frozen=True, tag="rejected"):
    """Understood, and it shall have no effect: a repeat, or overtaken by a newer revision."""

    note: str


class Unsure(msgspec.Struct, frozen=True, tag="unsure"):
    """Nobody can tell yet what happened outside; `note` says what to check."""

    note: str


class Parked(msgspec.Struct, frozen=True, tag="parked"):
    """Cannot be handled; kept with its bytes until a person replays it. What follows for the same actor waits."""

    note: str


DONE = Done()
Outcome = Done | Later | Rejected | Unsure | Parked


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """A write to a vendor. `key` is stable: the same key never takes effect twice.

    Effects of one `lane` run one after the other, in order; the others run side by side. Lower `priority` goes
    first.
    """

    key: str
    verb: str
    command: Contract
    lane: str
    priority: int = 5


class Timer(msgspec.Struct, frozen=True, kw_only=True):
    """Wake the actor at `at`, replacing its timer of the same name; `at=None` cancels it."""

    name: str
    at: datetime | None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why an actor cannot go on. One is open per actor and `code`; the arrival of a fact wakes the actor."""

    code: str
    category: Category
    summary: str
    fix: str
    owner: str
    held_up: HeldUp
    releases_on: tuple[FactKey, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision(Generic[S]):
    """The answer to one message.

    `state=None` leaves the state as it is. `problems=None` leaves the actor's open problems as they are, a tuple
    is the complete set from here on: new ones are raised, missing ones resolved. Everything in a decision is
    committed together, or nothing of it.
    """

    state: S | None = None
    send: tuple[Contract, ...] = ()
    effects: tuple[Effect, ...] = ()
    timers: tuple[Timer, ...] = ()
    problems: tuple[Problem, ...] | None = None
    facts: tuple[Fact, ...] = ()
    outcome: Outcome = DONE
