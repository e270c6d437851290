"""What an operator is told before going live: may this login do what the flows need? Nothing is written."""

import asyncio
from collections.abc import Awaitable, Sequence

import msgspec

from services.adapterkit.connector import Finding
from services.adapterkit.families import Family, Throttled

from .options import Options
from .subsidiaries import Subsidiaries
from .suitetalk import Ref, Row, SuiteTalk

__all__ = ["findings"]

WRITTEN = ("customer", "job", "projectTask", "timeBill", "invoice")
#: Requests at once that the smallest service tier lets through.
STANDARD_TIER = 5


class _Metadata(msgspec.Struct, frozen=True):
    name: str


class _Present(msgspec.Struct, frozen=True):
    id: str


class _List(msgspec.Struct, frozen=True):
    items: tuple[Ref, ...]


async def findings(suitetalk: SuiteTalk, subsidiaries: Subsidiaries, options: Options) -> Sequence[Finding]:
    """Log in first; where that fails there is nothing more to learn."""
    login = await _try("login", suitetalk.query("SELECT id FROM subsidiary WHERE id > ?", [0], Row))
    if not login.ok:
        return [login]
    found = [login, await _entities(subsidiaries, options)]
    found += await _records(suitetalk)
    found.append(await _item(suitetalk, options.fixed_fee_item))
    cards = suitetalk.read("billingRateCard", _List, limit="1")
    found.append(await _try("read billingRateCard", cards))
    periods = suitetalk.query("SELECT id FROM accountingperiod WHERE id > ?", [0], Row, 1)
    found.append(await _try("read accountingPeriod", periods))
    for table in ("timebill", "transaction"):
        reads = suitetalk.query(f"SELECT id FROM {table} WHERE id = ?", [0], Row, 1)  # noqa: S608
        found.append(await _try(f"query {table}", reads))
    return found


async def _try(name: str, attempt: Awaitable[object]) -> Finding:
    try:
        await attempt
    except Family as failure:
        return Finding(name=name, ok=False, detail=f"{type(failure).__name__}: {failure}")
    return Finding(name=name, ok=True)


async def _entities(subsidiaries: Subsidiaries, options: Options) -> Finding:
    name = "subsidiaries"
    try:
        held = await subsidiaries.calendars()
    except Family as failure:
        return Finding(name=name, ok=False, detail=f"{type(failure).__name__}: {failure}")
    missing = [code for code in options.legal_entities if code not in held]
    if missing:
        return Finding(name=name, ok=False, detail=f"no subsidiary has the external id {', '.join(missing)}")
    return Finding(name=name, ok=True, detail=", ".join(held))


async def _item(suitetalk: SuiteTalk, item: str) -> Finding:
    name = "fixed fee item"
    try:
        rows, _ = await suitetalk.query("SELECT id FROM item WHERE externalid = ?", [item], Row, 1)
    except Family as failure:
        return Finding(name=name, ok=False, detail=f"{type(failure).__name__}: {failure}")
    detail = "" if rows else f"no item has the external id {item}"
    return Finding(name=name, ok=bool(rows), detail=detail)


async def _records(suitetalk: SuiteTalk) -> list[Finding]:
    """The catalogue shows a login the record types that its role may use. Asked for all at once, as work will be."""

    async def one(record: str) -> Finding | None:
        try:
            await suitetalk.read(f"metadata-catalog/{record}", _Metadata)
        except Throttled:
            return None
        except Family as failure:
            return Finding(name=f"use {record}", ok=False, detail=f"{type(failure).__name__}: {failure}")
        return Finding(name=f"use {record}", ok=True)

    answers = await asyncio.gather(*(one(record) for record in WRITTEN))
    found = [answer for answer in answers if answer is not None]
    blocked = len(answers) - len(found)
    detail = f"{blocked} of {STANDARD_TIER} requests at once were blocked" if blocked else ""
    return [*found, Finding(name="concurrency", ok=not blocked, detail=detail)]
