"""A Tryton over real HTTP, the connector beside it, people who use it, and commands about it."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx

from bus.clock import SystemClock
from contracts.customers.v1 import Customer, EnsureCustomer
from contracts.invoices.v1 import BilledMilestone, BilledTime, DraftInvoice, PostInvoice
from contracts.postings.v1 import PostTime, ReverseTime
from contracts.projects.v1 import BillingInstalment, CreateProject, Milestone, Plan, Task
from contracts.types import ConnectionName, CustomerId, EngagementId, Money
from services.adapterkit.connector import Applied, Page, Write
from services.adapterkit.families import Family
from services.erp_adapter.connectors.tryton import Options, SessionLogin, Tryton

from .tryton_erp import PASSWORDS, Erp, Session

__all__ = [
    "Desk", "Wire", "create_project", "customer", "desk", "draft_invoice", "ensure_customer", "fixed_fee", "gbp",
    "plan", "post_invoice", "post_time", "reverse_time", "today",
]  # fmt: skip

#: Engagements, customers and entries are numbered through, so that tests share a server and no record.
NUMBERS = count(1)
#: A consultant of the firm's by legal entity.
WORKERS = {"GB01": "EMP-0002", "JP01": "EMP-0004"}


@dataclass
class Wire(httpx.AsyncBaseTransport):
    """The network: counts calls by method, and loses what a test wants lost.

    `lose` is asked for each method: `before` means that the request never arrives, `after` that the answer does not.
    """

    inner: httpx.AsyncBaseTransport = field(default_factory=httpx.AsyncHTTPTransport)
    lose: Callable[[str], str | None] = lambda method: None
    calls: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(request.content)["method"]
        self.calls.append(method)
        fault = self.lose(method)
        if fault == "before":
            raise httpx.ReadTimeout("lost on the way", request=request)
        reply = await self.inner.handle_async_request(request)
        if fault == "after":
            await reply.aread()
            raise httpx.ReadTimeout("the answer was lost", request=request)
        return reply

    def lose_once(self, method: str, when: str) -> None:
        """Lose the next call of a method."""
        pending = [method]

        def lose(asked: str) -> str | None:
            if asked in pending:
                pending.remove(asked)
                return when
            return None

        self.lose = lose

    async def aclose(self) -> None:
        await self.inner.aclose()


@dataclass(kw_only=True)
class Desk:
    """`connector` writes as the integration; `fairlead` and `people` are logins of a person who looks and meddles."""

    erp: Erp
    connector: Tryton
    wire: Wire
    fairlead: Session
    people: Session

    async def apply(self, verb: str, *commands: Any) -> list[Applied | Family]:
        """Carry out commands as the kit would; a family that was raised holds for each of them."""
        writes = [Write(key=f"{verb}/{number}", command=command) for number, command in enumerate(commands)]
        try:
            return list(await self.connector.verbs()[verb].apply(writes))
        except Family as family:
            return [family for _ in commands]

    async def applied(self, verb: str, command: Any) -> Applied:
        """Carry out one command that must succeed."""
        [outcome] = await self.apply(verb, command)
        assert not isinstance(outcome, Family), f"{type(outcome).__name__}: {outcome}"
        return outcome

    async def refused(self, verb: str, command: Any) -> Family:
        """Carry out one command that must not succeed."""
        [outcome] = await self.apply(verb, command)
        assert isinstance(outcome, Family), outcome
        return outcome

    async def found(self, verb: str, command: Any) -> Applied | None:
        return await self.connector.verbs()[verb].find(Write(key=f"{verb}/0", command=command))

    async def poll(self, feed: str, watermark: str | None = None) -> Page:
        [one] = [each for each in self.connector.feeds() if each.name == feed]
        return await one.poll(watermark)

    async def project(self, **changes: Any) -> tuple["CreateProject", Applied]:
        """A new customer with a new project: its command and what was made."""
        entity = changes.get("legal_entity", "GB01")
        party = await self.applied("ensure_customer", ensure_customer(legal_entity=entity))
        command = create_project(party["record"], **changes)
        return command, await self.applied("create_project", command)

    async def posted(
        self, command: CreateProject, made: Applied, *minutes: int, **changes: Any
    ) -> list[PostTime]:
        """Post so many entries on the first task; gives their commands."""
        posts = [post_time(command, made, minutes=count, **changes) for count in minutes]
        for outcome in await self.apply("post_time", *posts):
            assert not isinstance(outcome, Family), outcome
        return posts

    async def billed(self, posts: Sequence[PostTime]) -> tuple[BilledTime, ...]:
        """Postings as an invoice orders them."""
        made = []
        for post in posts:
            found = await self.found("post_time", post)
            assert found is not None
            made.append(
                BilledTime(
                    entry=post.entry, revision=post.revision, record=found["record"], minutes=post.minutes
                )
            )
        return tuple(made)

    def company(self, entity: str = "GB01") -> int:
        return int(self.fairlead.rows("company.company", [["party.code", "=", entity]], [])[0]["id"])

    def row(self, model: str, record: str, *fields: str) -> dict[str, Any]:
        """A record by what the connector calls it."""
        rows = self.fairlead.rows(
            model, [["id", "=", int(record.partition(":")[2])]], list(fields), self.company()
        )
        return dict(rows[0])

    def lines(self, entry: str) -> list[dict[str, Any]]:
        """The time lines that carry an entry."""
        fields = ["description", "duration", "work.origin", "invoice_line", "date"]
        rows = self.fairlead.rows("timesheet.line", [["description", "like", f"{entry}#%"]], fields)
        return list(rows)

    def drafts(self, project: str) -> list[dict[str, Any]]:
        """Every invoice that Tryton has made of a project, by the project's name."""
        name = self.row("project.work", project, "name")["name"]
        return list(
            self.fairlead.rows("account.invoice", [["description", "=", name]], ["reference", "state"])
        )


