"""The change feed: subscribed events, pulled, kept for nine days, late and doubled where told to be."""

from dataclasses import replace
from typing import Any

from ..ledger import Document
from ..wire import Response
from .books import Books, Change
from .filters import MOMENTS, any_of
from .people import ACCOUNT_ID
from .resource import Association, Call, Filter, Narrowing, Resource, Test
from .values import flag, idents

__all__ = ["RESOURCES", "Feed", "event_types"]

RETENTION_SECONDS = 9 * 86_400

#: Collection to the first half of its event types and its subject type.
TRACKED = {
    "cost_rates": ("cost_rate", "CostRate"),
    "expense_report_submissions": ("expense_report", "ExpenseReportSubmission"),
    "expenses": ("expense", "Expense"),
    "invoices": ("invoice", "Invoice"),
    "line_item_locks": ("line_item_lock", "LineItemLock"),
    "participations": ("participation", "Participation"),
    "roles": ("role", "Role"),
    "stories": ("story", "Story"),
    "time_entries": ("time_entry", "TimeEntry"),
    "timesheet_submissions": ("timesheet", "TimesheetSubmission"),
    "users": ("user", "User"),
    "workspaces": ("workspace", "Workspace"),
}
COLLECTIONS = {subject: key for key, (_, subject) in TRACKED.items()}
#: Fields that are the stand-in's own and no part of a payload.
HIDDEN = {"seat", "last_updated_user_id"}


class Feed:
    """Writes an event for every tracked change, in the transaction of the change."""

    def __init__(self, books: Books) -> None:
        self._books = books
        books.listen(self.record)

    def record(self, change: Change) -> None:
        if change.key not in TRACKED:
            return
        word, _ = TRACKED[change.key]
        verb = "created" if change.before is None else "deleted" if change.after is None else "updated"
        self._note(f"{word}:{verb}", change)
        if change.key == "timesheet_submissions" and change.before is None and change.after is not None:
            for number in change.after["line_item_ids"]:
                added = {**change.after, "time_entry_id": number}
                self._note("timesheet:time_entry_added", replace(change, after=added))

    def _note(self, event_type: str, change: Change) -> None:
        """Write one event. `created_at` is when the feed has it, which may be after the change."""
        subject = change.after or change.before or {}
        subject_type = TRACKED[change.key][1]
        settings, now = self._books.settings, self._books.now()
        number = self._books.number("events")
        late = settings["late_every"] and number % settings["late_every"] == 0
        event = {
            "event_type": event_type, "account_id": ACCOUNT_ID, "user_id": change.by,
            "subject_id": subject["id"], "subject_type": subject_type,
            "subject": f"{subject_type}:{subject['id']}", "subject_changed_at": now,
            "created_at": now + (settings["late_by_seconds"] if late else 0),
            "before": change.before, "after": change.after,
        }  # fmt: skip
        self._books.insert("subscribed_events", event, by=change.by)
        if settings["duplicate_every"] and number % settings["duplicate_every"] == 0:
            self._books.insert("subscribed_events", event, by=change.by)
        self._expire(now)

    def _expire(self, now: int) -> None:
        """Forget the oldest events; two for each one written keeps pace with any backlog."""
        for moment, number in self._books.ordered("subscribed_events", "created_at")[:2]:
            event = self._books["subscribed_events"].get(str(number))
            if event is not None and moment < now - RETENTION_SECONDS:
                self._books.discard("subscribed_events", event)


def payload(call: Call, document: Document | None) -> dict[str, Any] | None:
    """A record as events carry it: every field, associations included."""
    if document is None:
        return None
    return {
        name: call.books.shown(value) if name in {"created_at", "updated_at"} else value
        for name, value in document.items()
        if name not in HIDDEN
    }


def changes(call: Call, event: Document) -> dict[str, list[Any]]:
    """Field to the values before and after, for fields that changed."""
    before, after = payload(call, event["before"]) or {}, payload(call, event["after"]) or {}
    return {
        name: [before.get(name), after.get(name)]
        for name in {**before, **after}
        if before.get(name) != after.get(name)
    }


