"""The feed of approved time, and of time that is no longer approved.

The vendor does not promise that a decision on a timesheet moves `updated_at` of its entries, and it shows deletions
in its event feed only. So three lists say which entries may have changed, and each of those is then read once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from contracts.types import ConnectionName, EngagementId
from services.adapterkit.connector import Observed, Page
from services.adapterkit.families import Rejected

from .api import Api
from .bookings import Booking, Sighting, observation, read_sightings, withdrawal
from .directory import Directory
from .options import Options
from .windows import Mark, Source, read_window
from .wire import Entry, Envelope, Event, Submission

__all__ = ["Counters", "EntriesFeed", "Lead", "Watermark", "deleted_from", "leads_of"]

SUBMISSIONS = Source(
    path="timesheet_submissions",
    order="date:asc",  # the only order of this list in the vendor's published contract
    params={"include": "time_entries,workspace"},
)
ENTRIES = Source(
    path="time_entries",
    order="updated_at:asc",
    params={"include": "workspace", "from_archived_workspaces": "true"},
)
DELETIONS = Source(
    path="subscribed_events",
    order="created_at:asc",
    by="created",
    params={"event_types": "time_entry:deleted", "optional_fields": "current_payload,previous_payload"},
)
#: The vendor keeps events for nine days.
RETENTION = timedelta(days=9)
#: Entries reported in one poll.
MOST = 1000

ListName = Literal["submissions", "entries", "deletions"]
LISTS: Final[Mapping[ListName, Source]] = {
    "submissions": SUBMISSIONS,
    "entries": ENTRIES,
    "deletions": DELETIONS,
}


class Lead(msgspec.Struct, frozen=True, kw_only=True, array_like=True, omit_defaults=True):
    """That an entry may have changed: the workspace where a list has it, and whether an event says it was deleted."""

    home: str | None = None
    gone: bool = False


class Watermark(msgspec.Struct, frozen=True, kw_only=True):
    """How far each list was read, which of them go on, and what they told of that is not reported yet.

    In one round each list is read to its end once, however often another one goes on meanwhile.
    """

    marks: dict[ListName, Mark]
    going_on: tuple[ListName, ...] = ()
    leads: dict[str, Lead] = {}


@dataclass(kw_only=True)
class Counters:
    """What was read and not reported. Readings, not records: overlapping polls count again."""

    #: Entries of workspaces that carry no engagement of ours.
    foreign_entries: int = 0
    #: Deleted entries whose event does not say which workspace they were in.
    unplaced_deletions: int = 0


class EntriesFeed:
    """Observes the entries of workspaces that carry an engagement, each at most once a poll."""

    def __init__(
        self, name: ConnectionName, api: Api, directory: Directory, options: Options, counters: Counters
    ) -> None:
        self._name, self._api, self._directory = name, api, directory
        self._options, self._counters = options, counters

    async def poll(self, watermark: str | None, now: datetime) -> Page:
        """Read on from a watermark; at most a thousand entries at once."""
        reached = self._start(now) if watermark is None else _read(watermark)
        if not reached.leads:
            reached = await self._look(reached, now)
        numbers = list(reached.leads)
        leads = {number: reached.leads[number] for number in numbers[:MOST]}
        # Read after the lists, so that nothing is reported older than they said.
        sightings = await read_sightings(self._api, list(leads))
        engagements = await self._directory.engagements(
            {sighting.entry.workspace_id for sighting in sightings.values()}
            | {lead.home for lead in leads.values() if lead.home is not None}
        )
        observed = [
            *(observation(self._name, one) for one in await self._bookings(sightings, engagements)),
            *self._withdrawn(leads, sightings, engagements),
        ]
        rest = {number: reached.leads[number] for number in numbers[MOST:]}
        reached = msgspec.structs.replace(reached, leads=rest)
        return Page(
            observed=observed,
            watermark=msgspec.json.encode(reached).decode(),
            more=bool(rest or reached.going_on),
        )

    def _start(self, now: datetime) -> Watermark:
        today = now.replace(microsecond=0)
        back = timedelta(days=self._options.look_back_days)
        start = Mark(after=today - back, swept=now)
        kept = Mark(after=today - min(back, RETENTION), swept=now)
        return Watermark(marks={"submissions": start, "entries": start, "deletions": kept})

    async def _look(self, reached: Watermark, now: datetime) -> Watermark:
        """Read a window of each list that goes on, or of all of them at the beginning of a round."""
        overlap = timedelta(seconds=self._options.overlap_seconds)
        lists = reached.going_on or tuple(LISTS)
        windows = {
            name: await read_window(self._api, LISTS[name], reached.marks[name], now=now, overlap=overlap)
            for name in lists
            if name != "deletions" or self._options.deletions
        }
        return Watermark(
            marks={**reached.marks, **{name: window.mark for name, window in windows.items()}},
            going_on=tuple(name for name, window in windows.items() if window.more),
            leads=leads_of({name: window.pages for name, window in windows.items()}),
        )

    async def _bookings(
        self, sightings: Mapping[str, Sighting], engagements: Mapping[str, EngagementId]
    ) -> list[Booking]:
        ours = [one for one in sightings.values() if one.entry.workspace_id in engagements]
        users = [number for one in ours for number in (one.entry.user_id, one.approver) if number is not None]
        people = await self._directory.people(users)
        stories = await self._directory.stories(
            one.entry.story_id for one in ours if one.entry.story_id is not None
        )
        bookings = []
        for one in ours:
            engagement = engagements[one.entry.workspace_id]
            story = stories.get(one.entry.story_id or "")
            owner, approver = people.get(one.entry.user_id or ""), people.get(one.approver or "")
            bookings.append(
                Booking(
                    sighting=one,
                    engagement=engagement,
                    task=story.task if story is not None and story.engagement == engagement else None,
                    worker=owner.worker if owner is not None else None,
                    labour_category=one.role or (owner.role if owner is not None else None),
                    approver=approver.worker if approver is not None else None,
                )
            )
        return bookings

    def _withdrawn(
        self,
        leads: Mapping[str, Lead],
        sightings: Mapping[str, Sighting],
        engagements: Mapping[str, EngagementId],
    ) -> list[Observed]:
        """Entries that an engagement's workspace has lost; those that it never had are counted."""
        observed = []
        for number, lead in leads.items():
            sighting = sightings.get(number)
            if sighting is None and not lead.gone:
                continue  # deleted a moment ago: the event that says so is still to come
            if sighting is not None and sighting.entry.workspace_id in engagements:
                continue
            left = engagements.get(lead.home or "")
            if left is not None:
                reason = "deleted" if sighting is None else "moved to a project without engagement"
                observed.append(withdrawal(self._name, number, left, reason))
            elif sighting is None and lead.home is None:
                self._counters.unplaced_deletions += 1
            else:
                self._counters.foreign_entries += 1
        return observed


