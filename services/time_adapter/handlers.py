"""Which commands the time adapter carries out, how each is keyed, and what it answers and observes."""

from collections.abc import Mapping
from typing import Any

from contracts.projects.v1 import ProvisionWorkspace, TaskStatusChanged, WorkspaceProvisioned
from contracts.timesheets.v1 import (
    AnnotateTime,
    MilestoneCompleted,
    TimeAnnotated,
    TimeApproved,
    TimeWithdrawn,
)  # fmt: skip
from contracts.types import ConnectionName
from services.adapterkit.adapter import adapter_service
from services.adapterkit.carry import Carry

__all__ = ["CARRIES", "OBSERVES", "SERVICE"]


def _provisioned(
    command: ProvisionWorkspace, reported: Mapping[str, Any], connection: ConnectionName
) -> WorkspaceProvisioned:
    return WorkspaceProvisioned(
        engagement=command.engagement, record=reported["record"], tasks=reported["tasks"],
        milestones=reported["milestones"], connection=connection,
    )  # fmt: skip


def _annotated(
    command: AnnotateTime, reported: Mapping[str, Any], connection: ConnectionName
) -> TimeAnnotated:
    return TimeAnnotated(
        entry=command.entry, sequence=command.sequence, engagement=command.engagement, connection=connection
    )


CARRIES = (
    Carry(
        command=ProvisionWorkspace, verb="provision_workspace", answers=WorkspaceProvisioned,
        receipt=_provisioned, priority=3, key=lambda command: command.engagement,
        lane=lambda command: command.engagement, reference=lambda command: command.engagement,
    ),
    Carry(
        command=AnnotateTime, verb="annotate_time", answers=TimeAnnotated, receipt=_annotated, priority=7,
        key=lambda command: f"{command.entry}/{command.sequence}", lane=lambda command: command.entry,
        reference=lambda command: command.entry,
    ),
)  # fmt: skip

OBSERVES = (TimeApproved, TimeWithdrawn, TaskStatusChanged, MilestoneCompleted)

#: As declared to the bus; a process makes its own with the name of its connection.
SERVICE = adapter_service("time", CARRIES, OBSERVES, ConnectionName("time"))
