"""Signed in to Tryton over JSON-RPC."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx

from .wire import Refused, ask

__all__ = ["TrytonDesk", "encoded"]

#: The database of the sandbox, which is part of the address.
DATABASE: Final = "firm"
PAGE: Final = 5000


class TrytonDesk:
    """One login and its session."""

    def __init__(self, url: str, login: str, password: str, *, http: httpx.AsyncClient) -> None:
        self._address, self._http = f"{url.rstrip('/')}/{DATABASE}/rpc/", http
        self._login, self._password, self._key = login, password, ""

    async def call(
        self,
        method: str,
        *parameters: Any,
        context: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Call a method with the context last; raises `Refused` with what Tryton says."""
        if not self._key:
            await self._sign_in()
        return await self._ask(method, (*parameters, dict(context or {})), repeatable=repeatable)

    async def rows(
        self, model: str, domain: Sequence[Any], fields: Sequence[str], company: int | None = None
    ) -> list[dict[str, Any]]:
        """All records of a domain by id; `party.code` reads as `row["party."]["code"]`."""
        context = {"company": company} if company is not None else {}
        method, found = f"model.{model}.search_read", list[dict[str, Any]]()
        while True:
            page = await self.call(
                method, domain, len(found), PAGE, [["id", "ASC"]], fields, context=context, repeatable=True
            )
            found += page
            if len(page) < PAGE:
                return found

    async def _sign_in(self) -> None:
        parameters = (self._login, {"password": self._password}, "en")
        user, token, _ = await self._ask("common.db.login", parameters, repeatable=True)
        key = base64.b64encode(f"{self._login}:{user}:{token}".encode()).decode()
        self._key = f"Session {key}"

    async def _ask(self, method: str, parameters: Sequence[Any], *, repeatable: bool) -> Any:
        content = json.dumps({"id": 1, "method": method, "params": parameters}, default=encoded)
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = self._key

        def build() -> httpx.Request:
            return self._http.build_request(
                "POST", self._address, content=content, headers=headers, timeout=60
            )

        reply = await ask(self._http, build, repeatable=repeatable)
        answer = json.loads(reply.content, object_hook=_decoded, parse_float=Decimal)
        if "error" in answer:
            # The third element of a user error may be tens of kilobytes.
            raise Refused(200, " ".join(str(part) for part in answer["error"][:2]))
        return answer["result"]


def encoded(value: Any) -> dict[str, Any]:
    """A value in Tryton's JSON."""
    match value:
        case Decimal():
            return {"__class__": "Decimal", "decimal": str(value)}
        case date():
            return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
        case timedelta():
            return {"__class__": "timedelta", "seconds": value.total_seconds()}
    raise TypeError(f"Tryton has no encoding for {type(value).__name__}")


def _decoded(value: dict[str, Any]) -> Any:
    match value.get("__class__"):
        case "Decimal":
            return Decimal(value["decimal"])
        case "date":
            return date(value["year"], value["month"], value["day"])
        case "timedelta":
            return timedelta(seconds=float(value["seconds"]))
    return value