@asynccontextmanager
async def desk(
    erp: Erp, fairlead: Session, people: Session, options: Options | None = None, *, login: str = "fairlead",
    password: str | None = None, url: str | None = None,
) -> AsyncIterator[Desk]:  # fmt: skip
    """A connector of its own on the shared server."""
    clock, wire = SystemClock(), Wire()
    url = f"{url or erp.url}/firm"
    async with httpx.AsyncClient() as tokens:
        secret = password or PASSWORDS[login]
        auth = SessionLogin(url=url, user=login, password=secret, http=tokens, clock=clock)
        http = httpx.AsyncClient(base_url=url, auth=auth, transport=wire, timeout=30)
        connector = Tryton(
            name=ConnectionName("tryton"), http=http, options=options or Options(), clock=clock
        )
        try:
            yield Desk(erp=erp, connector=connector, wire=wire, fairlead=fairlead, people=people)
        finally:
            await connector.close()


def today() -> date:
    """A day of the open month that is not in the future of any of the firm's time zones."""
    return datetime.now(UTC).date() - timedelta(days=1)


def gbp(amount: int) -> Money:
    return Money(amount=amount, currency="GBP")


def customer(number: str | None = None, **changes: Any) -> Customer:
    given: dict[str, Any] = {
        "id": CustomerId(number or f"C-T{next(NUMBERS):04d}"),
        "name": "Kestrel Foods plc",
        "legal_entity": "GB01",
        "street": "12 Market Street",
        "city": "Leeds",
        "postal_code": "LS1 4AP",
        "country": "GB",
        "tax_number": "GB123456789",
        "email": "ap@kestrelfoods.example",
    }
    return Customer(**{**given, **changes})


def ensure_customer(number: str | None = None, **changes: Any) -> EnsureCustomer:
    return EnsureCustomer(
        engagement=EngagementId("E-D-00001"), customer=customer(number, **changes), version=1
    )


