"""A NetSuite account over real HTTP, the connector beside it, people who use it, and commands about it."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from contracts.customers.v1 import Customer, EnsureCustomer
from contracts.invoices.v1 import BilledMilestone, BilledTime, DraftInvoice, PostInvoice
from contracts.postings.v1 import PostTime, ReverseTime
from contracts.projects.v1 import BillingInstalment, CreateProject, Milestone, Plan, Task
from contracts.types import ConnectionName, CustomerId, EngagementId, Money
from services.adapterkit.auth import ClientAssertion, OAuth1
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Family
from services.erp_adapter.connectors.netsuite import NetSuite, Options
from services.sandbox.firm import Firm, found
from services.sandbox.ledger import Ledger
from services.sandbox.netsuite import ACCOUNT, TOKENS, TokenPair
from services.sandbox.netsuite import NetSuite as StandIn
from services.sandbox.server import Server, serving

TODAY = date(2026, 11, 20)
RECORDS = "/services/rest/record/v1"
INTEGRATION, PEOPLE = TOKENS
ENGAGEMENT = EngagementId("D-00042")


class Watch:
    """Starts on the firm's day and runs at the speed of a real clock; it can be moved on."""

    def __init__(self) -> None:
        self._began, self.moved = time.monotonic(), 0.0

    def __call__(self) -> datetime:
        return self.now()

    def now(self) -> datetime:
        began = datetime(2026, 11, 20, 10, tzinfo=UTC)
        return began + timedelta(seconds=self.monotonic() - self._began + self.moved)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(kw_only=True)
class Account:
    """One account: `connector` writes to it as the integration, `people` as somebody in finance."""

    firm: Firm
    url: str
    watch: Watch
    connector: NetSuite
    people: httpx.AsyncClient

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
        assert not isinstance(outcome, Family), outcome
        return outcome

    async def found(self, verb: str, command: Any) -> Applied | None:
        return await self.connector.verbs()[verb].find(Write(key=f"{verb}/0", command=command))

    async def poll(self, feed: str, watermark: str | None = None) -> Any:
        [one] = [feed_ for feed_ in self.connector.feeds() if feed_.name == feed]
        return await one.poll(watermark)

    async def held(self, collection: str) -> list[dict[str, Any]]:
        """The stand-in's own documents."""
        reply = await self.people.get(f"/_sandbox/ledger/{collection}")
        documents: list[dict[str, Any]] = reply.json()
        return documents

    async def change(self, path: str, body: dict[str, Any], method: str = "PATCH") -> httpx.Response:
        """Somebody in finance writes a record."""
        reply = await self.people.request(method, f"{RECORDS}/{path}", json=body)
        assert reply.is_success, reply.text
        return reply

    async def faults(self, *rules: dict[str, Any]) -> None:
        assert (await self.people.put("/_sandbox/faults", json=list(rules))).is_success

    async def calls(self, method: str, ending: str) -> int:
        """How often a path with this ending was called."""
        told = (await self.people.get("/_sandbox/calls")).json()["calls"]
        return sum(
            one["count"]
            for one in told
            if one["method"] == method and one["path"].rstrip("/").endswith(ending)
        )

    async def configure(self, **settings: float) -> None:
        reply = await self.people.post("/_sandbox/control/configure", json=settings)
        assert reply.is_success, reply.text

    async def project(self, **changes: Any) -> tuple[str, str, dict[str, str]]:
        """A customer with a project: the records of both, and of the tasks."""
        customer = await self.applied("ensure_customer", ensure_customer())
        made = await self.applied("create_project", create_project(customer["record"], **changes))
        return customer["record"], made["record"], dict(made["tasks"])

    def worker(self, entity: str = "US01") -> str:
        return next(person.number for person in self.firm.consultants if person.entity == entity)


@asynccontextmanager
async def account(
    options: Options | None = None, *, certificate: bool = False, **settings: Any
) -> AsyncIterator[Account]:
    """A fresh account whose jobs take an instant, and a connector that waits accordingly.

    The connector signs each call, or with `certificate` proves itself by one and calls with a token.
    """
    watch = Watch()
    firm = found(seed=7, today=TODAY, consultants=12, clients=6, deals=2)
    stand_in = StandIn(ledger=Ledger(), clock=watch, seed=7, **{"async_seconds": 0.02, **settings})
    stand_in.settle(firm)
    async with serving(Server(stand_in, clock=watch)) as url:
        people, tokens = _client(url, PEOPLE, watch), httpx.AsyncClient(timeout=5)
        http = _client(url, INTEGRATION, watch)
        if certificate:
            http.auth = await _certified(url, tokens, watch)
        quick = options or Options(job_poll_seconds=0.03, job_wait_seconds=5)
        connector = NetSuite(name=ConnectionName("netsuite"), http=http, options=quick, clock=watch)
        try:
            yield Account(firm=firm, url=url, watch=watch, connector=connector, people=people)
        finally:
            await connector.close()
            await people.aclose()
            await tokens.aclose()


