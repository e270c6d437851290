"""Reads back every approved entry of our workspaces by the day it was worked, archived workspaces included."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

from contracts.ledgers.v1 import LedgerLine
from contracts.types import ConnectionName, EngagementId, RecordId

from .api import PAGE, Api
from .bookings import entry_id
from .directory import Directory
from .wire import Entry, Envelope

__all__ = ["line", "parts", "read_ledger"]

ENTRIES = "time_entries"


async def read_ledger(
    name: ConnectionName, api: Api, directory: Directory, start: date, end: date
) -> AsyncIterator[LedgerLine]:
    """Every approved entry whose day lies in [start, end], each once. `Unavailable` where a day changed meanwhile.

    Days are read together as long as they fit one page, which is one instant of the vendor's.
    """
    ranges, seen = [(start, end)] if start <= end else [], set[str]()
    while ranges:
        first, last = ranges.pop()
        asked = {
            "date_performed_between": f"{first}:{last}", "from_archived_workspaces": "true",
            "include": "workspace", "order": "created_at:asc",
        }  # fmt: skip
        page = await api.read(ENTRIES, page="1", per_page=str(PAGE), **asked)
        if page.count > PAGE and first < last:
            ranges += reversed(parts(first, last, count=page.count))
            continue
        pages = [page] if page.count <= PAGE else await api.read_all(ENTRIES, **asked)
        for entry, engagement in await _ours(directory, pages):
            if entry.approved and entry.id not in seen:
                seen.add(entry.id)
                yield line(name, entry, engagement)


async def _ours(directory: Directory, pages: list[Envelope]) -> list[tuple[Entry, EngagementId]]:
    entries = [entry for page in pages for entry in page.rows(ENTRIES, Entry)]
    engagements = await directory.engagements(entry.workspace_id for entry in entries)
    return [
        (entry, engagements[entry.workspace_id]) for entry in entries if entry.workspace_id in engagements
    ]


def parts(first: date, last: date, *, count: int) -> list[tuple[date, date]]:
    """At least two shorter ranges of days that cover one with `count` entries, each meant to fit a page."""
    days = (last - first).days + 1
    length = max(days * PAGE * 3 // (count * 4), 1)
    length = min(length, (days + 1) // 2)
    starts = [first + timedelta(days=offset) for offset in range(0, days, length)]
    return [(begin, min(begin + timedelta(days=length - 1), last)) for begin in starts]


def line(name: ConnectionName, entry: Entry, engagement: EngagementId) -> LedgerLine:
    """One approved entry as the account of every minute counts it."""
    return LedgerLine(
        kind="approved-time",
        record=RecordId(entry.id),
        reference=entry_id(name, entry.id),
        engagement=engagement,
        day=entry.date_performed,
        minutes=entry.time_in_minutes,
        state="approved",
    )
