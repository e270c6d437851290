"""The account behind the real HTTP server, called by an HTTP client that knows nothing of it."""

import asyncio
from typing import Any

import httpx

from services.sandbox.netsuite import TOKENS
from services.sandbox.server import Server, serving

PATH = "/services/rest/record/v1/currency"


def call(account: Any, client: httpx.AsyncClient, url: str, method: str = "GET", body: Any = None) -> Any:
    headers = {"Authorization": account.signed(method, url, TOKENS[0])}
    return client.request(method, url, headers=headers, json=body)


async def test_a_record_is_made_and_read_over_http(account: Any) -> None:
    async with serving(Server(account.netsuite, clock=account.clock)) as base, httpx.AsyncClient() as client:
        url = f"{base}/services/rest/record/v1/customer/eid:C-0100"
        body = {"companyName": "Zürich & Söhne", "subsidiary": account.eid("US01")}
        made = await call(account, client, url, "PUT", body)
        assert (made.status_code, made.content) == (204, b"")
        assert made.headers["location"].startswith(f"{base}/services/rest/record/v1/customer/")
        read = await call(account, client, made.headers["location"])
        assert read.json()["companyName"] == "Zürich & Söhne"
        assert read.headers["content-type"].startswith("application/vnd.oracle.resource+json; type=singular")


async def test_more_requests_at_once_than_the_account_allows_are_blocked(account: Any) -> None:
    account.netsuite.control("configure", {"concurrency": 5})
    server = Server(account.netsuite, clock=account.clock, latency_ms=150)
    limits = httpx.Limits(max_connections=20)
    async with serving(server) as base, httpx.AsyncClient(limits=limits) as client:
        answers = await asyncio.gather(*(call(account, client, base + PATH) for _ in range(12)))
        blocked = [answer for answer in answers if answer.status_code == 429]
        assert 0 < len(blocked) < 12
        assert blocked[0].json() == {
            "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
            "title": "Bad Request",
            "status": 429,
            "o:errorCode": "USER_ERROR",
            "o:errorDetails": [
                {
                    "detail": "Concurrent request limit exceeded. Request blocked.",
                    "o:errorCode": "CONCURRENCY_LIMIT_EXCEEDED",
                }
            ],
        }
        assert (await call(account, client, base + PATH)).status_code == 200


def test_fifteen_requests_at_once_are_allowed_and_sixteen_are_not(account: Any) -> None:
    assert account.send("GET", "currency", in_flight=15).status == 200
    assert account.send("GET", "currency", in_flight=16).status == 429
