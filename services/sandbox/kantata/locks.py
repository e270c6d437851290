"""Line item locks: days up to a Saturday in which nobody may enter or change time any more."""

from datetime import date

from ..ledger import Document
from .errors import invalid
from .people import ACCOUNT_ID
from .resource import Call, Resource, one
from .values import day

__all__ = ["RESOURCES", "need_unlocked"]

SATURDAY = 5


def need_unlocked(call: Call, performed: str) -> None:
    """422 where a day's time is locked."""
    if performed <= locked_to(call):
        raise invalid("Time on or before the lock date can't be entered or changed", "date_performed")


def locked_to(call: Call) -> str:
    return max((str(lock["locked_to"]) for lock in call.books["line_item_locks"]), default="")


def create_lock(call: Call, fields: Document) -> Document:
    """Locks only move forward, and not past time that still waits for approval."""
    call.need_administrator()
    wanted = fields["locked_to"]
    if date.fromisoformat(wanted).weekday() != SATURDAY:
        raise invalid("Locked to must be a Saturday", "locked_to")
    if wanted >= call.books.today():
        raise invalid("Locked to must be in the past", "locked_to")
    if wanted <= locked_to(call):
        raise invalid("Locked to must be later than the existing lock", "locked_to")
    guarded = {
        workspace["id"] for workspace in call.books["workspaces"] if workspace["require_time_approvals"]
    }
    for entry in call.books["time_entries"]:
        if entry["date_performed"] <= wanted and not entry["approved"] and entry["workspace_id"] in guarded:
            raise invalid("There is unapproved time on or before the lock date", "locked_to")
    return call.books.insert("line_item_locks", {"account_id": ACCOUNT_ID, **fields}, by=call.by)


LINE_ITEM_LOCKS = Resource(
    key="line_item_locks",
    singular="line_item_lock",
    subject="LineItemLock",
    fields=("account_id", "locked_to", "created_at", "updated_at"),
    includes={"creator": one("users", "creator_id")},
    writable={"locked_to": day},
    required=("locked_to",),
    create=create_lock,
)

RESOURCES = (LINE_ITEM_LOCKS,)
