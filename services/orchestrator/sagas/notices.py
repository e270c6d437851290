"""Notes to people that a vendor refused to show: nobody would know that sales or a consultant was not told."""

import msgspec

from bus.actor import Actor, Message, On, Released
from bus.decision import Decision, Done
from bus.facts import Facts
from contracts.exceptions.v1 import HeldUp
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.policies.v1 import Policy
from contracts.timesheets.v1 import AnnotateTime
from contracts.writes.v1 import WriteRefused

from ..problems import problem

__all__ = ["ACTOR"]

_COMMANDS = (AnnotateOpportunity.wire_name(), AnnotateTime.wire_name())


class Notice(msgspec.Struct, frozen=True):
    """Nothing needs remembering: the open problem says it all."""


def on_refused(
    state: Notice, message: Message[WriteRefused], facts: Facts, policy: Policy
) -> Decision[Notice]:
    """Say what could not be shown, and where."""
    body = message.body
    where = "sales" if body.command == AnnotateOpportunity.wire_name() else "the consultant"
    unseen = problem(
        policy, "notice-refused", f"{body.connection} does not show {where} how {body.reference} stands: {body.why}",
        fix="Mend the record or the permission in that system. The next change of standing is shown again.",
        held_up=HeldUp(reference=body.reference),
    )  # fmt: skip
    return Decision(problems=(unseen,), outcome=Done(unseen.summary))


def on_released(state: Notice, message: Message[Released], facts: Facts, policy: Policy) -> Decision[Notice]:
    """A person took note."""
    return Decision(problems=(), outcome=Done(f"noted by {message.body.by}"))


ACTOR: Actor[Notice] = Actor(
    kind="notice",
    state=Notice,
    on=(
        On(
            message=WriteRefused,
            key=lambda no: no.reference if no.command in _COMMANDS else None,
            decide=on_refused,
        ),
        On(message=Released, decide=on_released),
    ),
)
