"""Approved time to recorded ERP posting: entries a second."""

import time
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

import msgspec

from contracts.postings.v1 import TimePosted
from services.sandbox.firm import Deal

from .figures import Spread, spread
from .stage import Say, Stage, gathered

__all__ = ["Posting", "deals_for", "measure_posting"]

#: Entries that one deal's team books on average in a week; decides how many deals share a round.
USUAL = 60


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """From the approval in Kantata until the ERP's receipt is recorded.

    `per_second` is per round: entries over the seconds from the first approval to the last record. `entry_ms` are
    all entries of all rounds, each from the approval of its own project's timesheets.
    """

    entries: int
    rounds: int
    per_second: float
    per_second_by_round: tuple[float, ...]
    entries_by_round: tuple[int, ...]
    entry_ms: Spread


def deals_for(entries: int) -> int:
    """How many deals' teams it takes to book so many entries in one week."""
    return max(1, -(-entries // USUAL))


async def measure_posting(stage: Stage, *, entries: int, rounds: int, say: Say) -> Posting:
    """Book `entries` or a few more, approve all of them at once, `rounds` times; raises `Stuck`."""
    deals = stage.firm.deals
    await stage.activate(deals)
    say(f"{len(deals)} projects can be booked on")
    rates, counts, waits, posted = [], [], list[float](), dict[str, int]()
    for number, week in enumerate(_weeks(stage.firm.today)[:rounds], 1):
        booked = await _book(stage, deals, week, entries)
        for deal, made in booked.items():
            posted[deal] = posted.get(deal, 0) + made
        chosen = [deal for deal in deals if deal.number in booked]
        counts.append(sum(booked.values()))
        say(f"posting, round {number} of {rounds}: {counts[-1]} entries are handed in")
        rates.append(await _approve(stage, chosen, posted, waits))
        say(f"posting, round {number} of {rounds}: {rates[-1]} entries a second")
    return Posting(
        entries=entries, rounds=rounds, per_second=round(median(rates), 1), per_second_by_round=tuple(rates),
        entries_by_round=tuple(counts), entry_ms=spread(waits),
    )  # fmt: skip


def _weeks(today: date) -> list[tuple[date, date]]:
    """Monday to Friday of the four weeks before this one, latest first; their periods are open."""
    monday = today - timedelta(days=today.weekday())
    return [
        (monday - timedelta(days=7 * back), monday - timedelta(days=7 * back - 4)) for back in range(1, 5)
    ]


async def _book(stage: Stage, deals: Sequence[Deal], week: tuple[date, date], entries: int) -> dict[str, int]:
    """Book day by day until there are enough, and hand in the timesheets; gives the entries of each deal."""
    booked: dict[str, int] = {}
    first, last = week
    for day in (first + timedelta(days=count) for count in range((last - first).days + 1)):
        for deal in deals:
            if sum(booked.values()) < entries:
                made = await stage.consultants.book(deal, day, day)
                booked[deal.number] = booked.get(deal.number, 0) + len(made)
    for deal in deals:
        if deal.number in booked:
            await stage.consultants.submit(deal, first)
    return booked


async def _approve(stage: Stage, deals: Sequence[Deal], posted: dict[str, int], waits: list[float]) -> float:
    """Approve every timesheet that waits and wait for the receipts; gives entries a second.

    `posted` says how many receipts of each deal there will be at the end, `waits` takes each entry's milliseconds.
    """
    approved: dict[str, float] = {}

    async def approve(deal: Deal) -> None:
        approved[deal.number] = time.time()
        await stage.approvers.approve(deal)

    began, ended, count = time.time(), 0.0, 0
    await gathered([approve(deal) for deal in deals], 10)
    await stage.until_all(deals, TimePosted, posted)
    for deal in deals:
        for row in await stage.rows(deal, TimePosted):
            if (at := row.at.timestamp()) > began:
                count, ended = count + 1, max(ended, at)
                waits.append((at - approved[deal.number]) * 1000)
    return round(count / (ended - began), 1)
