"""The same people and the same auditor at a real Tryton, with the books of one legal entity."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from services.sandbox.auditor import Account, TrytonBooks, draw
from services.sandbox.auditor.ledgers import CrmDeal, TimeEntry, TimeLedger, Workspace
from services.sandbox.firm import found
from services.sandbox.people import FinanceTryton, Refused
from services.sandbox.people.desks import TrytonDesk

pytestmark = pytest.mark.slow

PASSWORDS = {"fairlead": "integration-pass", "receivables": "receivable-pass", "admin": "administer-pass"}
ENTITY, PERSON = "JP01", "EMP-0004"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "services.sandbox.tryton", "--entities", ENTITY, "--port", str(port),
               "--data", str(tmp_path_factory.mktemp("tryton"))]  # fmt: skip
    secrets = {f"TRYTON_{login.upper()}_PASSWORD": word for login, word in PASSWORDS.items()}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **secrets}
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()
            process.wait(timeout=30)


class Books:
    """The integration's part, by hand, in one company."""

    def __init__(self, url: str, http: httpx.AsyncClient) -> None:
        self.desk = TrytonDesk(url, "fairlead", PASSWORDS["fairlead"], http=http)
        self.company = 0
        # Tokyo is ahead of UTC, and dates of posted invoices must not fall.
        self.today = (datetime.now(UTC) + timedelta(hours=9)).date()

    async def call(self, method: str, *parameters: Any) -> Any:
        return await self.desk.call(f"model.{method}", *parameters, context={"company": self.company})

    async def one(self, model: str, *domain: Any) -> int:
        return int((await self.desk.rows(model, list(domain), [], self.company))[0]["id"])

    async def project(self, engagement: str, rate: str) -> tuple[int, int]:
        """A project of client C-0001 with a task, and below it one by the hour, as the connector makes them.

        Gives the project and what time is booked on.
        """
        self.company = await self.one("company.company", ["party.code", "=", ENTITY])
        priced = {"type": "task", "company": self.company, "name": "Design, Senior", "timesheet_available": True,
                  "comment": f"FL-{engagement}/task/DESIGN/SENIOR", "list_price": Decimal(rate),
                  "product": await self.one("product.product", ["code", "=", "ITEM-SENIOR"])}  # fmt: skip
        task = {"type": "task", "company": self.company, "name": "Design",
                "comment": f"FL-{engagement}/task/DESIGN", "children": [["create", [priced]]]}  # fmt: skip
        work = {"name": f"{engagement} project", "type": "project", "company": self.company,
                "comment": f"FL-{engagement}\ntime-and-materials, notes for people",
                "project_invoice_method": "timesheet",
                "party": await self.one("party.party", ["code", "=", "C-0001"]),
                "children": [["create", [task]]]}  # fmt: skip
        (made,) = await self.call("project.work.create", [work])
        (row,) = await self.desk.rows("project.work", [["parent.parent", "=", made]], ["timesheet_works"])
        return made, row["timesheet_works"][0]

    async def post(self, work: int, *entries: tuple[str, int]) -> list[int]:
        employee = await self.one("company.employee", ["party.code", "=", PERSON])
        lines = [{"company": self.company, "employee": employee, "work": work, "date": self.today,
                  "duration": timedelta(minutes=count), "description": f"{entry}#1 | hours"}
                 for entry, count in entries]  # fmt: skip
        return list(await self.call("timesheet.line.create", lines))

    async def bill(self, project: int) -> int:
        await self.call("project.work.invoice", [project])
        invoice = max(
            row["id"] for row in await self.desk.rows("account.invoice", [["type", "=", "out"]], [])
        )
        await self.call("account.invoice.write", [invoice], {"invoice_date": self.today})
        await self.call("account.invoice.post", [invoice])
        return invoice


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60) as client:
        yield client


