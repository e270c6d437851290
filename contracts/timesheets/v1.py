"""Time as people book and approve it, and what they are told about it."""

from datetime import date
from typing import Literal

from ..base import Contract, published
from ..types import (
    ConnectionName,
    EngagementId,
    EntryId,
    MilestoneCode,
    Minutes,
    RecordId,
    TaskCode,
    WorkerId,
)  # fmt: skip

__all__ = [
    "AnnotateTime", "MilestoneCompleted", "TimeAnnotated", "TimeApproved", "TimeStanding", "TimeWithdrawn",
]  # fmt: skip

#: What the consultant is shown beside the entry.
TimeStanding = Literal["posted", "held", "reversed"]


@published("time.evt.entry.approved.v1", key="engagement")
class TimeApproved(Contract, frozen=True, kw_only=True, tag="timesheets.time-approved.v1"):
    """One revision of a time entry was approved. `revision` counts from 1; a correction is the next revision.

    `work_date` is the date that was booked, never derived from an instant. `task` is None where the entry was
    booked on no task, `worker` and `labour_category` where the time system could not name them.
    """

    entry: EntryId
    revision: int
    engagement: EngagementId
    task: TaskCode | None
    worker: WorkerId | None
    labour_category: str | None
    work_date: date
    minutes: Minutes
    billable: bool
    approver: WorkerId | None
    connection: ConnectionName
    record: RecordId


@published("time.evt.entry.withdrawn.v1", key="engagement")
class TimeWithdrawn(Contract, frozen=True, kw_only=True, tag="timesheets.time-withdrawn.v1"):
    """The approval of an entry was taken back, or the entry was deleted. Carries the next revision."""

    entry: EntryId
    revision: int
    engagement: EngagementId
    reason: str
    connection: ConnectionName


@published("time.evt.milestone.completed.v1", key="engagement")
class MilestoneCompleted(Contract, frozen=True, kw_only=True, tag="timesheets.milestone-completed.v1"):
    """Delivery completed a milestone."""

    engagement: EngagementId
    milestone: MilestoneCode
    completed_on: date
    connection: ConnectionName


@published("time.cmd.entry.annotate.v1", key="engagement")
class AnnotateTime(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="timesheets.annotate-time.v1"
):
    """Show the consultant, where the time was booked, how the entry stands in finance and why.

    `sequence` orders the annotations of one entry, from 1.
    """

    entry: EntryId
    revision: int
    sequence: int
    engagement: EngagementId
    standing: TimeStanding
    message: str
    reference: str | None = None


@published("time.evt.entry.annotated.v1", key="engagement")
class TimeAnnotated(Contract, frozen=True, kw_only=True, tag="timesheets.time-annotated.v1"):
    """The time system shows that annotation."""

    entry: EntryId
    sequence: int
    engagement: EngagementId
    connection: ConnectionName
