"""Consultants: book their hours and hand their timesheets in."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Any, Final

import httpx

from ..firm import Deal
from .desks.wire import Pause
from .workspaces import Absent, Story, Workspace, Workspaces

__all__ = ["Booked", "Consultants", "week_of"]

QUARTER: Final = 15
#: Quarters of an hour in a working day, fewest and most.
DAY: Final = (28, 36)
ENTRIES: Final = (2, 4)
BULK: Final = 100
NOTES: Final = (
    "Workshop with the client", "Working session", "Draft for review", "Review comments worked in", "Analysis",
    "Preparation", "Call with the steering group", "Documentation", "Follow-up", "Quality review",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Booked:
    """A time entry: its id in Kantata, the employee number, whole minutes."""

    id: str
    person: str
    day: date
    minutes: int


def week_of(day: date) -> tuple[date, date]:
    """The timesheet week that holds a day: Sunday to Saturday."""
    first = day - timedelta(days=(day.weekday() + 1) % 7)
    return first, first + timedelta(days=6)


class Consultants:
    """All consultants of the firm; `random` decides what they do and how long."""

    def __init__(self, kantata_url: str, random: Random, *, http: httpx.AsyncClient) -> None:
        self._workspaces, self._random = Workspaces(kantata_url, http=http), random

    async def workspace(self, deal: Deal) -> Workspace | None:
        """Where the deal is delivered, once it can be booked on."""
        return await self._workspaces.find(deal)

    async def wait(self, deal: Deal, *, within_s: float = 60.0, pause: Pause = asyncio.sleep) -> Workspace:
        """Wait for the workspace of a deal; raises `Absent`."""
        return await self._workspaces.wait(deal, within_s=within_s, pause=pause)

    async def book(
        self, deal: Deal, first: date, last: date, *, people: Collection[str] | None = None
    ) -> list[Booked]:
        """Two to four entries for each weekday from `first` to `last` and each member of the deal's team.

        `people` limits it to those employee numbers. Only tasks that are open are booked on; raises `Absent`.
        """
        workspace = await self._workspaces.need(deal)
        stories = await self._workspaces.stories(workspace)
        tasks = [story for story in stories if story.kind == "task" and story.state != "completed"]
        if not tasks:
            raise Absent(f"{deal.number} has no open task")
        days = [first + timedelta(days=count) for count in range((last - first).days + 1)]
        made: list[Booked] = []
        for person in deal.team:
            if person in workspace.members and (people is None or person in people):
                entries = [
                    entry for day in days if day.weekday() < 5 for entry in self._day(workspace, tasks, day)
                ]
                made += await self._enter(person, entries)
        return made

    async def submit(self, deal: Deal, week: date) -> list[str]:
        """Hand in what is not handed in yet of the week that holds a day; gives the submissions' ids."""
        workspace = await self._workspaces.need(deal)
        first, last = week_of(week)
        entries = await self._workspaces.office.all(
            "time_entries", workspace_id=workspace.id, in_active_submission="false", include="user",
            date_performed_between=f"{first}:{last}",
        )  # fmt: skip
        employees, sheets = await self._workspaces.employees(), dict[str, list[str]]()
        for row in entries.rows:
            if row["user_id"] in employees:
                sheets.setdefault(employees[row["user_id"]], []).append(row["id"])
        made = []
        for person, numbers in sorted(sheets.items()):
            sheet = {
                "workspace_id": workspace.id,
                "title": f"{deal.name[:80]}, week of {first}",
                "line_item_ids": numbers,
            }
            body = {"timesheet_submission": sheet}
            made += await self._workspaces.desk(person).create("timesheet_submissions", body)
        return made

    def _day(self, workspace: Workspace, tasks: Sequence[Story], day: date) -> list[dict[str, Any]]:
        """One person's day on one project."""
        count, quarters = self._random.randint(*ENTRIES), self._random.randint(*DAY)
        cuts = [0, *sorted(self._random.sample(range(1, quarters), count - 1)), quarters]
        return [
            {
                "workspace_id": workspace.id,
                "date_performed": day.isoformat(),
                "time_in_minutes": (end - start) * QUARTER,
                "story_id": self._random.choice(tasks).id,
                "notes": self._random.choice(NOTES),
            }
            for start, end in pairwise(cuts)
        ]

    async def _enter(self, person: str, entries: Sequence[dict[str, Any]]) -> list[Booked]:
        desk, made = self._workspaces.desk(person), list[Booked]()
        for start in range(0, len(entries), BULK):
            part = entries[start : start + BULK]
            ids = await desk.create("time_entries", {"time_entries": part})
            made += [
                Booked(
                    id=key,
                    person=person,
                    day=date.fromisoformat(entry["date_performed"]),
                    minutes=entry["time_in_minutes"],
                )
                for key, entry in zip(ids, part, strict=True)
            ]
        return made
