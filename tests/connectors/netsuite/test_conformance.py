"""The suite that every connector passes, for NetSuite, over a login by certificate."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

import pytest

from services.adapterkit.connector import Write
from tests.connectors.kit.conformance import *  # noqa: F403
from tests.connectors.kit.conformance import Bench, LedgerSample
from tests.support import netsuite_account
from tests.support.netsuite_account import (
    Account,
    create_project,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
    reverse_time,
)

VERBS = (
    "ensure_customer",
    "create_project",
    "post_time",
    "reverse_time",
    "draft_invoice",
    "post_invoice",
)
FEEDS = ("periods", "rate-cards", "projects", "invoices")

DECISIVE = {
    "ensure_customer": {"method": "PUT", "path": "*/customer/*"},
    # A project is there once it is complete: its last request attaches the billing schedule.
    "create_project": {"method": "PATCH", "path": "*/job/*"},
    "post_time": {"method": "PUT", "path": "*/timeBill*"},
    "reverse_time": {"method": "DELETE", "path": "*/timeBill/*"},
    "draft_invoice": {"method": "PUT", "path": "*/invoice/*"},
    "post_invoice": {"method": "PATCH", "path": "*/invoice/*"},
}


@dataclass
class Desk:
    """Prepares writes and changes in one account, and counts what came of them."""

    account: Account
    made: dict[tuple[str, int], Write] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))
    base: tuple[str, str, str] | None = None

    async def project(self) -> tuple[str, str, str]:
        """Customer, project and task that samples are about."""
        if self.base is None:
            customer, project, tasks = await self.account.project()
            self.base = customer, project, tasks["DESIGN"]
        return self.base

    async def write(self, verb: str, n: int) -> Write:
        if (verb, n) not in self.made:
            self.made[verb, n] = Write(key=f"{verb}/{n}", command=await self._command(verb, n))
        return self.made[verb, n]

    async def _command(self, verb: str, n: int) -> Any:
        if verb == "ensure_customer":
            return ensure_customer(f"C-095{n}")
        customer, project, task = await self.project()
        if verb == "create_project":
            return create_project(customer, f"D-0009{n}", code=f"P-9{n}")
        time = post_time(project, task, n)
        if verb == "post_time":
            return time
        record = (await self.account.applied("post_time", time))["record"]
        if verb == "reverse_time":
            return reverse_time(record, n)
        draft = draft_invoice(customer, project, [(n, record)], [("AGREED", 500)], invoice=f"INV-{n}")
        if verb == "draft_invoice":
            return draft
        drafted = await self.account.applied("draft_invoice", draft)
        return post_invoice(drafted["record"], invoice=f"INV-{n}")

    async def count(self, verb: str, write: Write) -> int:
        command = write.command
        match verb:
            case "ensure_customer":
                return await self._held("customer", externalId=command.customer.id)
            case "create_project":
                jobs = await self.account.held("job")
                ours = [one for one in jobs if one["externalId"] == f"FL-{command.engagement}"]
                assert len(ours) <= 1, "a project was made twice"
                return sum(one.get("billingSchedule") is not None for one in ours)
            case "post_time":
                return await self._held("timeBill", memo=f"{command.entry}#1")
            case "reverse_time":
                return 1 - await self._held("timeBill", id=command.record)
            case "draft_invoice":
                return await self._held("invoice", memo=f"{command.invoice} 2026-11")
            case _:
                return await self._held("invoice", id=command.record, approvalStatus="2")

    async def _held(self, collection: str, **values: str) -> int:
        held = await self.account.held(collection)
        return sum(all(one.get(name) == value for name, value in values.items()) for one in held)

    async def change(self, feed: str, changes: int) -> None:
        for _ in range(changes):
            await self._change(feed, next(self.numbers))

    async def _change(self, feed: str, number: int) -> None:
        if feed == "periods":
            period = f"AP-US01-2027-{number:02d}"
            await self.account.change(f"accountingPeriod/eid:{period}", {"closed": True})
        elif feed == "rate-cards":
            price = {"serviceItem": {"externalId": "ITEM-SENIOR"}, "rate": 100 + number}
            card = {"externalId": f"RC-{number}", "name": f"RC-{number}", "pricing": {"items": [price]}}
            await self.account.change("billingRateCard", {**card, "currency": {"externalId": "USD"}}, "POST")
        elif feed == "projects":
            customer, _, _ = await self.project()
            command = create_project(customer, f"D-{number}", code=f"P-{number}")
            await self.account.applied("create_project", command)
        else:
            customer, project, _ = await self.project()
            command = draft_invoice(customer, project, [], [("AGREED", number)], invoice=f"INV-{number}")
            await self.account.applied("draft_invoice", command)

    async def ledger(self) -> LedgerSample:
        """Four postings, one of them on an invoice, and a second invoice."""
        for n in range(1, 4):
            await self.account.applied("post_time", (await self.write("post_time", n)).command)
        draft = (await self.write("draft_invoice", 4)).command
        await self.account.applied("draft_invoice", draft)
        await self.change("invoices", 1)
        records = {
            kind: {one["id"] for one in await self.account.held(collection)}
            for kind, collection in (("posted-time", "timeBill"), ("invoice", "invoice"))
        }
        assert {kind: len(held) for kind, held in records.items()} == {"posted-time": 4, "invoice": 2}
        return LedgerSample(start=date(2026, 11, 1), end=date(2026, 11, 30), records=records)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with netsuite_account.account(certificate=True) as account:
        desk = Desk(account)
        await desk.project()  # what every sample needs, before anything goes wrong
        yield Bench(
            connector=account.connector,
            url=account.url,
            write=desk.write,
            count=desk.count,
            decisive=DECISIVE,
            change=desk.change,
            ledger=desk.ledger,
        )
