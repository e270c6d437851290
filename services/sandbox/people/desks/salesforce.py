"""Signed in to Salesforce as one of its people."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

import httpx

from .wire import Refused, ask

__all__ = ["SalesforceDesk"]

DATA: Final = "/services/data/v67.0"
REPEATABLE = frozenset({"GET", "PATCH"})


class SalesforceDesk:
    """`client_id` is `northmark-sales` or `northmark-sales-operations`; the session is renewed where it ends."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, client_id: str = "northmark-sales") -> None:
        self._url, self._http, self._client_id = url.rstrip("/"), http, client_id
        self._token = ""

    async def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows of a query; numbers that are not whole come as `Decimal`."""
        page = await self._call("GET", f"{DATA}/query", params={"q": soql})
        rows = list(page["records"])
        while not page["done"]:
            page = await self._call("GET", page["nextRecordsUrl"])
            rows += page["records"]
        return rows

    async def change(self, sobject: str, key: str, value: str, fields: Mapping[str, Any]) -> None:
        """Write fields of the record whose external id field `key` holds `value`."""
        await self._call("PATCH", f"{DATA}/sobjects/{sobject}/{key}/{value}", body=fields)

    async def _call(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        if not self._token:
            await self._sign_in()
        try:
            return await self._send(method, path, params, body)
        except Refused as refused:
            if refused.status != 401:
                raise
        await self._sign_in()
        return await self._send(method, path, params, body)

    async def _send(self, method: str, path: str, params: Mapping[str, str] | None, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self._token}"}

        def build() -> httpx.Request:
            return self._http.build_request(
                method, self._url + path, params=params, json=body, headers=headers
            )

        reply = await ask(self._http, build, repeatable=method in REPEATABLE)
        return json.loads(reply.content, parse_float=Decimal) if reply.content else None

    async def _sign_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": f"{self._client_id}-secret",
        }

        def build() -> httpx.Request:
            return self._http.build_request("POST", f"{self._url}/services/oauth2/token", data=form)

        reply = await ask(self._http, build, repeatable=True)
        self._token = str(reply.json()["access_token"])
