"""Projects: made in the ERP, the delivery tool and the time system from one canonical plan."""

from datetime import date
from typing import Literal

from ..base import Contract, published
from ..types import (
    ConnectionName,
    CurrencyCode,
    CustomerId,
    EngagementId,
    EntityCode,
    MilestoneCode,
    Minutes,
    Money,
    RecordId,
    TaskCode,
    Value,
    WorkerId,
)  # fmt: skip

__all__ = [
    "BillingInstalment", "ContractType", "CreateProject", "Milestone", "Plan", "ProjectCreated", "ProjectState",
    "ProjectStatusChanged", "ProvisionWorkspace", "Task", "TaskStatusChanged", "WorkspaceProvisioned",
]  # fmt: skip

ContractType = Literal["fixed-fee", "time-and-materials"]
ProjectState = Literal["active", "on-hold", "closed"]


class Task(Value, frozen=True, kw_only=True):
    """A task that hours are booked on."""

    code: TaskCode
    name: str
    billable: bool = True


class Milestone(Value, frozen=True, kw_only=True):
    """A deliverable that a fixed fee is billed on when it is complete."""

    code: MilestoneCode
    name: str
    amount: Money


class BillingInstalment(Value, frozen=True, kw_only=True):
    """One line of the billing schedule: a milestone's amount, or the hours of a period when `milestone` is None."""

    due: date
    milestone: MilestoneCode | None = None
    amount: Money | None = None


class Plan(Value, frozen=True, kw_only=True):
    """The engagement as every system is to carry it."""

    code: str
    name: str
    customer: CustomerId
    legal_entity: EntityCode
    currency: CurrencyCode
    contract_type: ContractType
    service_package: str
    rate_card: str
    tax_profile: str
    contract_value: Money
    start: date
    end: date
    manager: WorkerId
    team: tuple[WorkerId, ...]
    purchase_order: str | None
    tasks: tuple[Task, ...]
    milestones: tuple[Milestone, ...]
    budget_minutes: Minutes
    billing_schedule: tuple[BillingInstalment, ...]


@published("erp.cmd.project.create.v1", key="engagement")
class CreateProject(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="projects.create-project.v1"
):
    """Carry the plan in the ERP: project, contract value, tasks, milestones, budget and billing schedule."""

    engagement: EngagementId
    plan: Plan
    customer_record: RecordId


@published("erp.evt.project.created.v1", key="engagement")
class ProjectCreated(Contract, frozen=True, kw_only=True, tag="projects.project-created.v1"):
    """The ERP carries the plan. `tasks` maps each task code to the ERP's record."""

    engagement: EngagementId
    record: RecordId
    tasks: dict[TaskCode, RecordId]
    connection: ConnectionName


@published("erp.evt.project.changed.v1", key="engagement")
class ProjectStatusChanged(Contract, frozen=True, kw_only=True, tag="projects.project-status-changed.v1"):
    """Finance changed the project's status in the ERP. `version` grows with every change."""

    engagement: EngagementId
    version: int
    state: ProjectState
    connection: ConnectionName


@published("time.cmd.workspace.provision.v1", key="engagement")
class ProvisionWorkspace(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="projects.provision-workspace.v1"
):
    """Make the plan bookable: workspace, tasks, milestones and team in the delivery and time system."""

    engagement: EngagementId
    plan: Plan


@published("time.evt.workspace.provisioned.v1", key="engagement")
class WorkspaceProvisioned(Contract, frozen=True, kw_only=True, tag="projects.workspace-provisioned.v1"):
    """Consultants can book on the engagement."""

    engagement: EngagementId
    record: RecordId
    tasks: dict[TaskCode, RecordId]
    milestones: dict[MilestoneCode, RecordId]
    connection: ConnectionName


@published("time.evt.task.changed.v1", key="engagement")
class TaskStatusChanged(Contract, frozen=True, kw_only=True, tag="projects.task-status-changed.v1"):
    """Delivery opened or closed a task. `version` grows with every change."""

    engagement: EngagementId
    task: TaskCode
    version: int
    active: bool
    connection: ConnectionName
