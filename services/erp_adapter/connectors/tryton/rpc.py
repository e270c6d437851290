"""Tryton's JSON-RPC as calls on models. Every answer is checked for its shape, every error gets its family."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import httpx
import msgspec

from services.adapterkit.answer import answer
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["BY_ID", "Domain", "Row", "Rpc", "Warned"]

Domain = Sequence[Any]
BY_ID = (("id", "ASC"),)
#: What the databases say when a transaction lost to another one and was rolled back whole.
LOST_THE_RACE = ("database is locked", "database table is locked", "could not serialize", "deadlock detected")
LONGEST_WORDS = 500

T = TypeVar("T")
R = TypeVar("R", bound="Row")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it is read: `model` is where it lives, `fields` what is asked for."""

    model: ClassVar[str]
    fields: ClassVar[tuple[str, ...]] = ()

    id: int


@dataclass(eq=False)
class Warned(Rejected):
    """Tryton wants a person to confirm the warning `name`; nothing was done."""

    name: str = ""


class _Reply(msgspec.Struct):
    result: msgspec.Raw = msgspec.Raw(b"")
    error: list[Any] | None = None


class Rpc:
    """Calls over one authenticated client whose base URL is the database's. It never tries again."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def rows(
        self, shape: type[R], domain: Domain, *, company: int | None = None,
        order: Sequence[tuple[str, str]] = BY_ID, limit: int | None = None,
    ) -> list[R]:  # fmt: skip
        """Records that fit the domain, seen as in a company."""
        params = (domain, 0, limit, order, shape.fields)
        return await self.ask(f"model.{shape.model}.search_read", *params, shape=list[shape], company=company)  # type: ignore[valid-type]

    async def create(self, model: str, values: Sequence[Mapping[str, Any]], *, company: int) -> list[int]:
        """Create all records or none; gives their ids in order."""
        made: list[int] = await self._call(
            f"model.{model}.create", (values, _context(company)), list[int], writes=True
        )
        if len(made) != len(values):
            raise Unsure(f"Tryton made {len(made)} records in place of {len(values)}")
        return made

    async def write(self, model: str, *changes: Sequence[int] | Mapping[str, Any], company: int) -> None:
        """Change records, all or none: ids and values in turns."""
        await self._call(f"model.{model}.write", (*changes, _context(company)), None, writes=True)

    async def delete(self, model: str, ids: Sequence[int], *, company: int) -> None:
        """Delete all the records or none."""
        await self._call(f"model.{model}.delete", (ids, _context(company)), None, writes=True)

    async def press(self, model: str, button: str, ids: Sequence[int], *, company: int) -> None:
        """Do what a button of the client does; raises `Warned` where Tryton wants a confirmation first."""
        await self._call(f"model.{model}.{button}", (ids, _context(company)), None, writes=True)

    async def accept(self, warning: str) -> None:
        """Confirm a warning for the next call that raises it."""
        await self._call("model.res.user.warning.skip", (warning, False, {}), None, writes=True)

    async def ask(self, method: str, *params: Any, shape: type[T], company: int | None = None) -> T:
        """A call that changes nothing."""
        told: T = await self._call(method, (*params, _context(company)), shape, writes=False)
        return told

    async def version(self) -> str:
        """The server's series, such as `8.2`; it is asked at the root, without a database."""
        url = self._http.base_url.copy_with(raw_path=b"/rpc/")
        series: str = await self._call("common.server.version", (), str, writes=False, url=str(url))
        return series

    async def _call(
        self, method: str, params: Sequence[Any], shape: Any, *, writes: bool, url: str = "/rpc/"
    ) -> Any:
        content = msgspec.json.encode({"id": 1, "method": method, "params": params})
        try:
            reply = await answer(
                self._http, "POST", url, writes=writes, words=_words, content=content,
                headers={"content-type": "application/json"},
            )  # fmt: skip
        except (Unsure, Unavailable) as doubt:
            raise _without_doubt(doubt) from None
        try:
            told = msgspec.json.decode(reply.content, type=_Reply)
            if told.error is not None:
                raise _refusal(told.error)
            return msgspec.json.decode(told.result, type=shape)
        except msgspec.DecodeError as unfit:
            why = f"{method} was answered with a body of another shape: {unfit}"
            raise (Unsure(why) if writes else Unavailable(why)) from None


def _context(company: int | None) -> dict[str, int]:
    return {} if company is None else {"company": company}


def _words(reply: httpx.Response) -> str:
    """A page's text without its tags, on one line."""
    return " ".join(re.sub(r"<[^>]*>", " ", reply.text[:4000]).split())[:LONGEST_WORDS]


def _without_doubt(doubt: Unsure | Unavailable) -> Family:
    """Tryton makes any operational error of its database a 503; only a lost race proves that nothing was done."""
    is_lost_race = doubt.why.startswith("503:") and any(words in doubt.why for words in LOST_THE_RACE)
    return Throttled(doubt.why) if is_lost_race else doubt


def _refusal(error: Sequence[Any]) -> Family:
    """The family of an error inside an answer. All of them are raised before the transaction is committed.

    The third element of a UserError is the whole domain, tens of kilobytes of it: it is not looked at.
    """
    kind, told = (str(error[0]), error[1]) if len(error) > 1 else ("an error without words", "")
    parts = [str(part) for part in told[:2]] if isinstance(told, list) else [str(told)]
    if kind == "UserWarning":
        return Warned(" ".join(parts)[:LONGEST_WORDS], "policy", parts[0])
    if kind == "UserError":
        return Rejected(" ".join(part for part in parts if part)[:LONGEST_WORDS], "data")
    if kind == "ConcurrencyException":
        return Unavailable(parts[0][:LONGEST_WORDS])
    if kind == "LoginException":
        return Unauthorised("Tryton asks for a login")
    return Rejected(f"Tryton failed: {kind[:LONGEST_WORDS]}", "data")