async def _certified(url: str, tokens: httpx.AsyncClient, watch: Watch) -> ClientAssertion:
    """The login of the integration by a certificate that NetSuite was just given."""
    key = generate_private_key(SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    given = {"client_id": "fairlead", "kid": "cert-1", "public_key_pem": public.decode()}
    (await tokens.post(f"{url}/_sandbox/control/register_certificate", json=given)).raise_for_status()
    return ClientAssertion(
        token_url=f"{url}/services/rest/auth/oauth2/v1/token",
        client_id="fairlead",
        certificate="cert-1",
        private_key=private.decode(),
        scopes=["rest_webservices"],
        algorithm="ES256",
        http=tokens,
        clock=watch,
    )


def _client(url: str, pair: TokenPair, watch: Watch) -> httpx.AsyncClient:
    nonces = count(1)
    auth = OAuth1(
        consumer_key=pair.consumer_key,
        consumer_secret=pair.consumer_secret,
        token=pair.token,
        token_secret=pair.token_secret,
        realm=ACCOUNT,
        clock=watch,
        nonce=lambda: f"nonce-{next(nonces)}",
    )
    return httpx.AsyncClient(base_url=url, auth=auth, timeout=5)


def customer(number: str = "C-0900", **changes: Any) -> Customer:
    given: dict[str, Any] = {
        "id": CustomerId(number),
        "name": "Kestrel Foods Inc.",
        "legal_entity": "US01",
        "currency": "USD",
        "street": "12 Market Street",
        "city": "Boston",
        "postal_code": "02108",
        "country": "US",
        "tax_number": "US123456789",
        "email": "ap@kestrelfoods.example",
    }
    return Customer(**{**given, **changes})


def ensure_customer(number: str = "C-0900", version: int = 1, **changes: Any) -> EnsureCustomer:
    return EnsureCustomer(engagement=ENGAGEMENT, customer=customer(number, **changes), version=version)


def usd(amount: int) -> Money:
    return Money(amount=amount, currency="USD")


def plan(**changes: Any) -> Plan:
    """A fixed fee of 10,000 dollars with two tasks and two milestones."""
    given: dict[str, Any] = {
        "code": "P-00042",
        "name": "Kestrel: data platform",
        "customer": "C-0900",
        "legal_entity": "US01",
        "currency": "USD",
        "contract_type": "fixed-fee",
        "service_package": "DATA-PLAT",
        "rate_card": "RC-US01-STD",
        "tax_profile": "US-SALES",
        "contract_value": usd(1_000_000),
        "start": date(2026, 11, 1),
        "end": date(2027, 2, 28),
        "manager": "EMP-0001",
        "team": ("EMP-0001",),
        "purchase_order": "PO-100200",
        "tasks": (Task(code="DESIGN", name="Design"), Task(code="ADMIN", name="Internal", billable=False)),
        "milestones": (
            Milestone(code="AGREED", name="Architecture agreed", amount=usd(400_000)),
            Milestone(code="LIVE", name="Platform live", amount=usd(600_000)),
        ),
        "budget_minutes": 12_030,
        "billing_schedule": (
            BillingInstalment(due=date(2026, 12, 31), milestone="AGREED", amount=usd(400_000)),
            BillingInstalment(due=date(2027, 2, 28), milestone="LIVE", amount=usd(600_000)),
        ),
    }
    return Plan(**{**given, **changes})


def create_project(customer_record: str, engagement: str = ENGAGEMENT, **changes: Any) -> CreateProject:
    return CreateProject(
        engagement=EngagementId(engagement), plan=plan(**changes), customer_record=customer_record
    )


def post_time(project: str, task: str, number: int = 85, **changes: Any) -> PostTime:
    """An hour and a half of a senior, worked two days ago."""
    given: dict[str, Any] = {
        "entry": f"kantata:{number}",
        "revision": 1,
        "engagement": ENGAGEMENT,
        "project_record": project,
        "task": "DESIGN",
        "task_record": task,
        "worker": "EMP-0001",
        "labour_category": "SENIOR",
        "legal_entity": "US01",
        "work_date": date(2026, 11, 18),
        "posting_date": date(2026, 11, 18),
        "minutes": 90,
        "billable": True,
    }
    return PostTime(**{**given, **changes})


def reverse_time(record: str, number: int = 85, **changes: Any) -> ReverseTime:
    given: dict[str, Any] = {
        "entry": f"kantata:{number}",
        "revision": 1,
        "engagement": ENGAGEMENT,
        "record": record,
        "minutes": 90,
        "posting_date": date(2026, 11, 20),
    }
    return ReverseTime(**{**given, **changes})


def draft_invoice(
    customer_record: str,
    project: str,
    entries: Sequence[tuple[int, str]] = (),
    milestones: Sequence[tuple[str, int]] = (),
    **changes: Any,
) -> DraftInvoice:
    """An invoice over time entries (number and record) and milestones (code and cents)."""
    given: dict[str, Any] = {
        "invoice": "INV-7",
        "engagement": ENGAGEMENT,
        "project_record": project,
        "customer": "C-0900",
        "customer_record": customer_record,
        "legal_entity": "US01",
        "currency": "USD",
        "period": "2026-11",
        "invoice_date": date(2026, 11, 20),
        "time": tuple(
            BilledTime(entry=f"kantata:{number}", revision=1, record=record, minutes=90)
            for number, record in entries
        ),
        "milestones": tuple(
            BilledMilestone(milestone=code, description=code.title(), amount=usd(amount))
            for code, amount in milestones
        ),
        "purchase_order": "PO-100200",
    }
    return DraftInvoice(**{**given, **changes})


def post_invoice(record: str, **changes: Any) -> PostInvoice:
    given: dict[str, Any] = {
        "invoice": "INV-7",
        "engagement": ENGAGEMENT,
        "record": record,
        "approved_by": "ann@northmark.example",
    }
    return PostInvoice(**{**given, **changes})
