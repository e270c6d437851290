"""From a command to an effect to a receipt: what every adapter does with the writes it is asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import msgspec

from bus.actor import Actor, EffectSettled, Message, On
from bus.decision import Decision, Done, Effect, Rejected
from bus.facts import Facts
from contracts import CONTRACTS, Contract
from contracts.types import ConnectionName
from contracts.writes.v1 import WriteRefused

__all__ = ["Carry", "Nothing", "actor_for", "effect_key", "refusal"]

Category = Literal["data", "policy", "conflict", "unsure", "security"]


@dataclass(frozen=True, kw_only=True)
class Carry:
    """How one command becomes a write.

    `key` names what is written once and for ever (`kantata:85#1`); connection and verb are put before it. Effects
    with the same `lane` keep their order. `reference` is what people know the thing by. `receipt` makes the
    event of type `answers` from the command, what the connector reported, and the connection's name.
    """

    command: type[Contract]
    verb: str
    answers: type[Contract]
    key: Callable[[Any], str]
    lane: Callable[[Any], str]
    reference: Callable[[Any], str]
    receipt: Callable[[Any, Mapping[str, Any], ConnectionName], Contract]
    priority: int = 5


class Nothing(msgspec.Struct, frozen=True):
    """The state of an actor that remembers nothing: the effect's row holds all there is to know."""


def effect_key(connection: str, verb: str, key: str) -> str:
    """The key of an effect, stable for ever: connection, verb, and what is written."""
    return f"{connection}:{verb}:{key}"


def actor_for(carries: Sequence[Carry], service: str, connection: ConnectionName) -> Actor[Nothing]:
    """The actor that plans the effects of these commands and answers with receipts; one an effect key.

    Raises `ValueError` where two carries share a verb or a command.
    """
    by_verb = {carry.verb: carry for carry in carries}
    if len(by_verb) < len(carries) or len({carry.command for carry in carries}) < len(carries):
        raise ValueError("two carries share a verb or a command")

    def settled(
        state: Nothing, message: Message[EffectSettled], facts: Facts, policy: Any
    ) -> Decision[Nothing]:
        return _answered(by_verb[message.body.verb], message.body, service, connection)

    planning = (_planning(carry, connection) for carry in carries)
    return Actor(kind="write", state=Nothing, on=(*planning, On(message=EffectSettled, decide=settled)))


def refusal(
    command: Contract, settled: EffectSettled, service: str, connection: ConnectionName, reference: str
) -> WriteRefused:
    """What is answered for an effect that was refused, or stays unsure for good."""
    known = settled.category in get_args(Category)
    category = "unsure" if settled.status == "unsure" else settled.category if known else "data"
    return WriteRefused(
        service=service, key=command.key, command=command.wire_name(), reference=reference,
        category=cast("Category", category), why=settled.why, connection=connection,
    )  # fmt: skip


def _planning(carry: Carry, connection: ConnectionName) -> On[Nothing, Any]:
    def key(command: Contract) -> str:
        return effect_key(connection, carry.verb, carry.key(command))

    def plan(state: Nothing, message: Message[Any], facts: Facts, policy: Any) -> Decision[Nothing]:
        command = message.body
        effect = Effect(
            key=key(command),
            verb=carry.verb,
            command=command,
            lane=carry.lane(command),
            priority=carry.priority,
        )
        return Decision(effects=(effect,))

    return On(message=carry.command, decide=plan, key=key)


def _answered(
    carry: Carry, settled: EffectSettled, service: str, connection: ConnectionName
) -> Decision[Nothing]:
    if settled.status == "planned":
        return Decision(outcome=Rejected("not tried: the service stopped first"))
    command = CONTRACTS.decode(settled.command_type, bytes(settled.command))
    if settled.status == "applied":
        return Decision(send=(carry.receipt(command, settled.result, connection),), outcome=Done("applied"))
    answer = refusal(command, settled, service, connection, carry.reference(command))
    return Decision(send=(answer,), outcome=Done(f"{settled.status}: {settled.why}"))
