"""Which commands the CRM adapter carries out, how each is keyed, and what it answers and observes."""

from collections.abc import Mapping
from typing import Any

from contracts.customers.v1 import CustomerChanged
from contracts.opportunities.v1 import AnnotateOpportunity, OpportunityAnnotated, OpportunityWon
from contracts.types import ConnectionName
from services.adapterkit.adapter import adapter_service
from services.adapterkit.carry import Carry

__all__ = ["CARRIES", "OBSERVES", "SERVICE"]


def _annotated(
    command: AnnotateOpportunity, reported: Mapping[str, Any], connection: ConnectionName
) -> OpportunityAnnotated:
    return OpportunityAnnotated(
        opportunity=command.opportunity, topic=command.topic, revision=command.revision, connection=connection
    )


CARRIES = (
    Carry(
        command=AnnotateOpportunity, verb="annotate_opportunity", answers=OpportunityAnnotated,
        receipt=_annotated, key=lambda command: f"{command.opportunity}/{command.topic}/{command.revision}",
        lane=lambda command: command.opportunity, reference=lambda command: command.opportunity,
    ),
)  # fmt: skip

OBSERVES = (CustomerChanged, OpportunityWon)

#: As declared to the bus; a process makes its own with the name of its connection.
SERVICE = adapter_service("crm", CARRIES, OBSERVES, ConnectionName("crm"))
