"""A Kantata account over real HTTP, the connector beside it, people who use it, and commands about it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx

from contracts.projects.v1 import BillingInstalment, Milestone, Plan, ProvisionWorkspace, Task
from contracts.timesheets.v1 import AnnotateTime
from contracts.types import ConnectionName, EngagementId, Money
from services.adapterkit.auth import StaticBearer
from services.adapterkit.connector import Applied, Observed, Write
from services.sandbox.firm import Firm, found
from services.sandbox.kantata import Kantata as StandIn
from services.sandbox.ledger import Ledger
from services.sandbox.server import Server, serving
from services.sandbox.wire import Headers, Request
from services.time_adapter.connectors.kantata import Kantata, Options

TODAY = date(2026, 11, 16)
ENGAGEMENT = EngagementId("D-00042")
MANAGER, WORKER, COLLEAGUE = "EMP-0001", "EMP-0005", "EMP-0009"


class Watch:
    """A clock that stands still until it is moved. The connector's may go wrong by `skew` seconds."""

    def __init__(self) -> None:
        self.moved = 0.0
        self.skew = 0.0

    def __call__(self) -> datetime:
        return datetime(2026, 11, 16, 17, tzinfo=UTC) + timedelta(seconds=self.moved)

    def move(self, **amount: float) -> None:
        self.moved += timedelta(**amount).total_seconds()

    def now(self) -> datetime:
        return self() + timedelta(seconds=self.skew)

    def monotonic(self) -> float:
        return self.moved

    async def sleep(self, seconds: float) -> None:
        self.move(seconds=seconds)


@dataclass(kw_only=True)
class Account:
    """One account: `connector` uses it as the integration, people as themselves."""

    firm: Firm
    vendor: StandIn
    watch: Watch
    url: str
    http: httpx.AsyncClient
    connector: Kantata = field(init=False)
    watermarks: dict[str, str | None] = field(default_factory=dict)
    opened: list[Kantata] = field(default_factory=list)

    def another(self, token: str = "integration-kantata", **options: Any) -> Kantata:
        """A further connector to the same account, which remembers nothing of the first."""
        http = httpx.AsyncClient(base_url=self.url, auth=StaticBearer(token))
        made = Kantata(
            name=ConnectionName("kantata"), http=http, options=Options(**options), clock=self.watch
        )
        self.opened.append(made)
        return made

    async def apply(self, verb: str, command: Any) -> Applied:
        """Carry one command out; raises the family that it failed with."""
        [applied] = await self.connector.verbs()[verb].apply([Write(key=f"time/{verb}", command=command)])
        assert isinstance(applied, dict), applied
        return applied

    async def find(self, verb: str, command: Any) -> Applied | None:
        return await self.connector.verbs()[verb].find(Write(key=f"time/{verb}", command=command))

    async def poll(self, name: str) -> list[Observed]:
        """Everything that a feed observes until it has no more, from where it was read last."""
        feed = next(feed for feed in self.connector.feeds() if feed.name == name)
        observed, more = [], True
        while more:
            page = await feed.poll(self.watermarks.get(name))
            self.watermarks[name], more = page.watermark, page.more
            observed += page.observed
        return observed

    async def faults(self, *rules: Any) -> None:
        answer = await self.http.put("/_sandbox/faults", json=list(rules))
        assert answer.status_code == 200, answer.text

    async def calls(self, method: str, path: str) -> int:
        """How many requests with this method and path the vendor has answered."""
        calls = (await self.http.get("/_sandbox/calls")).json()["calls"]
        return sum(
            call["count"] for call in calls if (call["method"], call["path"]) == (method, f"/api/v1/{path}")
        )

    def held(self, collection: str) -> list[dict[str, Any]]:
        """Every record of one kind, as the vendor keeps it."""
        return list(self.vendor.ledger[collection])

    def ask(self, token: str, method: str, path: str, body: Any = None, **query: Any) -> Any:
        """A call by a person, or by anyone else with a token."""
        headers = Headers({"authorization": f"Bearer {token}", "content-type": "application/json"})
        content = b"" if body is None else json.dumps(body).encode()
        answer = self.vendor.answer(
            Request(
                method=method, path=f"/api/v1/{path}", query=urlencode(query), headers=headers, body=content
            )
        )
        assert answer.status in {200, 204}, answer.body.decode()
        return json.loads(answer.body) if answer.body else None

    def make(self, key: str, singular: str, by: str = "people-admin", **fields: Any) -> str:
        """Have a person create one record; gives its id."""
        return str(self.ask(by, "POST", key, {singular: fields})["results"][0]["id"])

    def user(self, worker: str) -> str:
        found = [ref for ref in self.held("external_references") if ref["service_model_ref"] == worker]
        return str(found[0]["subject_id"])

    def log(self, workspace: str, minutes: int = 60, worker: str = WORKER, **fields: Any) -> str:
        """Have a consultant enter time."""
        entry = {"workspace_id": workspace, "date_performed": "2026-11-10", "time_in_minutes": minutes}
        return self.make("time_entries", "time_entry", by=f"people-{worker}", **{**entry, **fields})

    def submit(self, workspace: str, *entries: str, worker: str = WORKER) -> str:
        """Have a consultant submit a timesheet."""
        sheet = {"workspace_id": workspace, "title": "Week", "line_item_ids": list(entries)}
        return self.make("timesheet_submissions", "timesheet_submission", by=f"people-{worker}", **sheet)

    def decide(self, sheet: str, verb: str, why: str = "") -> None:
        """Have the manager approve, reject or cancel a timesheet."""
        body = {"resolution": {"description": why}}
        self.ask(f"people-{MANAGER}", "PUT", f"timesheet_submissions/{sheet}/{verb}", body)

    def approve(self, workspace: str, *entries: str) -> str:
        """Have time submitted and approved; gives the timesheet."""
        sheet = self.submit(workspace, *entries)
        self.decide(sheet, "approve")
        return sheet


