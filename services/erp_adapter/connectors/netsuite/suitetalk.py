"""NetSuite's REST services as calls: records, SuiteQL, asynchronous jobs. Every answer is checked for its shape."""

from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from services.adapterkit.answer import answer
from services.adapterkit.families import Family, Unauthorised, Unavailable, Unsure

from .refusals import codes_in, family_of, words

__all__ = ["LARGEST_PAGE", "Body", "Figures", "Ref", "Row", "SuiteTalk", "read_back", "record_in"]

RECORDS = "/services/rest/record/v1"
SUITEQL = "/services/rest/query/v1/suiteql"
LARGEST_PAGE = 1000
#: Refusals whose family NetSuite's own codes decide; 401, 403, 429 and 5xx say enough by their status.
REFUSALS = tuple(status for status in range(400, 500) if status not in (401, 403, 429))
LARGEST_FIGURE = Decimal(10) ** 15

Body = Mapping[str, Any]
T = TypeVar("T")
R = TypeVar("R", bound="Row")
ENCODER = msgspec.json.Encoder(decimal_format="number")


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Part of an answer; its decimals are finite and of a size that money and hours have."""

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, Decimal) and not (value.is_finite() and abs(value) < LARGEST_FIGURE):
                raise ValueError(f"{name} is out of range")


class Row(Figures, frozen=True, kw_only=True):
    """A row of a query by its internal id."""

    id: int


class Ref(msgspec.Struct, frozen=True):
    """A reference or enumerated value as NetSuite shows it; its name is left out."""

    id: str


class _Rows(msgspec.Struct, Generic[T], rename="camel"):
    items: list[T]
    has_more: bool


class SuiteTalk:
    """Calls over one authenticated client, whose base URL is the account's. It never tries again."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def read(self, path: str, shape: type[T], **params: str) -> T:
        """GET below the record root; raises `Rejected` where there is none."""
        return _shaped(await self.send("GET", f"{RECORDS}/{path}", params=params), shape)

    async def read_if_any(self, path: str, shape: type[T], **params: str) -> T | None:
        """GET below the record root, None where NetSuite says that there is no such record."""
        reply = await self.send("GET", f"{RECORDS}/{path}", accept=(404,), params=params)
        if reply.status_code == 404:
            _nonexistent(reply, writes=False)
            return None
        return _shaped(reply, shape)

    async def put(self, path: str, body: Body, **params: str) -> str:
        """Upsert by an external id in the path; gives the record's internal id."""
        reply = await self.send("PUT", f"{RECORDS}/{path}", body, writes=True, params=params)
        return record_in(reply)

    async def patch(self, path: str, body: Body) -> str:
        """Change a record; gives its internal id."""
        return record_in(await self.send("PATCH", f"{RECORDS}/{path}", body, writes=True))

    async def delete(self, path: str) -> bool:
        """Delete a record; False where there was none."""
        reply = await self.send("DELETE", f"{RECORDS}/{path}", writes=True, accept=(404,))
        if reply.status_code == 404:
            _nonexistent(reply, writes=True)
            return False
        if reply.status_code != 204:
            raise Unsure(f"{reply.status_code} in place of 204 for a deletion")
        return True

    async def query(
        self, q: str, params: Sequence[str | int], row: type[T], limit: int = LARGEST_PAGE
    ) -> tuple[list[T], bool]:
        """The first rows of a SuiteQL query, and whether there are more."""
        reply = await self.send(
            "POST",
            SUITEQL,
            {"q": q, "params": list(params)},
            headers={"prefer": "transient"},
            params={"limit": str(limit)},
        )
        rows = _shaped(reply, _Rows[row])  # type: ignore[valid-type]
        return rows.items, rows.has_more

    async def pages(
        self, select: str, where: str, params: Sequence[str | int], row: type[R]
    ) -> AsyncIterator[list[R]]:
        """All rows in order of their id. Pages go by id, so that what changes meanwhile shifts none."""
        after, more = 0, True
        while more:
            q = f"{select} WHERE {where} AND id > ? ORDER BY id"
            rows, more = await self.query(q, [*params, after], row)
            for one in rows:
                if one.id <= after:
                    raise Unavailable(f"row {one.id} came after row {after}")
                after = one.id
            if more and not rows:
                raise Unavailable("an empty page that has more behind it")
            yield rows

    async def rows(self, select: str, where: str, params: Sequence[str | int], row: type[R]) -> list[R]:
        """The rows of all pages, for lists that are short by nature."""
        return [one async for page in self.pages(select, where, params, row) for one in page]

    async def send(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        *,
        writes: bool = False,
        accept: tuple[int, ...] = (),
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """One call; raises the family of any answer that is neither a success nor in `accept`."""
        content: dict[str, Any] = {"params": params} if params else {}
        if body is not None:
            content["content"] = ENCODER.encode(body)
            headers = {"content-type": "application/json", **(headers or {})}
        reply = await answer(
            self._http, method, path, writes=writes, words=words, accept=REFUSALS, headers=headers, **content
        )
        if reply.is_success or reply.status_code in accept:
            return reply
        raise family_of(reply, writes=writes)


def record_in(reply: httpx.Response) -> str:
    """The internal id at the end of `Location`, which NetSuite sends for every write of a record."""
    record = reply.headers.get("location", "").rpartition("/")[2]
    if not (record.isascii() and record.isdecimal()):
        raise Unsure(f"{reply.status_code} without the record's address")
    return str(record)


async def read_back(reading: Awaitable[T]) -> T:
    """A read that follows a write: where it fails, the write is unsure and not undone."""
    try:
        return await reading
    except (Unauthorised, Unsure):
        raise
    except Family as failure:
        raise Unsure(f"written, and could not be read back: {failure}") from None


def _nonexistent(reply: httpx.Response, *, writes: bool) -> None:
    """A 404 counts only in NetSuite's own words: a proxy's page or a wrong address says nothing of the record."""
    if "NONEXISTENT_ID" not in codes_in(reply):
        raise family_of(reply, writes=writes)


def _shaped(reply: httpx.Response, shape: type[T]) -> T:
    """A read's body; numbers and texts stand in for each other, as NetSuite itself mixes them."""
    try:
        return msgspec.json.decode(reply.content, type=shape, strict=False)
    except msgspec.DecodeError as unfit:
        raise Unavailable(f"{reply.status_code} with a body of another shape: {unfit}") from None
