"""The vendors' systems of the demo: which processes they are, and what sets them up."""

import asyncio
import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import httpx

from services.sandbox.firm import Firm
from services.sandbox.people.desks import SalesforceDesk

from ..deployment import Program
from .files import Erp, Ports

__all__ = ["FAULTS", "introduce", "open_deals", "programs", "set_faults", "tryton_password", "wait_for"]

#: What the vendors do to us when faults are on: answers lost after the work was done, throttling, a short outage.
FAULTS: dict[str, list[dict[str, Any]]] = {
    "salesforce": [
        {"name": "throttled", "match": {"path": "/services/data/*"}, "when": {"every": 23},
         "do": {"status": 503, "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]}},
        {"name": "lost answer", "match": {"method": "PATCH"}, "when": {"every": 11},
         "do": {"after_commit": "drop_response"}},
    ],
    "netsuite": [
        {"name": "throttled", "match": {"path": "/services/rest/*"}, "when": {"every": 29},
         "do": {"status": 429, "headers": {"retry-after": "1"}, "body": {
             "title": "Too Many Requests", "status": 429, "o:errorDetails": [
                 {"detail": "Concurrent request limit exceeded. Request blocked.",
                  "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED"}]}}},
        {"name": "lost answer", "match": {"method": "PUT"}, "when": {"every": 7},
         "do": {"after_commit": "drop_response"}},
        {"name": "never arrived", "match": {"method": "PUT"}, "when": {"every": 13},
         "do": {"before_commit": "drop_connection"}},
        {"name": "outage", "match": {"path": "/services/rest/record/*"}, "when": {"nth": [60]},
         "do": {"down_for_s": 3}},
    ],
    "kantata": [
        {"name": "lost answer", "match": {"method": "POST", "path": "/api/v1/*"}, "when": {"every": 17},
         "do": {"after_commit": "drop_response"}},
        {"name": "throttled", "match": {"path": "/api/v1/*"}, "when": {"every": 31}, "do": {"status": 429}},
    ],
}  # fmt: skip


def programs(data: Path, ports: Ports, erp: Erp, *, seed: int, today: date) -> tuple[Program, ...]:
    """The vendors' processes."""
    common = ("--seed", str(seed), "--today", today.isoformat())

    def stand_in(name: str, port: int) -> Program:
        command = (sys.executable, "-m", "services.sandbox", name, "--data", str(data / "vendors" / name))
        return Program(
            name=name, command=(*command, "--port", str(port), *common), log=data / "logs" / f"{name}.log"
        )

    crm, time_system = stand_in("salesforce", ports.salesforce), stand_in("kantata", ports.kantata)
    if erp == "netsuite":
        return (crm, time_system, stand_in("netsuite", ports.erp))
    command = (sys.executable, "-m", "services.sandbox.tryton", "--data", str(data / "vendors" / "tryton"))
    tryton = Program(
        name="tryton", command=(*command, "--port", str(ports.erp), *common), log=data / "logs" / "tryton.log"
    )
    return (crm, time_system, tryton)


async def wait_for(http: httpx.AsyncClient, ports: Ports, erp: Erp, *, patience: float = 120.0) -> None:
    """Until every vendor's system answers; raises `TimeoutError` that names the one that does not."""
    addresses = {"salesforce": ports.salesforce, "kantata": ports.kantata, erp: ports.erp}
    deadline = time.monotonic() + patience
    for name, port in addresses.items():
        path = "/" if name == "tryton" else "/_sandbox/health"
        while True:
            try:
                await http.get(f"http://127.0.0.1:{port}{path}")
                break
            except httpx.HTTPError:
                if time.monotonic() > deadline:
                    raise TimeoutError(
                        f"{name} did not answer within {patience:.0f} s; see its log"
                    ) from None
                await asyncio.sleep(0.1)


async def introduce(http: httpx.AsyncClient, data: Path, ports: Ports, erp: Erp) -> None:
    """Give NetSuite the public half of the key that the ERP adapter signs in with."""
    if erp == "netsuite":
        public = (data / "secrets" / "netsuite.pub").read_text()
        body = {"client_id": "fairlead", "kid": "fairlead-demo", "public_key_pem": public}
        reply = await http.post(
            f"http://127.0.0.1:{ports.erp}/_sandbox/control/register_certificate", json=body
        )
        reply.raise_for_status()


async def open_deals(http: httpx.AsyncClient, ports: Ports, firm: Firm) -> None:
    """The CRM is founded with its usual deals; sales opens those that are missing."""
    desk = SalesforceDesk(f"http://127.0.0.1:{ports.salesforce}", http=http)
    accounts = {
        row["Client_Number__c"]: row["Id"]
        for row in await desk.query("SELECT Id, Client_Number__c FROM Account")
    }
    there = {row["Deal_Number__c"] for row in await desk.query("SELECT Deal_Number__c FROM Opportunity")}
    missing = [deal for deal in firm.deals if deal.number not in there]
    for deal in missing:
        opening = {
            "Name": deal.name, "AccountId": accounts[deal.client], "StageName": "Negotiation/Review",
            "CloseDate": firm.today.isoformat(), "CurrencyIsoCode": deal.currency,
        }  # fmt: skip
        await desk.change("Opportunity", "Deal_Number__c", deal.number, opening)


async def set_faults(http: httpx.AsyncClient, ports: Ports, erp: Erp, *, on: bool) -> None:
    """Switch the vendors' misbehaviour on or off. A real Tryton needs no script: it misbehaves by itself or not."""
    addresses = {"salesforce": ports.salesforce, "kantata": ports.kantata}
    if erp == "netsuite":
        addresses["netsuite"] = ports.erp
    for name, port in addresses.items():
        address = f"http://127.0.0.1:{port}/_sandbox/faults"
        reply = await (http.put(address, json=FAULTS[name]) if on else http.delete(address))
        reply.raise_for_status()


def tryton_password(data: Path, user: str) -> str:
    """A password that the launcher of Tryton made; it exists once Tryton has answered."""
    found = json.loads((data / "vendors" / "tryton" / "credentials.json").read_text())
    return str(found[user])
