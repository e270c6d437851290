"""Time entries with what their ids stand for, and what is reported of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.timesheets.v1 import TimeApproved, TimeWithdrawn
from contracts.types import ConnectionName, EngagementId, EntryId, RecordId, TaskCode, WorkerId
from services.adapterkit.connector import Observed

from .api import Api
from .wire import Entry, Role, Submission

__all__ = ["Booking", "Sighting", "decision", "entry_id", "observation", "read_sightings", "withdrawal"]


@dataclass(frozen=True, kw_only=True)
class Sighting:
    """An entry as it stood when it was read, with its role and its timesheets."""

    entry: Entry
    role: str | None = None
    active: Submission | None = None
    recent: Submission | None = None

    @property
    def approver(self) -> str | None:
        """The user who approved its timesheet, where the vendor shows that."""
        number = None if self.active is None else self.active.current_resolution_creator_id
        return None if number is None else str(number)


@dataclass(frozen=True, kw_only=True)
class Booking:
    """A sighting in the firm's own terms."""

    sighting: Sighting
    engagement: EngagementId
    task: TaskCode | None = None
    worker: WorkerId | None = None
    labour_category: str | None = None
    approver: WorkerId | None = None


async def read_sightings(api: Api, ids: Sequence[str]) -> dict[str, Sighting]:
    """Those entries as they stand now, in archived workspaces too; deleted ones are not among them."""
    pages = await api.read_only(
        "time_entries", ids, from_archived_workspaces="true", order="created_at:asc",
        include="workspace,user,story,role,active_submission,recent_submission",
    )  # fmt: skip
    seen = {}
    for page in pages:
        roles, sheets = page.side("roles", Role), page.side("timesheet_submissions", Submission)
        for entry in page.rows("time_entries", Entry):
            role = roles.get(entry.role_id or "")
            seen[entry.id] = Sighting(
                entry=entry,
                role=None if role is None else role.name,
                active=sheets.get(entry.active_submission_id or ""),
                recent=sheets.get(entry.recent_submission_id or ""),
            )
    return seen


def entry_id(name: ConnectionName, number: str) -> EntryId:
    """`kantata:85`: the connection, and the vendor's id."""
    return EntryId(f"{name}:{number}")


def observation(name: ConnectionName, booking: Booking) -> Observed:
    """What an entry says of itself now: it is approved as it stands, or it is not (any more)."""
    entry = booking.sighting.entry
    if not entry.approved:
        return withdrawal(name, entry.id, booking.engagement, decision(booking.sighting))
    identity = entry_id(name, entry.id)
    contract = TimeApproved(
        entry=identity,
        revision=0,
        engagement=booking.engagement,
        task=booking.task,
        worker=booking.worker,
        labour_category=booking.labour_category,
        work_date=entry.date_performed,
        minutes=entry.time_in_minutes,
        billable=entry.billable,
        approver=booking.approver,
        connection=name,
        record=RecordId(entry.id),
    )
    return Observed(record=identity, contract=contract)


def withdrawal(name: ConnectionName, number: str, engagement: EngagementId, reason: str) -> Observed:
    """An entry that finance shall not carry; news only where it was approved before."""
    identity = entry_id(name, number)
    contract = TimeWithdrawn(
        entry=identity, revision=0, engagement=engagement, reason=reason, connection=name
    )
    return Observed(record=identity, contract=contract, retracts=True)


def decision(sighting: Sighting) -> str:
    """Why an entry is not approved: how its latest timesheet stands, with the approver's words."""
    sheet = sighting.recent
    if sheet is None:
        return "not submitted"
    return f"{sheet.status}: {sheet.resolution_description}" if sheet.resolution_description else sheet.status
