"""Three stand-ins behind real HTTP, the firm's people at them, and a clerk who does by hand what middleware would."""

import json
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any

import httpx
import pytest

from services.sandbox.auditor import Account, NetSuiteBooks, audit
from services.sandbox.firm import Deal, Firm, found
from services.sandbox.kantata import Kantata
from services.sandbox.ledger import Ledger
from services.sandbox.netsuite import TOKENS, NetSuite
from services.sandbox.people import Approvers, Consultants, DeliveryManagers, Finance, Sales
from services.sandbox.people.desks import KantataDesk, NetSuiteDesk, SalesforceDesk
from services.sandbox.salesforce import Salesforce
from services.sandbox.server import Server, serving

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def clock() -> datetime:
    return NOW


@dataclass
class Clerk:
    """Provisions, posts, bills and reports by hand, with the integration's credentials."""

    town: "Town"
    tasks: dict[str, list[str]] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    posted: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        urls, http = self.town.urls, self.town.http
        self.books = NetSuiteDesk(urls["netsuite"], http=http, clock=clock, pair=TOKENS[0])
        self.kantata = KantataDesk(urls["kantata"], "integration-kantata", http=http)
        self.crm = SalesforceDesk(urls["salesforce"], http=http, client_id="fairlead-integration")

    async def activate(self, deal: Deal) -> str:
        """Customer, project, workspace, tasks, milestones and team; gives the workspace's id."""
        customer = {"companyName": f"Client {deal.client}", "subsidiary": {"externalId": deal.entity}}
        await self.books.write("PUT", f"customer/eid:{deal.client}", customer)
        job = {
            "companyName": deal.name, "entityId": f"P-{deal.number}",
            "parent": {"externalId": deal.client}, "subsidiary": {"externalId": deal.entity},
            "projectExpenseType": {"id": "-2"}, "billingRateCard": {"externalId": deal.rate_card},
        }  # fmt: skip
        self.jobs[deal.number] = await self.books.write("PUT", f"job/eid:FL-E-{deal.number}", job)
        await self.crm.change("Opportunity", "Deal_Number__c", deal.number, {"Engagement_Status__c": "Ready"})
        return await self.provision(deal)

    async def provision(self, deal: Deal) -> str:
        references = await self.kantata.all("external_references", subject_type="User", service_name="hcm")
        users = {row["service_model_ref"]: row["subject_id"] for row in references.rows}
        reference = {"service_name": "fairlead", "service_model": "engagement",
                     "service_model_ref": f"E-{deal.number}", "status": "successful"}  # fmt: skip
        (workspace,) = await self.kantata.create("workspaces", {"workspace": {
            "title": deal.name, "creator_role": "maven", "currency": deal.currency,
            "require_time_approvals": True, "approver_id": users[deal.manager],
            "external_reference": reference}})  # fmt: skip
        for number in deal.team:
            seat = {"workspace_id": workspace, "user_id": users[number], "role": "maven"}
            await self.kantata.create("participations", {"participation": seat})
        package = self.town.firm.package(deal.package)
        stories = [{"workspace_id": workspace, "story_type": "task", "title": task} for task in package.tasks]
        stories += [
            {"workspace_id": workspace, "story_type": "milestone", "title": title}
            for title, _ in package.milestones
        ]
        self.tasks[deal.number] = await self.kantata.create("stories", {"stories": stories})
        return workspace

    async def post(self, *deals: Deal) -> None:
        """Post all approved time of the deals that is not posted yet."""
        jobs = {deal.number: self.jobs[deal.number] for deal in deals}
        for number, job in jobs.items():
            for row in await self.approved(number):
                if row["id"] not in self.posted:
                    await self.post_one(row, job)
                    self.posted.add(row["id"])

    async def approved(self, deal: str) -> list[Any]:
        found = await self.kantata.all(
            "workspaces", external_reference_service_name="fairlead",
            external_reference_service_model_ref=f"E-{deal}", include_archived="true",
        )  # fmt: skip
        rows = []
        for workspace in found.rows:
            entries = await self.kantata.all("time_entries", workspace_id=workspace["id"], include="user",
                                             from_archived_workspaces="true")  # fmt: skip
            rows += [row for row in entries.rows if row["approved"]]
        return rows

    async def post_one(self, row: Any, job: str, *, revision: int = 1, **more: Any) -> str:
        """Post one entry as a time bill, the way the integration's connector words it."""
        references = await self.town.employees()
        employee = references[row["user_id"]]
        category = next(one.labour_category for one in self.town.firm.consultants if one.number == employee)
        minutes = row["time_in_minutes"]
        body = {
            "externalId": f"FL-kantata__{row['id']}_-{revision}",
            "memo": f"kantata:{row['id']}#{revision}",
            "employee": {"externalId": employee}, "customer": {"id": job},
            "item": {"externalId": f"ITEM-{category}"}, "tranDate": row["date_performed"],
            "hours": f"{minutes // 60}:{minutes % 60:02d}", "approvalStatus": {"id": "3"}, **more,
        }  # fmt: skip
        return await self.books.write("POST", "timeBill", body)

    async def bill(self, deal: Deal, *, fees: Iterable[tuple[str, int]] = (), number: int = 1) -> str:
        """Draft and post an invoice over all unbilled time and these fees (minor units)."""
        job, digits = self.jobs[deal.number], self.town.firm.entity(deal.entity).exponent
        rows = await self.books.rows(f"SELECT id FROM timebill WHERE customer = {job} AND invoice IS NULL")
        items = [
            {"item": {"externalId": "ITEM-FIXED-FEE"}, "quantity": 1, "description": what,
             "rate": float(Decimal(fee).scaleb(-digits)), "amount": float(Decimal(fee).scaleb(-digits))}
            for what, fee in fees
        ]  # fmt: skip
        body = {
            "job": {"id": job}, "entity": {"externalId": deal.client}, "item": {"items": items},
            "tranDate": TODAY.isoformat(), "approvalStatus": {"id": "2"},
            "time": {"items": [{"apply": True, "doc": {"id": row["id"]}} for row in rows]},
        }  # fmt: skip
        return await self.books.write("PUT", f"invoice/eid:FL-E-{deal.number}_-INV-{number}", body)

    async def report(self, deal: Deal) -> None:
        """Bring what is invoiced and paid to the CRM."""
        rows = await self.books.rows(
            "SELECT foreigntotal, foreignamountpaid FROM transaction WHERE type = 'CustInvc'"
            f" AND job = {self.jobs[deal.number]}"
        )
        sums = {name: float(sum(Decimal(row[column]) for row in rows)) for name, column in (
            ("Invoiced_Amount__c", "foreigntotal"), ("Paid_Amount__c", "foreignamountpaid"))}  # fmt: skip
        await self.crm.change("Opportunity", "Deal_Number__c", deal.number, sums)


