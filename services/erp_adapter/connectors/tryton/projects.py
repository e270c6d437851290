"""Projects: one tree of `project.work` for each engagement, made whole in one call."""

from collections.abc import Iterable

from contracts.projects.v1 import CreateProject
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected, Unsure

from ..port import Project
from . import bodies
from .directory import Company, Directory
from .keys import milestone_key, project_key, task_key
from .locks import Locks
from .options import Options
from .rpc import Row, Rpc
from .values import number
from .works import Work, tree, with_key

__all__ = ["Projects"]


class _Product(Row, frozen=True, kw_only=True):
    model = "product.product"


class _Terms(Row, frozen=True, kw_only=True):
    model = "party.party"
    fields = ("customer_payment_term",)

    customer_payment_term: int | None


class _Defaults(Row, frozen=True, kw_only=True):
    model = "account.configuration"
    fields = ("default_customer_payment_term",)

    default_customer_payment_term: int | None


class Projects:
    """What of a project exists is kept as finance left it; what is missing is added."""

    def __init__(self, rpc: Rpc, directory: Directory, locks: Locks, options: Options) -> None:
        self._rpc, self._directory, self._locks, self._options = rpc, directory, locks, options

    async def create(self, write: Write) -> Project:
        command: CreateProject = write.command
        company = await self._company(command)
        async with self._locks.of(project_key(command.engagement)):
            works = await self._works(command, company)
            if not works:
                await self._make(command, company)
                works = await self._works(command, company)
            elif lacking := await self._lacking(command, company, works):
                await self._rpc.create("project.work", lacking, company=company.id)
                works = await self._works(command, company)
        made = _made(command, works)
        if made is None:
            raise Unsure(f"Tryton does not show all of project {command.engagement} yet")
        return made

    async def find(self, write: Write) -> Project | None:
        """The project where it is complete; one that lacks a task is none yet."""
        command: CreateProject = write.command
        return _made(command, await self._works(command, await self._company(command)))

    async def _company(self, command: CreateProject) -> Company:
        company = await self._directory.company(command.plan.legal_entity)
        if command.plan.currency != company.currency:
            raise Rejected(
                f"projects of {company.entity} are billed in {company.currency}, not in {command.plan.currency}"
            )
        return company

    async def _works(self, command: CreateProject, company: Company) -> list[Work]:
        """The tree of the engagement, its project first; none where there is no project."""
        key = project_key(command.engagement)
        domain = [["comment", "like", f"{key}%"], ["type", "=", "project"], ["company", "=", company.id]]
        found = with_key(await self._rpc.rows(Work, domain, company=company.id), key)
        if len(found) > 1:
            raise Unsure(f"{len(found)} projects carry {key}")
        return [work for one in found for work in await tree(self._rpc, one.id, company)]

    async def _make(self, command: CreateProject, company: Company) -> None:
        party = number(command.customer_record, "party")
        if party is None:
            raise Rejected(f"{command.customer_record} is no party of Tryton's")
        await self._settle_terms(party, company)
        fixed_fee = await self._fixed_fee(command, company)
        body = bodies.project(command, company=company.id, party=party, fixed_fee=fixed_fee)
        await self._rpc.create("project.work", [body], company=company.id)

    async def _lacking(
        self, command: CreateProject, company: Company, works: Iterable[Work]
    ) -> list[bodies.Body]:
        """The plan's tasks and milestones that the tree has not."""
        works = list(works)
        (project,) = with_key(works, project_key(command.engagement))
        tasks = [
            bodies.task(task, command.engagement, company.id)
            for task in command.plan.tasks
            if not with_key(works, task_key(command.engagement, task.code))
        ]
        stones = [
            stone
            for stone in command.plan.milestones
            if not with_key(works, milestone_key(command.engagement, stone.code))
        ]
        fixed_fee = await self._fixed_fee(command, company) if stones else None
        tasks += [bodies.milestone(stone, command, company.id, fixed_fee) for stone in stones]
        return [{**body, "parent": project.id} for body in tasks]

    async def _fixed_fee(self, command: CreateProject, company: Company) -> int | None:
        """The product that milestones are billed with; a project billed by the hour has none."""
        if command.plan.contract_type != "fixed-fee" or not command.plan.milestones:
            return None
        code = self._options.fixed_fee_item
        found = await self._rpc.rows(_Product, [["code", "=", code]], company=company.id)
        if not found:
            raise Rejected(f"Tryton has no product {code}")
        return found[0].id

    async def _settle_terms(self, party: int, company: Company) -> None:
        """A party that was made for one company has no payment term in the others."""
        held = await self._rpc.rows(_Terms, [["id", "=", party]], company=company.id)
        if not held:
            raise Rejected(f"party:{party} is not in Tryton", "conflict")
        if held[0].customer_payment_term is not None:
            return
        usual = await self._rpc.rows(_Defaults, [], company=company.id)
        term = usual[0].default_customer_payment_term if usual else None
        if term is not None:
            values = {"customer_payment_term": term}
            await self._rpc.write("party.party", [party], values, company=company.id)


def _made(command: CreateProject, works: list[Work]) -> Project | None:
    """The result, where the tree has every task and milestone of the plan."""
    project = with_key(works, project_key(command.engagement))
    tasks = {
        task.code: with_key(works, task_key(command.engagement, task.code)) for task in command.plan.tasks
    }
    stones = [with_key(works, milestone_key(command.engagement, one.code)) for one in command.plan.milestones]
    if not project or not all(tasks.values()) or not all(stones):
        return None
    return {
        "record": f"project:{project[0].id}",
        "tasks": {code: f"task:{found[0].id}" for code, found in tasks.items()},
    }
