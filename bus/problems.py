"""Exceptions as records: raised, kept open and resolved by what decisions say about their actors' problems."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Row

from contracts import Contract
from contracts.exceptions.v1 import ExceptionRaised, ExceptionResolved
from contracts.types import ExceptionId

from . import tables
from .decision import Problem
from .ids import derived_id
from .moments import micros
from .rows import Rows, as_json

__all__ = ["Problems"]


class Problems:
    """Open exceptions of one shard within one transaction."""

    def __init__(self, rows: Rows, service: str, now: datetime) -> None:
        self._rows, self._service, self._now = rows, service, now
        self._open: dict[str, dict[str, Row[Any] | None]] = {}
        self._raised: dict[str, dict[str, Any]] = {}
        self._resolved: dict[str, dict[str, Any]] = {}
        self._wakes: list[dict[str, Any]] = []
        #: Exceptions that end in this batch.
        self.ended: set[str] = set()

    def load(self, actors: Collection[str]) -> None:
        """Read the open exceptions of all actors of the batch."""
        self._open = {actor: dict(found) for actor, found in self._rows.open_exceptions(actors).items()}

    def is_open(self, actor: str, code: str) -> bool:
        """Whether it is still open, after what this batch decided so far."""
        return code in self._open.get(actor, {})

    def become(self, actor: str, problems: tuple[Problem, ...], how: str) -> list[tuple[str, Contract]]:
        """These are the actor's problems from now on; gives the events to send, each with a name of its own."""
        known = self._open.setdefault(actor, {})
        wanted = {problem.code: problem for problem in problems}
        events: list[tuple[str, Contract]] = []
        for code in [code for code in known if code not in wanted]:
            del known[code]
            events.append((f"resolved {code}", self._resolve(actor, code, how)))
        for code, problem in wanted.items():
            row = known.get(code)
            if code not in known or (row is not None and row.summary != problem.summary):
                events.append((f"raised {code}", self._raise(actor, problem, row)))
            known.setdefault(code, None)
        return events

    def _resolve(self, actor: str, code: str, how: str) -> ExceptionResolved:
        key = self._id(actor, code)
        self._resolved[key] = {"exception": key, "resolved_at": micros(self._now), "how": how}
        self.ended.add(key)
        return ExceptionResolved(exception=key, service=self._service, how=how, resolved_at=self._now)

    def _raise(self, actor: str, problem: Problem, known: Row[Any] | None) -> ExceptionRaised:
        key = self._id(actor, problem.code)
        releases_on = tuple(sorted(map(str, problem.releases_on)))
        self.ended.discard(key)
        self._resolved.pop(key, None)
        self._wakes += [{"fact": fact, "exception": key, "actor": actor} for fact in releases_on]
        self._raised[key] = {
            "exception": key, "actor": actor, "code": problem.code, "category": problem.category,
            "summary": problem.summary, "fix": problem.fix, "owner": problem.owner,
            "held_up": as_json(problem.held_up), "releases_on": as_json(releases_on),
            "raised_at": known.raised_at if known is not None else micros(self._now),
            "resolved_at": None, "how": None,
        }  # fmt: skip
        return ExceptionRaised(
            exception=key, service=self._service, code=problem.code, category=problem.category,
            summary=problem.summary, fix=problem.fix, owner=problem.owner, held_up=problem.held_up,
            raised_at=self._now, releases_on=releases_on,
        )  # fmt: skip

    def _id(self, actor: str, code: str) -> ExceptionId:
        return ExceptionId("ex-" + derived_id(self._service, actor, code)[:12])

    def write(self) -> None:
        self._rows.put(tables.exception, list(self._raised.values()))
        self._rows.change(tables.exception, list(self._resolved.values()))
        self._rows.remove(tables.wake, "exception", self.ended)
        self._rows.add_new(tables.wake, self._wakes)
