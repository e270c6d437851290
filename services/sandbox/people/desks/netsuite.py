"""Signed in to NetSuite as its people, with OAuth 1.0a."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

import httpx

from ...netsuite import ACCOUNT, TOKENS, TokenPair
from ...netsuite.oauth1 import signature
from ...wire import Clock
from .wire import ask

__all__ = ["NetSuiteDesk", "now"]

RECORDS: Final = "/services/rest/record/v1"
QUERY: Final = "/services/rest/query/v1/suiteql"
PAGE: Final = 1000
REPEATABLE = frozenset({"GET", "PATCH"})
PEOPLE = TOKENS[1]


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


def _nonce() -> str:
    return secrets.token_hex(12)


class NetSuiteDesk:
    """One token pair. `clock` has to agree with the account's to five minutes."""

    def __init__(
        self,
        url: str,
        *,
        http: httpx.AsyncClient,
        clock: Clock = now,
        nonce: Callable[[], str] = _nonce,
        pair: TokenPair = PEOPLE,
    ) -> None:
        self._url, self._http, self._clock, self._nonce, self._pair = (
            url.rstrip("/"),
            http,
            clock,
            nonce,
            pair,
        )

    async def read(self, path: str, **params: str) -> Any:
        """A record or a list below the record root; numbers that are not whole come as `Decimal`."""
        return (await self._send("GET", f"{RECORDS}/{path}", params=params))[0]

    async def write(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **params: str
    ) -> str:
        """Create, change, transform or delete; gives the internal id of the record written, or nothing."""
        _, location = await self._send(method, f"{RECORDS}/{path}", params=params, body=body)
        return location.rpartition("/")[2]

    async def rows(self, query: str) -> list[dict[str, str]]:
        """All rows of a SuiteQL query, column by lower-case name; an absent column is null."""
        found: list[dict[str, str]] = []
        while True:
            paging = {"limit": str(PAGE), "offset": str(len(found))}
            answer, _ = await self._send("POST", QUERY, params=paging, body={"q": query}, repeatable=True)
            found += answer["items"]
            if not answer["hasMore"]:
                return found

    async def _send(
        self, method: str, path: str, *, params: Mapping[str, str], body: Any = None, repeatable: bool = False
    ) -> tuple[Any, str]:
        """The decoded answer and its Location."""

        def build() -> httpx.Request:
            headers = {"Authorization": self._signed(method, path, params), "Prefer": "transient"}
            return self._http.build_request(
                method, self._url + path, params=params or None, json=body, headers=headers
            )

        reply = await ask(self._http, build, repeatable=repeatable or method in REPEATABLE)
        answer = json.loads(reply.content, parse_float=Decimal) if reply.content else None
        return answer, reply.headers.get("location", "")

    def _signed(self, method: str, path: str, params: Mapping[str, str]) -> str:
        said = {
            "oauth_consumer_key": self._pair.consumer_key,
            "oauth_token": self._pair.token,
            "oauth_nonce": self._nonce(),
            "oauth_timestamp": str(int(self._clock().timestamp())),
            "oauth_signature_method": "HMAC-SHA256",
            "oauth_version": "1.0",
        }
        pairs = [*said.items(), *params.items()]
        made = signature(method, self._url + path, pairs, self._pair.consumer_secret, self._pair.token_secret)
        parts = {"realm": ACCOUNT, **said, "oauth_signature": made}
        return "OAuth " + ", ".join(f'{name}="{quote(value, safe="")}"' for name, value in parts.items())
