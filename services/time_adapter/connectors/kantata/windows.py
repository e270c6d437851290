"""Reads what changed since a mark, in windows of time small enough to fit one page.

One page is one instant of the vendor's, so nothing can slip between two pages; only what shares a single second
may take several, and those have to agree. Windows lean on the vendor's clock alone: ours may be wrong by hours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from .api import PAGE, Api
from .wire import Envelope, Moment, Stamped

__all__ = ["Mark", "Source", "Window", "first_width", "onward", "read_window"]

SECOND = timedelta(seconds=1)
#: Both bounds are exclusive, so a window of two seconds is the narrowest that holds a whole one.
NARROWEST = 2


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """How far a list was read: everything up to and including `after`, in whole seconds.

    `swept` is when our clock saw the last deep reading begin, `newest` the latest change read so far, and `noticed`
    when our clock saw that one first.
    """

    after: Moment
    swept: Moment
    newest: Moment | None = None
    noticed: Moment | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """A list that can be read by when its records changed."""

    path: str
    order: str
    by: Literal["updated", "created"] = "updated"
    size: int = PAGE
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What one window held, the mark behind it, and whether more lies beyond."""

    pages: tuple[Envelope, ...]
    mark: Mark
    more: bool


async def read_window(api: Api, source: Source, mark: Mark, *, now: datetime, overlap: timedelta) -> Window:
    """Read the next window after a mark: all there is, or as much from the front as fits one page."""
    page = await _page(api, source, mark.after, None)
    pages, before = [page], None
    if page.count > source.size:
        upper = max(now, _newest(source, pages) or now) + SECOND
        pages, before = await _narrowed(api, source, mark.after, upper, page.count)
    mark = onward(mark, before, _newest(source, pages), now=now, overlap=overlap)
    return Window(pages=tuple(pages), mark=mark, more=before is not None)


async def _narrowed(
    api: Api, source: Source, after: datetime, upper: datetime, count: int
) -> tuple[list[Envelope], datetime]:
    """The pages of a window that ends before `upper`, and its end: one well filled page, or a single crowded second.

    Widths are in seconds; one that is too wide for a page and one that is not close in on each other.
    """
    fits, exceeds, best = 1, max(int((upper - after).total_seconds()), NARROWEST), None
    width = first_width(exceeds, count=count, size=source.size)
    while exceeds - fits > 1 and (best is None or best.count < source.size // 4):
        page = await _page(api, source, after, after + width * SECOND)
        if page.count > source.size:
            exceeds = width
        else:
            fits, best = width, page
        width = (fits + exceeds) // 2
    if best is not None:
        return [best], after + fits * SECOND
    before = after + NARROWEST * SECOND
    return await api.read_all(source.path, **_asked(source, after, before)), before


def first_width(whole: int, *, count: int, size: int) -> int:
    """Seconds that hold somewhat less than `size` records, if `count` of them are spread evenly over `whole`."""
    return max(min(whole * size * 4 // (count * 5), whole - 1), NARROWEST)


def onward(
    mark: Mark, before: datetime | None, newest: datetime | None, *, now: datetime, overlap: timedelta
) -> Mark:
    """The mark behind a window that ended at `before`, or was open to the end of the list.

    A change is stamped up to `overlap` before it can be seen. So once in that time the list is read again from where
    something may have shown up since the last such deep reading began, until one began late enough after the newest
    change. Between deep readings only the second of the newest change is read again, until it is surely over.
    """
    noticed = mark.noticed
    if newest is not None and (mark.newest is None or newest > mark.newest):
        noticed = now
    newest = max((moment for moment in (newest, mark.newest) if moment is not None), default=None)
    if before is not None:
        return Mark(after=before - SECOND, swept=mark.swept, newest=newest, noticed=noticed)
    if newest is None or noticed is None:
        return Mark(after=mark.after, swept=now)
    if mark.swept - noticed > overlap:
        return Mark(after=newest, swept=mark.swept, newest=newest, noticed=noticed)
    if (since := now - mark.swept) >= overlap:
        return Mark(after=newest - overlap - since, swept=now, newest=newest, noticed=noticed)
    over = now - noticed >= 2 * SECOND
    return Mark(after=newest if over else newest - SECOND, swept=mark.swept, newest=newest, noticed=noticed)


async def _page(api: Api, source: Source, after: datetime, before: datetime | None) -> Envelope:
    return await api.read(source.path, page="1", per_page=str(source.size), **_asked(source, after, before))


def _asked(source: Source, after: datetime, before: datetime | None) -> dict[str, str]:
    bounds = {f"{source.by}_after": _written(after)}
    if before is not None:
        bounds[f"{source.by}_before"] = _written(before)
    return {**source.params, **bounds, "order": source.order}


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _newest(source: Source, pages: list[Envelope]) -> datetime | None:
    """The latest change in an answer, in UTC and whole seconds."""
    stamps = (
        row.updated_at if source.by == "updated" else row.created_at
        for page in pages
        for row in page.rows(source.path, Stamped)
    )
    latest = max((stamp for stamp in stamps if stamp is not None), default=None)
    return None if latest is None else latest.astimezone(UTC).replace(microsecond=0)
