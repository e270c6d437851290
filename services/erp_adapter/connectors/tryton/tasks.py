"""Where time is booked: the plan task itself where it is only tracked, its priced task where it is billed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from contracts.postings.v1 import PostTime
from services.adapterkit.families import Family, Rejected, Unavailable, Unsure

from . import bodies
from .directory import Company
from .keys import priced_key, same_key
from .options import Options
from .rpc import Row, Rpc
from .values import Exact, number
from .works import Work

__all__ = ["Place", "Tasks"]


class _Unit(msgspec.Struct, frozen=True):
    symbol: str


class Service(Row, frozen=True, kw_only=True):
    """A product that prices hours, as seen in one company."""

    model = "product.product"
    fields = ("code", "list_price_used", "default_uom.symbol")

    code: str
    list_price_used: Exact | None
    unit: _Unit = msgspec.field(name="default_uom.")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The timesheet work that a posting goes to, and what a person reads beside it."""

    work: int
    text: str


class Tasks:
    """Resolves plan task and labour category to a timesheet work, and makes the priced task on first use."""

    def __init__(self, rpc: Rpc, options: Options) -> None:
        self._rpc, self._options = rpc, options

    async def places(self, company: Company, commands: Sequence[PostTime]) -> list[Place | Family]:
        """For each command its place, or why it has none. The caller holds the projects' locks."""
        asked = sorted({task for one in commands if (task := number(one.task_record, "task")) is not None})
        domain = [["OR", ["id", "in", asked], ["parent", "in", asked]]]
        works = await self._rpc.rows(Work, domain, company=company.id) if asked else []
        plan = {work.id: work for work in works if work.id in asked}
        wanted = {(task, one.labour_category) for one in commands if (task := _priced(one, plan)) is not None}
        below: dict[tuple[int, str], Work | Family] = {}
        for task, category in sorted(wanted):
            if found := _below(works, plan[task], category):
                below[task, category] = found
        missing = sorted(wanted - below.keys())
        below |= await self._make(company, plan, missing)
        return [_place(one, plan, below) for one in commands]

    async def services(self, company: Company) -> Mapping[str, Service]:
        """The products that price an hour of a labour category, by category, at the company's prices."""
        prefix = self._options.item_prefix
        rows = await self._rpc.rows(Service, [["code", "like", f"{prefix}%"]], company=company.id)
        return {
            row.code.removeprefix(prefix): row
            for row in rows
            if row.code.startswith(prefix) and row.unit.symbol == self._options.hour_symbol
        }

    async def _make(
        self, company: Company, plan: Mapping[int, Work], missing: Sequence[tuple[int, str]]
    ) -> dict[tuple[int, str], Work | Family]:
        """The priced tasks that are needed for the first time, at the price that the product has now."""
        made: dict[tuple[int, str], Work | Family] = {}
        services = await self.services(company) if missing else {}
        values = []
        for task, category in missing:
            service = services.get(category)
            price = service.list_price_used if service else None
            if service is None or price is None or not price.decimal:
                code = f"{self._options.item_prefix}{category}"
                made[task, category] = Rejected(f"{company.entity} has no hourly price for product {code}")
                continue
            body = bodies.priced_task(
                key=_key(plan[task]), name=plan[task].name, category=category, product=service.id,
                price=price.decimal, parent=task, company=company.id,
            )  # fmt: skip
            values.append(body)
        works = await self._created(company, values) if values else []
        unseen = Unavailable("Tryton does not show a task that it made")
        for task, category in missing:
            if (task, category) not in made:
                made[task, category] = _below(works, plan[task], category) or unseen
        return made

    async def _created(self, company: Company, values: Sequence[bodies.Body]) -> Sequence[Work]:
        """Make tasks. No posting was sent yet, and a task that was made all the same is found next time."""
        try:
            ids = await self._rpc.create("project.work", values, company=company.id)
        except Unsure as doubt:
            raise Unavailable(f"making priced tasks: {doubt}") from None
        return await self._rpc.rows(Work, [["id", "in", ids]], company=company.id)


def _key(work: Work) -> str:
    return (work.comment or "").partition("\n")[0].rstrip()


def _priced(command: PostTime, plan: Mapping[int, Work]) -> int | None:
    """The plan task below which this posting needs a priced one; None where its time is only tracked."""
    task = number(command.task_record, "task")
    if task is None or task not in plan:
        return None
    return task if command.billable and plan[task].invoice_method == "timesheet" else None


def _below(works: Iterable[Work], task: Work, category: str) -> Work | None:
    key = priced_key(_key(task), category)
    return next((work for work in works if work.parent == task.id and same_key(work.comment, key)), None)


def _place(
    command: PostTime, plan: Mapping[int, Work], below: Mapping[tuple[int, str], Work | Family]
) -> Place | Family:
    task = plan.get(number(command.task_record, "task") or 0)
    if task is None:
        return Rejected(f"{command.task_record} is not in Tryton", "conflict")
    category = command.labour_category
    work = below[task.id, category] if _priced(command, plan) is not None else task
    if isinstance(work, Family):
        return work
    text = f"{task.name}, {category.title()}"
    try:
        return Place(work=work.sheet, text=text if work is not task else f"{text}, not billed")
    except Rejected as refusal:
        return refusal