async def account(url: str, http: httpx.AsyncClient, entries: dict[str, int], **shown: int) -> Account:
    """What the auditor says of engagement E-D-00007, whose approved entries these are."""
    deal = CrmDeal(number="D-00007", won=True, fixed_fee=False, currency="JPY", amount=10**8,
                   invoiced=shown["invoiced"], paid=shown["paid"])  # fmt: skip
    time = TimeLedger(
        workspaces=[Workspace(record="9", engagement="E-D-00007", archived=False)],
        entries=[TimeEntry(entry=entry, engagement="E-D-00007", workspace="9", person=PERSON, minutes=count,
                           approved=True) for entry, count in entries.items()],
    )  # fmt: skip
    return draw([deal], time, await TrytonBooks(url, PASSWORDS["receivables"], http=http).read())


async def test_hours_are_billed_paid_and_audited(url: str, http: httpx.AsyncClient) -> None:
    firm = found(seed=7, today=datetime.now(UTC).date())
    finance = FinanceTryton(url, PASSWORDS["receivables"], firm, http=http)
    books = Books(url, http)
    project, work = await books.project("E-D-00007", "33601")
    entries = {"kantata:1": 500, "kantata:2": 50}
    first, second = await books.post(work, *entries.items())
    assert (await account(url, http, entries, invoiced=0, paid=0)).report() == []

    (extra,) = await books.post(work, ("kantata:2", 50))
    doubled = await account(url, http, entries, invoiced=0, paid=0)
    assert doubled.report() == [
        f"kantata:2: 50 minutes are approved, 100 are posted as posting {second}, posting {extra}",
        f"kantata:2: posted again as posting {extra}, beside posting {second}",
    ]
    await books.call("timesheet.line.delete", [extra])

    await books.bill(project)
    (invoice,) = await finance.open_invoices()
    assert invoice.project == "E-D-00007 project"
    # 550 minutes at 33 601 and a tenth of tax; the hundredths that Tryton is installed with would make it 338 933.
    assert invoice.open == 308_009 + 30_801
    owed = await account(url, http, entries, invoiced=invoice.open, paid=0)
    assert owed.report() == []
    assert owed.invoiced == {"JPY": invoice.open}

    part = await finance.pay(invoice, share=Decimal("0.25"))
    partly = await account(url, http, entries, invoiced=invoice.open, paid=part)
    assert (partly.report(), partly.invoices_paid) == ([], 0)
    assert [one.open for one in await finance.pay_all()] == [invoice.open - part]
    paid = await account(url, http, entries, invoiced=invoice.open, paid=invoice.open)
    assert (paid.report(), paid.invoices_paid) == ([], 1)

    lost = await account(url, http, {**entries, "kantata:3": 30}, invoiced=0, paid=0)
    assert lost.report()[0] == f"kantata:3: 30 minutes of {PERSON} on E-D-00007 are approved and not posted"
    assert lost.money_unexplained == {"JPY": 2 * invoice.open}
    assert first != second


async def test_a_month_is_closed_and_opened_again(url: str, http: httpx.AsyncClient) -> None:
    today = datetime.now(UTC).date()
    finance = FinanceTryton(url, PASSWORDS["receivables"], found(seed=7, today=today), http=http)
    month, states = f"{today:%Y-%m}", []
    desk = TrytonDesk(url, "receivables", PASSWORDS["receivables"], http=http)
    for act in (finance.close_period, finance.close_period, finance.reopen_period, finance.reopen_period):
        await act(ENTITY, month)
        (row,) = await desk.rows("account.period", [["name", "=", month]], ["state"])
        states.append(row["state"])
    assert states == ["closed", "closed", "open", "open"]


async def test_what_tryton_refuses_is_said(url: str, http: httpx.AsyncClient) -> None:
    desk = TrytonDesk(url, "receivables", PASSWORDS["receivables"], http=http)
    (work, *_) = await desk.rows("project.work", [], [])
    with pytest.raises(Refused, match="not allowed"):
        await desk.call("model.project.work.write", [work["id"]], {"name": "Mine"})
