"""Four services that deal with each other, and messages of theirs: enough to exercise the bus."""

from bus.declaration import Declaration
from bus.ports import Outgoing
from contracts.exceptions.v1 import ExceptionRaised, ReleaseException
from contracts.opportunities.v1 import AnnotateOpportunity, OpportunityWon
from contracts.policies.v1 import PolicyPublished
from contracts.projects.v1 import CreateProject, ProjectCreated
from contracts.queries.v1 import AskStatus

__all__ = ["COMMANDS", "CRM", "CRM_EVENTS", "DECLARATIONS", "ERP", "OPERATOR", "ORCHESTRATOR", "won", "wons"]

CRM = Declaration(
    service="crm",
    reads=(AnnotateOpportunity, ReleaseException),
    writes=(OpportunityWon, ExceptionRaised),
    answers=(AskStatus,),
)
ERP = Declaration(
    service="erp",
    reads=(CreateProject, ReleaseException),
    writes=(ProjectCreated, ExceptionRaised),
    answers=(AskStatus,),
)
ORCHESTRATOR = Declaration(
    service="orchestrator",
    reads=(OpportunityWon, ProjectCreated, ExceptionRaised),
    facts=(PolicyPublished,),
    writes=(CreateProject, AnnotateOpportunity),
    asks=(AskStatus,),
    reads_of=("crm", "erp"),
)
OPERATOR = Declaration(
    service="operator",
    writes=(PolicyPublished, ReleaseException),
    asks=(AskStatus,),
    writes_to=("crm", "erp"),
)
DECLARATIONS = (CRM, ERP, ORCHESTRATOR, OPERATOR)

CRM_EVENTS, COMMANDS = (
    next(consumer for consumer in declaration.consumers() if consumer.stream == stream)
    for declaration, stream in ((ORCHESTRATOR, "CRM_EVT"), (ERP, "ERP_CMD"))
)


def won(
    number: int, *, key: str | None = None, data: bytes | None = None, message_id: str | None = None
) -> Outgoing:
    """One event of the CRM, its ordering key in the slot's place."""
    return Outgoing(
        subject=f"crm.evt.opportunity.won.v1.{key or f'opportunity-{number % 7}'}",
        headers={"Nats-Msg-Id": message_id or f"won-{number}", "ce-type": "opportunities.opportunity-won.v1"},
        data=data if data is not None else f"{number}".encode(),
    )


def wons(count: int, first: int = 0) -> list[Outgoing]:
    return [won(number) for number in range(first, first + count)]
