"""The feeds of tasks and milestones: both are stories to the vendor."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec

from contracts.projects.v1 import TaskStatusChanged
from contracts.timesheets.v1 import MilestoneCompleted
from contracts.types import ConnectionName, MilestoneCode, TaskCode
from services.adapterkit.connector import Observed, Page
from services.adapterkit.families import Rejected

from .api import Api
from .directory import StoryName, story_name
from .options import Options
from .windows import Mark, Source, read_window
from .wire import Reference, StateChange, Story

__all__ = ["StoriesFeed", "completed_on", "milestone_completed", "task_status"]


class StoriesFeed:
    """Observes the stories that are tasks, or those that are milestones, of an engagement."""

    def __init__(
        self, name: ConnectionName, api: Api, options: Options, kind: Literal["task", "milestone"]
    ) -> None:
        self._name, self._api, self._options, self._kind = name, api, options, kind
        self._source = Source(
            path="stories",
            order="updated_at:asc",
            params={"story_type": kind, "include": "workspace,external_references,story_state_changes"},
        )

    async def poll(self, watermark: str | None, now: datetime) -> Page:
        """Read on from a watermark, one page of stories at most."""
        options = self._options
        start = now.replace(microsecond=0) - timedelta(days=options.look_back_days)
        window = await read_window(
            self._api,
            self._source,
            Mark(after=start, swept=now) if watermark is None else _read(watermark),
            now=now,
            overlap=timedelta(seconds=options.overlap_seconds),
        )
        observed = []
        for page in window.pages:
            references = page.side("external_references", Reference)
            changes = page.side("story_state_changes", StateChange)
            for story in page.rows("stories", Story):
                if (named := story_name(story, references, options)) is not None:
                    observed += self._observed(story, named, changes)
        return Page(observed=observed, watermark=msgspec.json.encode(window.mark).decode(), more=window.more)

    def _observed(self, story: Story, named: StoryName, changes: Mapping[str, StateChange]) -> list[Observed]:
        if named.kind != self._kind:
            return []
        if named.kind == "task":
            return [task_status(self._name, story, named, self._options)]
        return milestone_completed(self._name, story, named, changes, self._options)


def task_status(name: ConnectionName, story: Story, named: StoryName, options: Options) -> Observed:
    """Whether time can still be booked on a task."""
    active = bool(story.time_trackable) and not story.archived and story.state not in options.closed_states
    contract = TaskStatusChanged(
        engagement=named.engagement, task=TaskCode(named.code), version=0, active=active, connection=name
    )
    return Observed(record=named.ref, contract=contract)


def milestone_completed(
    name: ConnectionName, story: Story, named: StoryName, changes: Mapping[str, StateChange], options: Options
) -> list[Observed]:
    """That a milestone is complete; nothing while it is not."""
    if story.state not in options.closed_states:
        return []
    contract = MilestoneCompleted(
        engagement=named.engagement,
        milestone=MilestoneCode(named.code),
        completed_on=completed_on(story, changes, options),
        connection=name,
    )
    return [Observed(record=named.ref, contract=contract)]


def completed_on(story: Story, changes: Mapping[str, StateChange], options: Options) -> date:
    """The day, in the account's time zone, of the last change into a closed state.

    Where the vendor shows no changes of state it is the day of the last change of any kind.
    """
    closings = [
        change.created_at
        for number in story.story_state_change_ids
        if (change := changes.get(number)) is not None and change.state in options.closed_states
    ]
    return max(closings, default=story.updated_at).date()


def _read(watermark: str) -> Mark:
    try:
        return msgspec.json.decode(watermark, type=Mark)
    except msgspec.DecodeError as failure:
        raise Rejected(f"this is no watermark of a stories feed: {failure}") from None