def leads_of(pages: Mapping[ListName, Sequence[Envelope]]) -> dict[str, Lead]:
    """What the lists tell of, entry by entry. A timesheet's workspace is where an entry was decided on."""
    leads = {
        entry.id: Lead(home=entry.workspace_id)
        for page in pages.get("entries", ())
        for entry in page.rows("time_entries", Entry)
    }
    for page in pages.get("submissions", ()):
        for sheet in page.rows("timesheet_submissions", Submission):
            leads.update(dict.fromkeys(sheet.time_entry_ids, Lead(home=sheet.workspace_id)))
    for page in pages.get("deletions", ()):
        for event in page.rows("subscribed_events", Event):
            if event.event_type == "time_entry:deleted":
                number = str(event.subject_id)
                listed = leads.get(number, Lead())
                leads[number] = Lead(home=deleted_from(event) or listed.home, gone=True)
    return leads


def deleted_from(event: Event) -> str | None:
    """The workspace that a deleted entry was in, from whichever payload the event shows."""
    for payload in (event.previous_payload, event.current_payload):
        if payload is not None and payload.workspace_id is not None:
            return str(payload.workspace_id)
    return None


def _read(watermark: str) -> Watermark:
    try:
        reached = msgspec.json.decode(watermark, type=Watermark)
    except msgspec.DecodeError as failure:
        raise Rejected(f"this is no watermark of the entries feed: {failure}") from None
    if reached.marks.keys() != LISTS.keys():
        raise Rejected("this is no watermark of the entries feed: it marks other lists")
    return reached