@asynccontextmanager
async def kantata_account(**options: Any) -> AsyncIterator[Account]:
    """An account with the firm's people in it and nothing else."""
    watch = Watch()
    firm = found(seed=7, today=TODAY, consultants=12, clients=3, deals=2)
    vendor = StandIn(ledger=Ledger(), clock=watch, seed=7)
    vendor.settle(firm)
    async with serving(Server(vendor, clock=watch)) as url, httpx.AsyncClient(base_url=url) as http:
        account = Account(firm=firm, vendor=vendor, watch=watch, url=url, http=http)
        account.connector = account.another(**options)
        yield account
        for connector in account.opened:
            await connector.close()


def plan(**fields: Any) -> Plan:
    """A time-and-materials plan with three tasks and two milestones."""
    given = {
        "code": "P-2026-0117",
        "name": "ACME: ERP implementation",
        "customer": "C-0001",
        "legal_entity": "US01",
        "currency": "USD",
        "contract_type": "time-and-materials",
        "service_package": "ERP-IMPL",
        "rate_card": "RC-US01-STD",
        "tax_profile": "US-SALES",
        "contract_value": Money(amount=12_000_000, currency="USD"),
        "start": date(2026, 11, 1),
        "end": date(2027, 3, 31),
        "manager": MANAGER,
        "team": (WORKER, COLLEAGUE),
        "purchase_order": "PO-44",
        "tasks": (
            Task(code="T1", name="Discovery"),
            Task(code="T2", name="Design"),
            Task(code="T3", name="Handover", billable=False),
        ),
        "milestones": (
            Milestone(code="M1", name="Design signed off", amount=Money(amount=3_600_000, currency="USD")),
            Milestone(code="M2", name="Go-live", amount=Money(amount=8_400_000, currency="USD")),
        ),
        "budget_minutes": 48_000,
        "billing_schedule": (
            BillingInstalment(
                due=date(2026, 12, 31), milestone="M1", amount=Money(amount=3_600_000, currency="USD")
            ),
        ),
    }
    return Plan(**{**given, **fields})


def provision(engagement: str = ENGAGEMENT, **fields: Any) -> ProvisionWorkspace:
    return ProvisionWorkspace(engagement=EngagementId(engagement), plan=plan(**fields))


def annotate(number: str, **fields: Any) -> AnnotateTime:
    given = {
        "entry": f"kantata:{number}",
        "revision": 1,
        "sequence": 1,
        "engagement": ENGAGEMENT,
        "standing": "posted",
        "message": "Posted",
        "reference": "TB-4711",
    }
    return AnnotateTime(**{**given, **fields})
