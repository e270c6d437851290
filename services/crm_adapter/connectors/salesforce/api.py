"""Salesforce's REST API as calls. Every answer is checked for its shape, nothing is tried again."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import httpx
import msgspec

from services.adapterkit.answer import answer
from services.adapterkit.families import Family, Unavailable, Unsure

from .options import Options
from .refusals import Problem, family_of, row_family, words

__all__ = ["Api", "Body", "FieldShape", "Found", "Row", "Usage"]

#: Refusals whose family Salesforce's own codes decide; the others say enough by their status.
REFUSALS = (*(status for status in range(400, 500) if status != 429), 503)
ENCODER = msgspec.json.Encoder(decimal_format="number")

Row = Mapping[str, Any]
#: Field values by API name; None clears a field.
Body = Mapping[str, str | Decimal | None]
T = TypeVar("T")


class _Page(msgspec.Struct, rename="camel"):
    total_size: int
    done: bool
    records: list[dict[str, Any]]


class _Saved(msgspec.Struct):
    success: bool
    id: str | None = None
    errors: list[Problem] = []


class FieldShape(msgspec.Struct, rename="camel", frozen=True):
    """What `describe` tells of a field, as far as it matters here."""

    name: str
    type: str
    updateable: bool
    unique: bool
    auto_number: bool = False


class _Description(msgspec.Struct):
    fields: list[FieldShape]


class Usage(msgspec.Struct, rename="pascal", frozen=True):
    """API calls that the org may make in 24 hours, and how many of them are left."""

    max: int
    remaining: int


class _Limits(msgspec.Struct, rename="pascal"):
    daily_api_requests: Usage


class Found(msgspec.Struct, frozen=True):
    """The first rows of a query. `served` is Salesforce's time, if it said so."""

    rows: Sequence[Row]
    more: bool
    served: datetime | None


class Api:
    """Calls over one authenticated client."""

    def __init__(self, http: httpx.AsyncClient, options: Options) -> None:
        host = str(options.instance_url).rstrip("/") if options.instance_url else ""
        self._http, self._root = http, f"{host}/services/data/v{options.api_version}"

    async def query(self, soql: str) -> Found:
        """Run a SOQL query. Salesforce may return fewer rows than there are, and than were asked for."""
        reply = await self._send("GET", "query", params={"q": soql})
        page = _shaped(reply, _Page)
        return Found(rows=page.records, more=not page.done, served=_served(reply))

    async def count(self, sobject: str, where: str) -> int:
        """How many records there are under a condition."""
        reply = await self._send("GET", "query", params={"q": f"SELECT COUNT() FROM {sobject} WHERE {where}"})  # noqa: S608
        return _shaped(reply, _Page).total_size

    async def records(self, sobject: str, ids: Sequence[str], fields: Sequence[str]) -> list[Row | None]:
        """Some fields of up to 2000 records, in the order of their ids; None for one that is not there."""
        body = {"ids": ids, "fields": fields}
        reply = await self._send("POST", f"composite/sobjects/{sobject}", body)
        rows = _shaped(reply, list[dict[str, Any] | None])
        if len(rows) != len(ids):
            raise Unavailable(f"{len(rows)} records for {len(ids)} ids")
        return list(rows)

    async def update(self, sobject: str, record: str, body: Body) -> None:
        """Write some fields of one record."""
        reply = await self._send("PATCH", f"sobjects/{sobject}/{record}", body, writes=True)
        if reply.status_code != 204:
            raise Unsure(f"{reply.status_code} in place of 204 for an update")

    async def update_many(self, sobject: str, bodies: Mapping[str, Body]) -> list[Family | None]:
        """Write some fields of up to 200 records, by id. Each is written or not by itself; None where it was."""
        records = [{"attributes": {"type": sobject}, "id": key, **body} for key, body in bodies.items()]
        body = {"allOrNone": False, "records": records}
        reply = await self._send("PATCH", "composite/sobjects", body, writes=True)
        saved = _shaped(reply, list[_Saved], writes=True)
        if len(saved) != len(bodies):
            raise Unsure(f"{len(saved)} results for {len(bodies)} records")
        return [_outcome(key, row) for key, row in zip(bodies, saved, strict=True)]

    async def fields(self, sobject: str) -> dict[str, FieldShape]:
        """The object's fields that this user may see, by API name."""
        reply = await self._send("GET", f"sobjects/{sobject}/describe")
        return {field.name: field for field in _shaped(reply, _Description).fields}

    async def usage(self) -> Usage:
        """The org's API calls."""
        return _shaped(await self._send("GET", "limits"), _Limits).daily_api_requests

    async def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        writes: bool = False,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One call; raises the family of any answer that is not a success."""
        content: dict[str, Any] = {"params": params} if params else {}
        if body is not None:
            content |= {"content": ENCODER.encode(body), "headers": {"content-type": "application/json"}}
        url = f"{self._root}/{path}"
        reply = await answer(self._http, method, url, writes=writes, words=words, accept=REFUSALS, **content)
        if reply.is_success:
            return reply
        raise family_of(reply, writes=writes)


def _outcome(record: str, saved: _Saved) -> Family | None:
    """What became of one row; a success that names another record proves nothing. Ids have 15 or 18 characters."""
    if not saved.success:
        return row_family(saved.errors)
    if saved.id is None or saved.id[:15] != record[:15]:
        return Unsure(f"the result for {record} names {saved.id}")
    return None


def _shaped(reply: httpx.Response, shape: type[T], *, writes: bool = False) -> T:
    """The body; its decimals are exact where its shape leaves them open."""
    try:
        return msgspec.json.Decoder(shape, float_hook=Decimal).decode(reply.content)
    except (msgspec.DecodeError, ArithmeticError) as unfit:
        why = f"{reply.status_code} with a body of another shape: {unfit}"
        raise (Unsure(why) if writes else Unavailable(why)) from None


def _served(reply: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
