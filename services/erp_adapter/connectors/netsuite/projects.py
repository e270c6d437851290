"""Projects: job, tasks, milestones and billing schedule of one engagement, made piece by piece under its ids."""

from collections.abc import Iterable

from contracts.projects.v1 import CreateProject
from services.adapterkit.connector import Write

from .. import port
from . import bodies
from .currencies import Currencies
from .external_ids import ExternalIds
from .options import Options
from .suitetalk import Body, Row, SuiteTalk

__all__ = ["Projects"]


class _Job(Row, frozen=True, kw_only=True):
    billingschedule: int | None = None


class _Task(Row, frozen=True, kw_only=True):
    externalid: str | int | None = None


class Projects:
    """What of a project exists is kept as finance left it; what is missing is added. So a half-made one heals."""

    def __init__(
        self, suitetalk: SuiteTalk, currencies: Currencies, ids: ExternalIds, options: Options
    ) -> None:
        self._suitetalk, self._currencies, self._ids, self._options = suitetalk, currencies, ids, options

    async def create(self, write: Write) -> port.Project:
        command: CreateProject = write.command
        job = await self._job(command)
        if job is None:
            currency = self._currencies.ref(command.plan.currency)
            body = bodies.project(command, self._options, currency)
            project = await self._suitetalk.put(f"job/eid:{self._ids.project(command.engagement)}", body)
        else:
            project = str(job.id)
        held = await self._tasks(project)
        for external_id, body in self._wanted_tasks(command, project):
            if external_id not in held:
                held[external_id] = await self._suitetalk.put(f"projectTask/eid:{external_id}", body)
        if self._wants_schedule(command) and (job is None or job.billingschedule is None):
            await self._schedule(command, project)
        return self._made(command, project, held)

    async def find(self, write: Write) -> port.Project | None:
        """The project where it is complete; a half-made one is none yet."""
        command: CreateProject = write.command
        job = await self._job(command)
        if job is None or (self._wants_schedule(command) and job.billingschedule is None):
            return None
        held = await self._tasks(str(job.id))
        if any(external_id not in held for external_id, _ in self._wanted_tasks(command, str(job.id))):
            return None
        return self._made(command, str(job.id), held)

    def _made(self, command: CreateProject, project: str, held: dict[str, str]) -> port.Project:
        codes = [task.code for task in command.plan.tasks]
        return {
            "record": project,
            "tasks": {code: held[self._ids.task(command.engagement, code)] for code in codes},
        }

    def _wants_schedule(self, command: CreateProject) -> bool:
        return self._options.billing_schedules and bool(command.plan.billing_schedule)

    def _wanted_tasks(self, command: CreateProject, project: str) -> Iterable[tuple[str, Body]]:
        plan = command.plan
        for task in plan.tasks:
            yield self._ids.task(command.engagement, task.code), bodies.task(task, project)
        for milestone in plan.milestones:
            external_id = self._ids.milestone(command.engagement, milestone.code)
            yield external_id, bodies.milestone(milestone, plan, project)

    async def _schedule(self, command: CreateProject, project: str) -> None:
        """Last, because it names the milestones; the job's reference to it marks the project complete."""
        body = bodies.billing_schedule(command, project, self._ids)
        path = f"billingSchedule/eid:{self._ids.project(command.engagement)}"
        schedule = await self._suitetalk.put(path, body, replace="recurrence")
        await self._suitetalk.patch(f"job/{project}", {"billingSchedule": {"id": schedule}})

    async def _job(self, command: CreateProject) -> _Job | None:
        q = "SELECT id, billingschedule FROM job WHERE externalid = ?"
        rows, _ = await self._suitetalk.query(q, [self._ids.project(command.engagement)], _Job)
        return rows[0] if rows else None

    async def _tasks(self, project: str) -> dict[str, str]:
        """The records of the project's tasks by external id."""
        select = "SELECT id, externalid FROM projecttask"
        rows = await self._suitetalk.rows(select, "project = ?", [project], _Task)
        return {str(row.externalid): str(row.id) for row in rows if row.externalid is not None}
