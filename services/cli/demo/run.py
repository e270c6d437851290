"""Boots a demo firm, lives through its story, and reports what the vendors' ledgers say at the end."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from statistics import quantiles

import httpx
import msgspec

from services.sandbox.auditor import Account, ErpReader, NetSuiteBooks, TrytonBooks, audit
from services.sandbox.faults import SPARED
from services.sandbox.firm import Deal, Firm, found
from services.sandbox.people import (
    KINDS,
    TRYTON_KINDS,
    Approvers,
    Consultants,
    DeliveryManagers,
    Finance,
    FinanceTryton,
    People,
    Sales,
    plan,
)  # fmt: skip

from ..deployment import Deployment
from ..operator import Operator
from ..running import Running, running, wait_until_ready
from .files import Erp, Ports, free_ports, write_firm
from .stand_ins import introduce, open_deals, programs, set_faults, tryton_password, wait_for
from .story import Story, Told

__all__ = ["Latency", "Report", "Wishes", "demonstrate"]


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What was asked for."""

    data: Path
    erp: Erp
    seed: int
    deals: int
    faults: bool
    today: date


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds, from a person's click to its end in every system; feeds are polled every second."""

    p50: float | None
    p99: float | None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendors' own ledgers hold at the end, read from them and from nothing of ours."""

    deals_won: int
    projects_active: int
    entries_approved: int
    entries_posted: int
    exceptions_raised: int
    exceptions_open: int
    invoices_posted: int
    invoices_paid: int
    minutes_unexplained: int
    money_unexplained: int
    duplicates: int
    activation_ms: Latency
    entry_to_erp_ms: Latency
    seconds: float
    findings: tuple[str, ...]

    @property
    def balances(self) -> bool:
        """Every approved minute and every invoiced cent is accounted for, nothing is doubled, nothing held up."""
        return not (self.findings or self.exceptions_open)


async def demonstrate(
    wishes: Wishes,
    say: Callable[[str], None],
    *,
    meanwhile: Callable[[Running], Coroutine[None, None, None]] | None = None,
) -> Report:
    """Run the demo; raises what `running` raises, `TimeoutError`, and `Waited` where the story does not end.

    `meanwhile` runs beside the story and is cancelled at its end.
    """
    began = time.monotonic()
    firm = found(seed=wishes.seed, today=wishes.today, deals=wishes.deals)
    ports = free_ports()
    if wishes.erp == "tryton":
        _tryton_secret_comes_later(wishes.data)
    write_firm(wishes.data, firm, ports, wishes.erp)
    deployment = Deployment.load(wishes.data, None)
    vendors = programs(wishes.data, ports, wishes.erp, seed=wishes.seed, today=wishes.today)
    async with (
        httpx.AsyncClient(timeout=60, trust_env=False, headers={SPARED: "people"}) as http,
        running(
            deployment, beside=vendors, prepare=lambda: _prepare(http, firm, wishes, ports, say)
        ) as deployed,
    ):
        await wait_until_ready(deployment)
        say(
            f"The bus and all services run ({time.monotonic() - began:.1f} s); logs are in {wishes.data}/logs"
        )
        await set_faults(http, ports, wishes.erp, on=wishes.faults)
        async with Operator.connect(deployment.bus_url, deployment.key_file("operator")) as operator:
            beside = asyncio.create_task(meanwhile(deployed)) if meanwhile else None
            account, told = await _story(firm, http, wishes, ports, operator, say).run()
            if beside is not None:
                beside.cancel()
        await set_faults(http, ports, wishes.erp, on=False)
    return _report(account, told, time.monotonic() - began)


def _tryton_secret_comes_later(data: Path) -> None:
    """The launcher makes the password on its first start; until then the file that names it is empty."""
    secret = data / "secrets" / "tryton.password"
    secret.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret.touch(mode=0o600)


async def _prepare(
    http: httpx.AsyncClient, firm: Firm, wishes: Wishes, ports: Ports, say: Callable[[str], None]
) -> None:
    """Once the vendors' systems run, before our services do."""
    erp = "NetSuite" if wishes.erp == "netsuite" else "a real Tryton"
    say(f"Starting Salesforce, {erp} and Kantata on this machine")
    await wait_for(http, ports, wishes.erp)
    await introduce(http, wishes.data, ports, wishes.erp)
    await open_deals(http, ports, firm)
    if wishes.erp == "tryton":
        (wishes.data / "secrets" / "tryton.password").write_text(tryton_password(wishes.data, "fairlead"))


def _story(
    firm: Firm,
    http: httpx.AsyncClient,
    wishes: Wishes,
    ports: Ports,
    operator: Operator,
    say: Callable[[str], None],
) -> Story:
    random = Random(wishes.seed)
    crm, time_system = f"http://127.0.0.1:{ports.salesforce}", f"http://127.0.0.1:{ports.kantata}"
    finance, books = _finance(firm, http, wishes, ports)

    async def account(held: set[str]) -> Account:
        return await audit(salesforce_url=crm, kantata_url=time_system, erp=books, http=http, held=held)

    people = People(
        sales=Sales(crm, firm, http=http), delivery=DeliveryManagers(time_system, http=http), finance=finance
    )
    kinds = KINDS if wishes.erp == "netsuite" else TRYTON_KINDS
    deals: Sequence[Deal] = firm.deals
    return Story(
        firm=firm, deals=deals, people=people, consultants=Consultants(time_system, random, http=http),
        approvers=Approvers(time_system, http=http), operator=operator, audit=account, say=say,
        mishaps=plan(firm, random, deals=deals, kinds=kinds) if wishes.faults else (),
    )  # fmt: skip


def _finance(
    firm: Firm, http: httpx.AsyncClient, wishes: Wishes, ports: Ports
) -> tuple[Finance | FinanceTryton, ErpReader]:
    address = f"http://127.0.0.1:{ports.erp}"
    if wishes.erp == "netsuite":
        return Finance(address, firm, http=http), NetSuiteBooks(address, http=http)
    password = tryton_password(wishes.data, "receivables")
    return FinanceTryton(address, password, firm, http=http), TrytonBooks(address, password, http=http)


def _report(account: Account, told: Told, seconds: float) -> Report:
    return Report(
        deals_won=account.deals_won, projects_active=account.projects_active,
        entries_approved=account.entries_approved, entries_posted=account.entries_posted,
        exceptions_raised=told.raised, exceptions_open=told.exceptions_open,
        invoices_posted=account.invoices_posted, invoices_paid=account.invoices_paid,
        minutes_unexplained=account.minutes_unexplained, money_unexplained=account.cents_unexplained,
        duplicates=account.duplicates, activation_ms=_latency(told.activation_ms),
        entry_to_erp_ms=_latency(told.entry_to_erp_ms), seconds=round(seconds, 1),
        findings=tuple(account.report()),
    )  # fmt: skip


def _latency(milliseconds: Sequence[float]) -> Latency:
    if len(milliseconds) < 2:
        only = round(milliseconds[0], 1) if milliseconds else None
        return Latency(only, only)
    cuts = quantiles(milliseconds, n=100, method="inclusive")
    return Latency(round(cuts[49], 1), round(cuts[98], 1))
