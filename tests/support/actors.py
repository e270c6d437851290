"""Drives one actor by hand: its state, its facts, its open problems, and everything it sent."""

from datetime import UTC, datetime
from itertools import count
from typing import Any, Generic, TypeVar

from bus.actor import Actor, Message
from bus.decision import Decision, Problem
from bus.facts import Fact, FactKey, Facts, Group
from contracts import Contract
from contracts.policies.v1 import Policy

__all__ = ["Stage"]

S = TypeVar("S")
START = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Stage(Generic[S]):
    """Keeps what the host would keep, for one actor."""

    def __init__(self, actor: Actor[S], policy: Policy, *facts: Fact) -> None:
        self._actor, self._policy = actor, policy
        self.state: S = actor.state()
        self._facts: dict[FactKey, Fact | None] = {}
        self.sent: list[Contract] = []
        self.problems: dict[str, Problem] = {}
        self._numbers = count(1)
        self.know(*facts)

    def know(self, *facts: Fact) -> None:
        for fact in facts:
            self._facts[fact.key] = None if fact.body is None else fact

    def fact(self, key: FactKey) -> Any:
        known = self._facts.get(key)
        return None if known is None else known.body

    def hear(self, body: Any) -> Decision[S]:
        """Hand the actor a message and keep what follows."""
        handler = self._actor.handler(type(body))
        assert handler is not None, f"{self._actor.kind} does not handle {type(body).__name__}"
        groups: dict[Group, set[FactKey]] = {}
        for key, fact in self._facts.items():
            if fact is not None and fact.group is not None:
                groups.setdefault(Group(key.kind, fact.group), set()).add(key)
        view = Facts(self._facts, groups)
        named = set(handler.needs(self.state, body, view))
        message = Message(id=f"m{next(self._numbers)}", at=START, body=body)
        decision = handler.decide(self.state, message, _Declared(self._facts, groups, named), self._policy)
        if decision.state is not None:
            self.state = decision.state
        self.sent += decision.send
        self.know(*decision.facts)
        if decision.problems is not None:
            self.problems = {problem.code: problem for problem in decision.problems}
        return decision

    def take(self, kind: type[Contract]) -> list[Any]:
        """What was sent of a kind since it was last taken."""
        found = [message for message in self.sent if type(message) is kind]
        self.sent = [message for message in self.sent if type(message) is not kind]
        return found


class _Declared(Facts):
    """Facts that refuse to be looked at unless the handler declared that it needs them."""

    def __init__(self, rows: Any, groups: Any, named: set[Any]) -> None:
        super().__init__(rows, groups)
        self._named = named

    def one(self, kind: Any, *parts: str) -> Any:
        assert kind.of(*parts) in self._named, f"{kind.of(*parts)} was not declared"
        return super().one(kind, *parts)

    def all(self, kind: Any, group: str) -> Any:
        assert kind.within(group) in self._named, f"{kind.within(group)} was not declared"
        return super().all(kind, group)