def plan(**changes: Any) -> Plan:
    """An engagement billed by the hour, with a task that is billed and one that is not."""
    currency = {"GB01": "GBP", "JP01": "JPY"}[changes.get("legal_entity", "GB01")]
    given: dict[str, Any] = {
        "code": f"D-T{next(NUMBERS):04d}",
        "name": "Kestrel: data platform",
        "customer": "C-0001",
        "legal_entity": "GB01",
        "currency": currency,
        "contract_type": "time-and-materials",
        "service_package": "DATA-PLAT",
        "rate_card": "RC-GB01-STD",
        "tax_profile": "GB-VAT20",
        "contract_value": Money(amount=10_000_000, currency=currency),
        "start": date(2026, 9, 1),
        "end": date(2027, 2, 28),
        "manager": "EMP-0002",
        "team": ("EMP-0002", "EMP-0006"),
        "purchase_order": "PO-100200",
        "tasks": (Task(code="DESIGN", name="Design"), Task(code="INTERNAL", name="Internal", billable=False)),
        "milestones": (),
        "budget_minutes": 12_030,
        "billing_schedule": (BillingInstalment(due=date(2026, 12, 31)),),
    }
    return Plan(**{**given, **changes})


def fixed_fee(**changes: Any) -> dict[str, Any]:
    """What makes the plan one with a fixed fee in two milestones."""
    return {
        "contract_type": "fixed-fee",
        "milestones": (
            Milestone(code="AGREED", name="Architecture agreed", amount=gbp(4_000_000)),
            Milestone(code="LIVE", name="Platform live", amount=gbp(6_000_050)),
        ),
        **changes,
    }


def create_project(customer_record: str, **changes: Any) -> CreateProject:
    made = plan(**changes)
    return CreateProject(
        engagement=EngagementId(f"E-{made.code}"), plan=made, customer_record=customer_record
    )


def post_time(command: CreateProject, made: Applied, **changes: Any) -> PostTime:
    """An hour and a half of a senior on the project's first task, yesterday."""
    task = changes.pop("task", command.plan.tasks[0].code)
    given: dict[str, Any] = {
        "entry": f"kantata:{next(NUMBERS)}",
        "revision": 1,
        "engagement": command.engagement,
        "project_record": made["record"],
        "task": task,
        "task_record": made["tasks"][task],
        "worker": WORKERS[command.plan.legal_entity],
        "labour_category": "SENIOR",
        "legal_entity": command.plan.legal_entity,
        "work_date": today(),
        "posting_date": today(),
        "minutes": 90,
        "billable": True,
    }
    return PostTime(**{**given, **changes})


def reverse_time(post: PostTime, record: str, **changes: Any) -> ReverseTime:
    given: dict[str, Any] = {
        "entry": post.entry,
        "revision": post.revision,
        "engagement": post.engagement,
        "record": record,
        "minutes": post.minutes,
        "posting_date": post.posting_date,
    }
    return ReverseTime(**{**given, **changes})


def draft_invoice(
    command: CreateProject, made: Applied, time: Sequence[BilledTime] = (),
    milestones: Sequence[BilledMilestone] = (), **changes: Any,
) -> DraftInvoice:  # fmt: skip
    given: dict[str, Any] = {
        "invoice": f"INV-{next(NUMBERS)}",
        "engagement": command.engagement,
        "project_record": made["record"],
        "customer": command.plan.customer,
        "customer_record": command.customer_record,
        "legal_entity": command.plan.legal_entity,
        "currency": command.plan.currency,
        "period": f"{today():%Y-%m}",
        "invoice_date": today(),
        "time": tuple(time),
        "milestones": tuple(milestones),
        "purchase_order": "PO-100200",
    }
    return DraftInvoice(**{**given, **changes})


def post_invoice(draft: DraftInvoice, record: str, **changes: Any) -> PostInvoice:
    given: dict[str, Any] = {
        "invoice": draft.invoice,
        "engagement": draft.engagement,
        "record": record,
        "approved_by": "jane",
    }
    return PostInvoice(**{**given, **changes})
