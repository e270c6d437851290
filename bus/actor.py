"""Actors: a key, a state and pure functions; and what a service is made of."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from contracts import Contract

from .decision import Decision
from .declaration import Declaration
from .facts import Fact, FactKey, FactKind, Facts, Need

__all__ = [
    "Actor",
    "EffectSettled",
    "Internal",
    "Message",
    "On",
    "Released",
    "Service",
    "TimerFired",
    "Woken",
]

S = TypeVar("S")
M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)


class Internal(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """A message that never leaves its service."""


class TimerFired(Internal, frozen=True, tag="timer-fired"):
    """A timer of the actor came due."""

    name: str


class Woken(Internal, frozen=True, tag="woken"):
    """A fact that one of the actor's open problems waits for arrived or changed."""

    fact: FactKey


class Released(Internal, frozen=True, tag="released"):
    """A person released or fixed the actor's open problem `code`; `values` are what a fix supplied."""

    code: str
    by: str
    values: dict[str, str] = {}


class EffectSettled(Internal, frozen=True, tag="effect-settled"):
    """A write to a vendor came to its end: `applied` with the vendor's `result`, `refused`, or `unsure` for good.

    `command` is the encoded command that the effect carried out.
    """

    key: str
    verb: str
    status: str
    command_type: str
    command: msgspec.Raw
    result: dict[str, Any] = {}
    category: str = "data"
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message(Generic[M_co]):
    """What reaches a handler: a body, and the only time and id that a decision may use.

    `at` is when the message was published (or came due), not when it is handled.
    """

    id: str
    at: datetime
    body: M_co


def _no_needs(state: Any, message: Any, facts: Facts) -> Iterable[Need]:
    return ()


def _ordering_key(body: Any) -> str | None:
    assert isinstance(body, Contract)
    return body.key


@dataclass(frozen=True, kw_only=True)
class On(Generic[S, M]):
    """One handler: what it handles, whose actor it is for, which facts it needs, and the function.

    `key` may answer None: the message is not for this kind of actor. Internal messages carry their address, so
    `key` is not asked for them. `needs` sees the facts read so far and is asked until it names no new ones: a fact
    may lead to the next.
    """

    message: type[M]
    decide: Callable[[S, Message[M], Facts, Any], Decision[S]]
    key: Callable[[M], str | None] = _ordering_key
    needs: Callable[[S, M, Facts], Iterable[Need]] = _no_needs


@dataclass(frozen=True, kw_only=True)
class Actor(Generic[S]):
    """A kind of actor. `state()` without arguments is the state before the first message."""

    kind: str
    state: type[S]
    on: tuple[On[S, Any], ...]

    def handler(self, message: type) -> On[S, Any] | None:
        return next((handler for handler in self.on if handler.message is message), None)


@dataclass(frozen=True, kw_only=True)
class Service:
    """Everything the host needs to know of a service. Reads follow from the handlers; writes are declared.

    `facts_from` turns an event into facts; `internal` are the service's own internal messages beside the bus's.
    """

    name: str
    actors: tuple[Actor[Any], ...]
    writes: tuple[type[Contract], ...]
    fact_kinds: tuple[FactKind[Any], ...] = ()
    facts_from: Mapping[type[Contract], Callable[[Any], Iterable[Fact]]] = field(default_factory=dict)
    internal: tuple[type[Internal], ...] = ()
    asks: tuple[type[Contract], ...] = ()
    reads_of: tuple[str, ...] = ()
    writes_to: tuple[str, ...] = ()
    #: Nothing but the policy is handled until there is one.
    needs_policy: bool = False

    @property
    def handled(self) -> tuple[type[Contract], ...]:
        """The published contracts that some actor handles."""
        found: set[type[Contract]] = {
            on.message for actor in self.actors for on in actor.on if issubclass(on.message, Contract)
        }
        return tuple(sorted(found, key=lambda contract: contract.__name__))

    def declaration(self) -> Declaration:
        """What the service reads and writes; what every service does beside (policy, exceptions) included."""
        from contracts.exceptions.v1 import ExceptionRaised, ExceptionResolved, FixException, ReleaseException
        from contracts.policies.v1 import PolicyPublished
        from contracts.queries.v1 import AskExceptions, AskLineage, AskParked, AskStatus, ReplayParked

        known: tuple[type[Contract], ...] = (PolicyPublished, *self.facts_from)
        facts = {contract for contract in known if contract not in self.handled}
        return Declaration(
            service=self.name,
            reads=(*self.handled, ReleaseException, FixException),
            facts=tuple(sorted(facts, key=lambda contract: contract.__name__)),
            writes=(*self.writes, ExceptionRaised, ExceptionResolved),
            asks=self.asks,
            answers=(AskStatus, AskExceptions, AskParked, ReplayParked, AskLineage),
            reads_of=self.reads_of,
            writes_to=self.writes_to,
        )
