"""Who and where: companies by legal entity, employees by employee number, accounting periods by day."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec

from bus.clock import Clock
from contracts.types import EntityCode, WorkerId
from services.adapterkit.families import Rejected

from .options import Options
from .rpc import Row, Rpc
from .values import Day, day

__all__ = ["Company", "Directory"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Company:
    """A company of Tryton's: the legal entity `entity`, which bills in `currency`."""

    id: int
    entity: EntityCode
    currency: str


class _Code(msgspec.Struct, frozen=True):
    code: str | None


class _Company(Row, frozen=True, kw_only=True):
    model = "company.company"
    fields = ("party.code", "currency.code")

    party: _Code = msgspec.field(name="party.")
    currency: _Code = msgspec.field(name="currency.")


class _Employee(Row, frozen=True, kw_only=True):
    model = "company.employee"
    fields = ("party.code",)

    party: _Code = msgspec.field(name="party.")


class _Month(Row, frozen=True, kw_only=True):
    model = "account.period"
    fields = ("name", "state", "start_date", "end_date")

    name: str
    state: str
    start_date: Day
    end_date: Day


class Directory:
    """Looks up what the verbs need; companies and employees are remembered for `remember_seconds`."""

    def __init__(self, rpc: Rpc, options: Options, clock: Clock) -> None:
        self._rpc, self._options, self._clock = rpc, options, clock
        self._companies: dict[EntityCode, Company] = {}
        self._employees: dict[tuple[int, WorkerId], int] = {}
        self._since = float("-inf")

    async def companies(self) -> Mapping[EntityCode, Company]:
        """The companies that this connection serves, by legal entity."""
        self._forget_the_old()
        if not self._companies:
            rows = await self._rpc.rows(_Company, [])
            made = [
                Company(id=row.id, entity=EntityCode(row.party.code), currency=row.currency.code)
                for row in rows
                if row.party.code and row.currency.code
            ]
            served = self._options.legal_entities
            self._companies = {one.entity: one for one in made if not served or one.entity in served}
        return self._companies

    async def company(self, entity: EntityCode) -> Company:
        """The company of a legal entity; raises `Rejected` where this connection serves none."""
        try:
            return (await self.companies())[entity]
        except KeyError:
            raise Rejected(f"legal entity {entity} is no company that this connection sees") from None

    async def employees(self, company: Company, workers: Collection[WorkerId]) -> Mapping[WorkerId, int]:
        """The employees of a company among `workers`; who is not employed there is left out."""
        self._forget_the_old()
        unknown = sorted({worker for worker in workers if (company.id, worker) not in self._employees})
        if unknown:
            domain = [["company", "=", company.id], ["party.code", "in", unknown]]
            for row in await self._rpc.rows(_Employee, domain, company=company.id):
                if row.party.code is not None:
                    self._employees[company.id, WorkerId(row.party.code)] = row.id
        known = self._employees
        return {worker: known[company.id, worker] for worker in workers if (company.id, worker) in known}

    async def closed(self, company: Company, days: Iterable[date]) -> Mapping[date, str]:
        """Why each of these days takes no postings; days in an open period are left out. Never remembered."""
        wanted = sorted(set(days))
        if not wanted:
            return {}
        domain = [
            ["company", "=", company.id], ["type", "=", "standard"],
            ["start_date", "<=", day(wanted[-1])], ["end_date", ">=", day(wanted[0])],
        ]  # fmt: skip
        months = await self._rpc.rows(_Month, domain, company=company.id)
        return {one: why for one in wanted if (why := _why_closed(company, months, one))}

    def _forget_the_old(self) -> None:
        now = self._clock.monotonic()
        if now - self._since >= self._options.remember_seconds:
            self._companies, self._employees, self._since = {}, {}, now


def _why_closed(company: Company, months: Iterable[_Month], wanted: date) -> str:
    month = next((one for one in months if one.start_date.date <= wanted <= one.end_date.date), None)
    if month is None:
        return f"{company.entity} has no accounting period for {wanted}"
    return (
        ""
        if month.state == "open"
        else f"accounting period {month.name} of {company.entity} is {month.state}"
    )
