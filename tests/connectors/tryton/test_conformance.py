"""The suite that every connector passes, against a real Tryton with faults put between."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pytest

from services.adapterkit.connector import Write
from services.sandbox.server import Server, serving
from tests.connectors.kit.conformance import *  # noqa: F403
from tests.connectors.kit.conformance import Bench, LedgerSample
from tests.support import tryton_firm
from tests.support.tryton_erp import Erp, Session
from tests.support.tryton_firm import (
    Desk,
    create_project,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
    reverse_time,
)
from tests.support.tryton_relay import Relay

pytestmark = pytest.mark.slow

VERBS = ("ensure_customer", "create_project", "post_time", "reverse_time", "draft_invoice", "post_invoice")
#: Rate cards are as many as companies, so the suite cannot change five of them: test_feeds has them.
FEEDS = ("periods", "projects", "invoices")

#: The call that a verb does its work with; a draft is one once it carries our reference.
DECISIVE = {
    "ensure_customer": "model.party.party.create",
    "create_project": "model.project.work.create",
    "post_time": "model.timesheet.line.create",
    "reverse_time": "model.timesheet.line.delete",
    "draft_invoice": "model.account.invoice.write",
    "post_invoice": "model.account.invoice.post",
}
NUMBERS = count(1)


class Counter:
    """Prepares sample writes, and counts what became of them as somebody who looks into Tryton."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made: dict[tuple[str, int], Write] = {}

    async def write(self, verb: str, number: int) -> Write:
        if (verb, number) not in self._made:
            self._made[verb, number] = Write(key=f"{verb}/{number}", command=await self._command(verb))
        return self._made[verb, number]

    async def count(self, verb: str, write: Write) -> int:
        seen, command = self._desk.fairlead, write.command
        match verb:
            case "ensure_customer":
                return len(seen.rows("party.party", [["code", "=", command.customer.id]], []))
            case "create_project":
                return len(
                    seen.rows("project.work", [["comment", "like", f"FL-{command.engagement}\n%"]], [])
                )
            case "post_time":
                return len(self._desk.lines(command.entry))
            case "reverse_time":
                return 1 - len(self._desk.lines(command.entry))
            case "draft_invoice":
                return len(seen.rows("account.invoice", [["reference", "=", command.invoice]], []))
        domain = [["reference", "=", command.invoice], ["state", "=", "posted"]]
        return len(seen.rows("account.invoice", domain, []))

    async def _command(self, verb: str) -> Any:
        desk = self._desk
        if verb == "ensure_customer":
            return ensure_customer()
        if verb == "create_project":
            return create_project((await desk.applied("ensure_customer", ensure_customer()))["record"])
        project, made = await desk.project()
        if verb == "post_time":
            await desk.posted(project, made, 15)
            return post_time(project, made)
        posts = await desk.posted(project, made, 60)
        billed = await desk.billed(posts)
        if verb == "reverse_time":
            return reverse_time(posts[0], billed[0].record)
        order = draft_invoice(project, made, billed)
        if verb == "draft_invoice":
            return order
        return post_invoice(order, (await desk.applied("draft_invoice", order))["record"])


class People:
    """What people change, so that feeds have something to tell."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._company = desk, desk.company()
        self._context = {"company": self._company}

    async def change(self, feed: str, number: int) -> None:
        {"periods": self._periods, "projects": self._projects, "invoices": self._invoices}[feed](number)

    async def ledger(self) -> LedgerSample:
        """A week that nothing else is booked in."""
        desk, first = self._desk, date(2024, 1, 1).toordinal() + 7 * next(NUMBERS)
        start, end = date.fromordinal(first), date.fromordinal(first + 4)
        project, made = await desk.project()
        task = desk.row("project.work", made["tasks"]["DESIGN"], "timesheet_works")
        employee = desk.fairlead.rows("company.employee", [["party.code", "=", "EMP-0002"]], [])[0]["id"]
        lines = [
            {"company": self._company, "employee": employee, "work": task["timesheet_works"][0], "date": _day(day),
             "duration": {"__class__": "timedelta", "seconds": 900}, "description": f"{project.engagement} by hand"}
            for day in (start, end, end, date.fromordinal(first - 1), date.fromordinal(first + 5))
        ]  # fmt: skip
        ids = desk.fairlead.call("model.timesheet.line.create", lines, context=self._context)
        invoices = self._invoices(2, start)
        records = {"posted-time": {f"line:{line}" for line in ids[:3]},
                   "invoice": {f"invoice:{invoice}" for invoice in invoices}}  # fmt: skip
        return LedgerSample(start=start, end=end, records=records)

    def _periods(self, number: int) -> None:
        """Months of the first year: nobody else looks at them."""
        domain = [["company", "=", self._company], ["start_date", "<", _day(date(date.today().year, 1, 1))]]  # noqa: DTZ011
        for row in self._desk.people.rows("account.period", domain, ["state"])[:number]:
            verb = "close" if row["state"] == "open" else "reopen"
            self._desk.people.call(f"model.account.period.{verb}", [row["id"]], context=self._context)

    def _projects(self, number: int) -> None:
        values = [
            {"name": "By hand", "type": "project", "company": self._company, "comment": f"FL-E-HAND-{next(NUMBERS)}"}
            for _ in range(number)
        ]  # fmt: skip
        self._desk.fairlead.call("model.project.work.create", values, context=self._context)

    def _invoices(self, number: int, on: date | None = None) -> list[int]:
        look = self._desk.fairlead.rows
        [party] = look("party.party", [["code", "=", "C-0001"]], ["addresses"])
        domain = [["code", "=", "1.2.1"], ["company", "=", self._company]]
        account = look("account.account", domain, [], self._company)[0]["id"]
        values = [
            {"company": self._company, "type": "out", "party": party["id"], "invoice_address": party["addresses"][0],
             "account": account, "reference": f"INV-HAND-{next(NUMBERS)}", "comment": "Engagement E-HAND",
             "invoice_date": _day(on) if on else None}
            for _ in range(number)
        ]  # fmt: skip
        return list(self._desk.fairlead.call("model.account.invoice.create", values, context=self._context))


def _day(day: date) -> dict[str, Any]:
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
async def bench(erp: Erp, fairlead: Session, people: Session) -> AsyncIterator[Bench]:
    relay = Relay(erp.url)
    async with (
        serving(Server(relay, clock=now)) as url,
        tryton_firm.desk(erp, fairlead, people, url=url) as desk,
    ):
        counter, staff = Counter(desk), People(desk)
        yield Bench(
            connector=desk.connector, url=url, write=counter.write, count=counter.count,
            decisive={verb: {"body_contains": f'"{method}"'} for verb, method in DECISIVE.items()},
            change=staff.change, ledger=staff.ledger,
        )  # fmt: skip
    relay.close()
