"""The engagements of a legal entity: closing its billing cycle bills each of them."""

import msgspec

from bus.actor import Actor, Message, On
from bus.decision import Decision, Done, Rejected
from bus.facts import Facts
from contracts.billing.v1 import BillEngagement, CloseBillingCycle
from contracts.engagements.v1 import EngagementReady
from contracts.policies.v1 import Policy

from ..model import BillingBook

__all__ = ["ACTOR"]


def on_ready(
    state: BillingBook, message: Message[EngagementReady], facts: Facts, policy: Policy
) -> Decision[BillingBook]:
    """Enter the engagement in its entity's book."""
    engagement = message.body.engagement
    if engagement in state.engagements:
        return Decision(outcome=Rejected("in the book already"))
    entered = msgspec.structs.replace(state, engagements=(*state.engagements, engagement))
    return Decision(state=entered, outcome=Done("entered in the book"))


def on_close(
    state: BillingBook, message: Message[CloseBillingCycle], facts: Facts, policy: Policy
) -> Decision[BillingBook]:
    """Ask each engagement for its invoice."""
    body = message.body
    bills = tuple(
        BillEngagement(
            engagement=engagement, legal_entity=body.legal_entity, period=body.period, through=body.through
        )
        for engagement in state.engagements
    )
    return Decision(send=bills, outcome=Done(f"{len(bills)} engagements asked for their invoices"))


ACTOR: Actor[BillingBook] = Actor(
    kind="billing-book",
    state=BillingBook,
    on=(
        On(message=EngagementReady, key=lambda ready: ready.legal_entity, decide=on_ready),
        On(message=CloseBillingCycle, key=lambda close: close.legal_entity, decide=on_close),
    ),
)
