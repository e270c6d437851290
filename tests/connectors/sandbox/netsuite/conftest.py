"""One settled NetSuite account in process, called through the signer of oauthlib."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

from services.sandbox.firm import Firm, found
from services.sandbox.ledger import Ledger
from services.sandbox.netsuite import ACCOUNT, TOKENS, NetSuite, TokenPair
from services.sandbox.wire import Headers, Request, Response

BASE = "http://127.0.0.1:8082"
RECORDS = "/services/rest/record/v1"
INTEGRATION, PEOPLE = TOKENS
NOW = datetime(2026, 11, 20, 10, 11, 12, tzinfo=UTC)


@dataclass
class SettableClock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Account:
    """A NetSuite stand-in with shorthand for its callers. Paths are below the record root unless absolute."""

    firm: Firm
    clock: SettableClock = field(default_factory=SettableClock)
    path: Path | None = None
    seed: int = 7
    nonces: Any = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.open()

    def open(self) -> None:
        """Start the stand-in on its ledger, as after a restart."""
        self.netsuite = NetSuite(ledger=Ledger(self.path), clock=self.clock, seed=self.seed)
        self.netsuite.settle(self.firm)

    @staticmethod
    def eid(external: str) -> dict[str, str]:
        """A reference by external id."""
        return {"externalId": external}

    @staticmethod
    def detail(response: Response) -> dict[str, Any]:
        """The first error detail of a refusal."""
        return dict(json.loads(response.body)["o:errorDetails"][0])

    def signed(self, method: str, url: str, pair: TokenPair, **more: Any) -> str:
        """The Authorization header that oauthlib makes for a request without a form body."""
        client = Client(
            pair.consumer_key,
            client_secret=pair.consumer_secret,
            resource_owner_key=pair.token,
            resource_owner_secret=pair.token_secret,
            signature_method=SIGNATURE_HMAC_SHA256,
            **{
                "realm": ACCOUNT,
                "nonce": f"nonce-{next(self.nonces)}",
                "timestamp": str(int(self.clock.now.timestamp())),
                **more,
            },
        )
        return str(client.sign(url, method)[1]["Authorization"])

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        *,
        pair: TokenPair = INTEGRATION,
        authorization: str | None = None,
        in_flight: int = 1,
    ) -> Response:
        """One request through `answer`."""
        url = BASE + (path if path.startswith("/services") else f"{RECORDS}/{path}")
        parts = urlsplit(url)
        content = b"" if body is None else json.dumps(body).encode()
        said = self.signed(method, url, pair) if authorization is None else authorization
        sent = {"Authorization": said, "Content-Type": "application/json", **(headers or {})}
        return self.netsuite.answer(
            Request(
                method=method,
                path=unquote(parts.path),
                query=parts.query,
                headers=Headers(sent),
                body=content,
                base_url=BASE,
                in_flight=in_flight,
            )
        )

    def make(self, record: str, body: Mapping[str, Any], *, pair: TokenPair = INTEGRATION) -> str:
        """Create a record and give its internal id."""
        response = self.send("POST", record, body, pair=pair)
        assert response.status == 204, response.body
        return response.headers["location"].rpartition("/")[2]

    def read(self, path: str) -> Any:
        response = self.send("GET", path)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def query(self, q: str, params: list[Any] | None = None, **paging: int) -> Any:
        """Run SuiteQL and give the body of the answer."""
        response = self.query_response(q, params, **paging)
        assert response.status == 200, response.body
        return json.loads(response.body)

    def query_response(self, q: str, params: list[Any] | None = None, **paging: int) -> Response:
        path = "/services/rest/query/v1/suiteql"
        if paging:
            path += "?" + "&".join(f"{name}={value}" for name, value in paging.items())
        return self.send("POST", path, {"q": q, "params": params or []}, {"Prefer": "transient"})

    def batch(self, method: str, record: str, items: list[dict[str, Any]], key: str = "") -> Response:
        """Submit an asynchronous batch."""
        headers = {
            "Content-Type": "application/vnd.oracle.resource+json; type=collection",
            "Prefer": "respond-async",
        }
        if key:
            headers["X-NetSuite-Idempotency-Key"] = key
        return self.send(method, record, {"items": items}, headers)

    def customer(self, external: str = "C-0100", entity: str = "US01", **more: Any) -> str:
        body = {"externalId": external, "companyName": f"Acme {external}", "subsidiary": self.eid(entity)}
        return self.make("customer", {**body, **more})

    def project(self, external: str = "E-1", entity: str = "US01", **more: Any) -> str:
        """A project of a new customer, priced by the entity's standard rate card."""
        body = {
            "externalId": external,
            "companyName": f"Project {external}",
            "subsidiary": self.eid(entity),
            "projectExpenseType": {"id": "-2"},
            "billingRateCard": self.eid(f"RC-{entity}-STD"),
        }
        if "parent" not in more:
            more["parent"] = {"id": self.customer(f"C-{external}", entity)}
        return self.make("job", {**body, **more})

    def employee(self, entity: str = "US01") -> str:
        """The number of the entity's first consultant."""
        return next(person.number for person in self.firm.consultants if person.entity == entity)

    def time(self, project: str, external: str = "T-1", entity: str = "US01", **more: Any) -> dict[str, Any]:
        """The body of an approved time entry of an hour and a half."""
        return {
            "externalId": external,
            "employee": self.eid(self.employee(entity)),
            "customer": {"id": project},
            "item": self.eid("ITEM-SENIOR"),
            "tranDate": "2026-11-18",
            "hours": "1:30",
            "approvalStatus": {"id": "3"},
            **more,
        }


@pytest.fixture
def account() -> Account:
    return Account(firm=found(seed=7, today=date(2026, 11, 20), consultants=12, clients=6, deals=2))