def visible(call: Call, value: str) -> Narrowing:
    """Nine days of events that have reached the feed."""
    now = call.books.now()
    return Narrowing(window=("created_at", now - RETENTION_SECONDS - 1, None), test=_not_after(now))


def _not_after(now: int) -> Test:
    return lambda event: event["created_at"] <= now


def of_types(call: Call, value: str) -> Narrowing:
    wanted = {part.strip() for part in value.split(",")}
    return Narrowing(test=lambda event: event["event_type"] in wanted)


def of_subject_type(call: Call, value: str) -> Narrowing:
    if value not in COLLECTIONS:
        raise ValueError("is not supported")
    return Narrowing(test=lambda event: event["subject_type"] == value)


def of_subjects(call: Call, value: str) -> Narrowing:
    if not (subject_type := call.request.param("subject_type")):
        raise ValueError("needs a subject_type")
    events, wanted = call.books["subscribed_events"], idents(value)
    return Narrowing(
        among=lambda: (
            event for number in wanted for event in events.where("subject", f"{subject_type}:{number}")
        )
    )


def most_recent(*, by_type: bool) -> Filter:
    """Only the last event of each subject, or of each subject and event type."""

    def narrow(call: Call, value: str) -> Narrowing:
        if all(call.request.has_param(name) for name in ("most_recent", "most_recent_by_event_type")):
            raise ValueError("most_recent and most_recent_by_event_type exclude each other")
        if not flag(value):
            return Narrowing()
        now, last = call.books.now(), {}
        for moment, number in call.books.ordered("subscribed_events", "created_at"):
            event = call.books["subscribed_events"].get(str(number))
            if event is not None and moment <= now:
                last[event["subject"], event["event_type"] if by_type else ""] = event["id"]
        kept = set(last.values())
        return Narrowing(test=lambda event: event["id"] in kept)

    return narrow


def subject_ref(books: Books, event: Document) -> dict[str, str] | None:
    """Where the subject is; nothing once it has been deleted."""
    key = COLLECTIONS[event["subject_type"]]
    return {"key": key, "id": event["subject_id"]} if event["subject_id"] in books[key] else None


def event_types(call: Call) -> Response:
    """All event types there are."""
    call.need_administrator()
    words = [word for word, _ in TRACKED.values()]
    names = [f"{word}:{verb}" for word in words for verb in ("created", "updated", "deleted")]
    return Response.of(
        {
            "subscribed_event_types": sorted([*names, "timesheet:time_entry_added"]),
            "subscribed_event_type_schemas": {},
        }
    )


SUBSCRIBED_EVENTS = Resource(
    key="subscribed_events",
    singular="subscribed_event",
    fields=(
        "event_type", "account_id", "user_id", "subject_id", "subject_type", "subject_changed_at", "created_at",
        "updated_at",
    ),
    optional={
        "current_payload": lambda call, event: payload(call, event["after"]),
        "previous_payload": lambda call, event: payload(call, event["before"]),
        "payload_changes": changes,
    },
    includes={"subject": Association(key="", field="subject_ref", ids=subject_ref)},
    filters={
        "created_after": MOMENTS["created_after"],
        "created_before": MOMENTS["created_before"],
        "retained": visible,
        "event_types": of_types,
        "subject_type": of_subject_type,
        "subject_id": of_subjects,
        "user_ids": any_of("subscribed_events", "user_id", indexed=False),
        "most_recent": most_recent(by_type=False),
        "most_recent_by_event_type": most_recent(by_type=True),
    },
    defaults={"retained": ""},
    orders={"created_at": "created_at"},
    order="created_at:desc",
    guard=lambda call: call.need_administrator(),
)  # fmt: skip

RESOURCES = (SUBSCRIBED_EVENTS,)
