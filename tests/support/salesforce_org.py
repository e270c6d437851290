"""A Salesforce org over real HTTP, the connector beside it, sales people who use it, and commands about it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.types import ConnectionName, Money, OpportunityId, RecordId
from services.adapterkit.auth import ClientCredentials
from services.adapterkit.connector import Applied, Page, Write
from services.adapterkit.families import Family
from services.adapterkit.wire import vendor_client
from services.crm_adapter.connectors.salesforce import Options, Salesforce
from services.sandbox.firm import Firm, found
from services.sandbox.ledger import Ledger
from services.sandbox.salesforce import Salesforce as StandIn
from services.sandbox.server import Server, serving

NAME = ConnectionName("salesforce")
DATA = "/services/data/v67.0"
VERB = "annotate_opportunity"


class Watch:
    """The real time, for the connector and for the org."""

    def __call__(self) -> datetime:
        return self.now()

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(kw_only=True)
class SalesforceOrg:
    """One org: `connector` is the integration, `people` is sales."""

    firm: Firm
    url: str
    connector: Salesforce
    people: httpx.AsyncClient

    async def apply(self, *commands: AnnotateOpportunity) -> list[Applied | Family]:
        return list(await self.connector.verbs()[VERB].apply([write(command) for command in commands]))

    async def find(self, command: AnnotateOpportunity) -> Applied | None:
        return await self.connector.verbs()[VERB].find(write(command))

    async def poll(self, feed: str, watermark: str | None = None) -> Page:
        return await next(one for one in self.connector.feeds() if one.name == feed).poll(watermark)

    async def all(self, feed: str, watermark: str | None = None) -> list[Page]:
        """Pages until there are no more."""
        pages = [await self.poll(feed, watermark)]
        while pages[-1].more:
            pages.append(await self.poll(feed, pages[-1].watermark))
        return pages

    async def record(self, sobject: str, number: str) -> dict[str, Any]:
        """A record by its client or deal number."""
        field = {"Account": "Client_Number__c", "Opportunity": "Deal_Number__c"}[sobject]
        reply = await self.people.get(f"{DATA}/sobjects/{sobject}/{field}/{number}")
        held: dict[str, Any] = reply.raise_for_status().json()
        return held

    async def opportunity(self, deal: str) -> RecordId:
        return RecordId((await self.record("Opportunity", deal))["Id"])

    async def change(self, sobject: str, record: str, **fields: Any) -> None:
        """Sales writes some fields of a record."""
        (await self.people.patch(f"{DATA}/sobjects/{sobject}/{record}", json=fields)).raise_for_status()

    async def create(self, sobject: str, **fields: Any) -> str:
        reply = await self.people.post(f"{DATA}/sobjects/{sobject}", json=fields)
        return str(reply.raise_for_status().json()["id"])

    async def total(self, selected: str) -> int:
        """How many records there are of an object, or of what follows it in SOQL."""
        reply = await self.people.get(f"{DATA}/query", params={"q": f"SELECT COUNT() FROM {selected}"})
        return int(reply.raise_for_status().json()["totalSize"])

    async def win(self, deal: str) -> RecordId:
        """Sales closes a deal."""
        record = await self.opportunity(deal)
        await self.change("Opportunity", record, StageName="Closed Won")
        return record

    async def faults(self, *rules: dict[str, Any]) -> None:
        (await self.people.put("/_sandbox/faults", json=list(rules))).raise_for_status()

    async def control(self, verb: str, **body: Any) -> None:
        (await self.people.post(f"/_sandbox/control/{verb}", json=body)).raise_for_status()

    async def calls(self, method: str, ending: str) -> int:
        """How often a path with this ending was called."""
        told = (await self.people.get("/_sandbox/calls")).json()["calls"]
        return sum(
            one["count"]
            for one in told
            if one["method"] == method and one["path"].rstrip("/").endswith(ending)
        )


@asynccontextmanager
async def salesforce_org(
    *, clients: int = 6, deals: int = 4, secret: str = "fairlead-integration-secret", **options: Any
) -> AsyncIterator[SalesforceOrg]:
    """A fresh org, its connector with these options, and sales signed in."""
    watch = Watch()
    firm = found(seed=7, today=watch.now().date(), consultants=12, clients=clients, deals=deals)
    stand_in = StandIn(ledger=Ledger(), clock=watch, seed=7)
    stand_in.settle(firm)
    async with serving(Server(stand_in, clock=watch)) as url, vendor_client(charge=_free) as tokens:
        http = _client(url, "fairlead-integration", secret, tokens, watch)
        people = _client(url, "northmark-sales", "northmark-sales-secret", tokens, watch)
        connector = Salesforce(name=NAME, http=http, options=Options(**options), clock=watch)
        try:
            yield SalesforceOrg(firm=firm, url=url, connector=connector, people=people)
        finally:
            await connector.close()
            await people.aclose()


def _client(
    url: str, client_id: str, secret: str, tokens: httpx.AsyncClient, watch: Watch
) -> httpx.AsyncClient:
    auth = ClientCredentials(
        token_url=f"{url}/services/oauth2/token",
        client_id=client_id,
        client_secret=secret,
        http=tokens,
        clock=watch,
    )
    return vendor_client(url, charge=_free, auth=auth, read_timeout=5)


async def _free() -> None:
    """Calls cost nothing here."""


def annotate(record: str, revision: int = 1, **said: Any) -> AnnotateOpportunity:
    """An annotation; a project is active unless something is said."""
    return AnnotateOpportunity(
        opportunity=OpportunityId("D-00001"), topic="delivery", revision=revision, record=RecordId(record),
        **(said or {"engagement_status": "Active", "project_code": "P-D-00001"}),
    )  # fmt: skip


def write(command: AnnotateOpportunity) -> Write:
    return Write(key=f"crm/{command.record}/{command.topic}/{command.revision}", command=command)


def money(amount: int, currency: str = "USD") -> Money:
    return Money(amount=amount, currency=currency)
