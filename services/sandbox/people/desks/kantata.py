"""Signed in to Kantata as a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from .wire import ask

__all__ = ["ADMINISTRATOR", "KantataDesk", "Listing", "Moved"]

#: The account administrator's bearer token; a consultant's is `people-` and the employee number.
ADMINISTRATOR: Final = "people-admin"
PAGE: Final = 200
TRIES: Final = 3
REPEATABLE = frozenset({"GET", "PUT"})


class Moved(Exception):
    """A list changed under the reader each time it was read."""


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All records of a list in order, and what was included, by collection and id."""

    rows: Sequence[Mapping[str, Any]]
    included: Mapping[str, Mapping[str, Mapping[str, Any]]]


class KantataDesk:
    """One bearer token."""

    def __init__(self, url: str, token: str = ADMINISTRATOR, *, http: httpx.AsyncClient) -> None:
        self._url, self._http = f"{url.rstrip('/')}/api/v1", http
        self._headers = {"Authorization": f"Bearer {token}"}

    async def all(self, key: str, **params: str) -> Listing:
        """Every record that the filters let through, all pages; raises `Moved`."""
        for _ in range(TRIES):
            total, listing = await self._read(key, params)
            if len({row["id"] for row in listing.rows}) == total == len(listing.rows):
                return listing
        raise Moved(f"{key} changed while it was read, {TRIES} times")

    async def one(self, key: str, number: str, **params: str) -> Mapping[str, Any]:
        """One record by its id; raises `Refused` with 404 where there is none."""
        found: Mapping[str, Any] = (await self._send("GET", f"{key}/{number}", params=params))[key][number]
        return found

    async def create(self, key: str, body: Mapping[str, Any]) -> list[str]:
        """Make what the body holds (one record, or several under `key`); gives the ids in order."""
        answer = await self._send("POST", key, body=body)
        return [str(result["id"]) for result in answer["results"]]

    async def change(self, key: str, number: str, body: Mapping[str, Any]) -> None:
        await self._send("PUT", f"{key}/{number}", body=body)

    async def delete(self, key: str, number: str) -> None:
        await self._send("DELETE", f"{key}/{number}")

    async def _read(self, key: str, params: Mapping[str, str]) -> tuple[int, Listing]:
        rows: list[Mapping[str, Any]] = []
        included: dict[str, dict[str, Mapping[str, Any]]] = {}
        page, pages, total = 1, 1, 0
        while page <= pages:
            asked = {"order": "created_at:asc", **params, "page": str(page), "per_page": str(PAGE)}
            answer = await self._send("GET", key, params=asked)
            rows += [answer[key][result["id"]] for result in answer["results"]]
            for name, records in answer.items():
                if isinstance(records, dict) and name not in ("meta", key):
                    included.setdefault(name, {}).update(records)
            page, pages, total = page + 1, answer["meta"]["page_count"], answer["count"]
        return total, Listing(rows=rows, included=included)

    async def _send(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None, body: Any = None
    ) -> Any:
        def build() -> httpx.Request:
            return self._http.build_request(
                method, f"{self._url}/{path}", params=params, json=body, headers=self._headers
            )

        reply = await ask(self._http, build, repeatable=method in REPEATABLE)
        return reply.json() if reply.content else None