@dataclass
class Town:
    """The firm, its three systems and its people."""

    urls: dict[str, str]
    http: httpx.AsyncClient
    firm: Firm

    def __post_init__(self) -> None:
        kantata, http = self.urls["kantata"], self.http
        self.sales = Sales(self.urls["salesforce"], self.firm, http=http)
        self.consultants = Consultants(kantata, Random(7), http=http)
        self.approvers = Approvers(kantata, http=http)
        self.delivery = DeliveryManagers(kantata, http=http)
        self.finance = Finance(self.urls["netsuite"], self.firm, http=http, clock=clock)
        self.clerk = Clerk(self)
        self._employees: dict[str, str] = {}

    @property
    def hourly(self) -> Deal:
        """A deal of time and materials."""
        return next(deal for deal in self.firm.deals if deal.contract_type == "time-and-materials")

    @property
    def fixed(self) -> Deal:
        """A deal with a fixed fee."""
        return next(deal for deal in self.firm.deals if deal.contract_type == "fixed-fee")

    async def employees(self) -> dict[str, str]:
        if not self._employees:
            kept = await self.clerk.kantata.all(
                "external_references", subject_type="User", service_name="hcm"
            )
            self._employees = {row["subject_id"]: row["service_model_ref"] for row in kept.rows}
        return self._employees

    async def win(self, *deals: Deal) -> None:
        for deal in deals:
            await self.sales.win(deal)
            await self.clerk.activate(deal)

    async def work(self, deal: Deal, first: date, last: date) -> None:
        """Book, hand in and approve."""
        await self.consultants.book(deal, first, last)
        for week in sorted({first, last}):
            await self.consultants.submit(deal, week)
        await self.approvers.approve(deal)

    async def audit(self, held: Iterable[str] = ()) -> Account:
        return await audit(
            salesforce_url=self.urls["salesforce"], kantata_url=self.urls["kantata"], http=self.http,
            erp=NetSuiteBooks(self.urls["netsuite"], http=self.http, clock=clock), held=frozenset(held),
        )  # fmt: skip

    async def faults(self, name: str, *rules: dict[str, Any]) -> None:
        """Put a fault script in force at one system."""
        (await self.http.put(f"{self.urls[name]}/_sandbox/faults", json=list(rules))).raise_for_status()

    async def calls(self, name: str) -> list[dict[str, Any]]:
        return list((await self.http.get(f"{self.urls[name]}/_sandbox/calls")).json()["calls"])

    async def documents(self, name: str, collection: str) -> list[dict[str, Any]]:
        """What a system keeps, as its control side shows it."""
        answer = await self.http.get(f"{self.urls[name]}/_sandbox/ledger/{collection}")
        return list(json.loads(answer.content))


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    firm = found(seed=7, today=TODAY, consultants=24, clients=6, deals=6)
    vendors: list[Callable[..., Any]] = [Salesforce, Kantata, NetSuite]
    async with AsyncExitStack() as stack:
        urls = {}
        for vendor in vendors:
            system = vendor(ledger=Ledger(), clock=clock, seed=7)
            system.settle(firm)
            urls[system.name] = await stack.enter_async_context(serving(Server(system, clock=clock)))
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30))
        yield Town(urls=urls, http=http, firm=firm)
