"""The account's records: numbered, stamped, indexed, and kept in order for quick paging."""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

from ..ledger import Collection, Document, Ledger
from ..wire import Clock

__all__ = ["Books", "Change", "Row"]

#: One line of an ordered view: the value that it is ordered by, and the record's number.
Row = tuple[Any, int]

#: Unique and plain indexes of each collection.
COLLECTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "account_memberships": (("user_id",), ()),
    "assignments": ((), ("story_id",)),
    "billing_milestones": ((), ("workspace_id",)),
    "cost_rates": ((), ("account_membership_id",)),
    "expense_report_submissions": ((), ("workspace_id",)),
    "expenses": ((), ("workspace_id", "active_submission_id", "recent_submission_id", "invoice_id")),
    "external_references": (("slot",), ("subject", "identity", "subject_type")),
    "invoices": ((), ()),
    "line_item_locks": ((), ()),
    "participations": (("seat",), ("workspace_id", "user_id")),
    "posts": ((), ("workspace_id",)),
    "rate_card_roles": (("cell",), ("rate_card_version_id",)),
    "rate_card_set_versions": ((), ("rate_card_set_id",)),
    "rate_card_sets": ((), ()),
    "rate_card_versions": ((), ("rate_card_id", "rate_card_set_version_id")),
    "rate_cards": ((), ("rate_card_set_id",)),
    "resolutions": ((), ("target",)),
    "roles": ((), ()),
    "stories": ((), ("workspace_id", "parent_id")),
    "subscribed_events": ((), ("subject",)),
    "time_entries": (
        (),
        ("workspace_id", "user_id", "story_id", "active_submission_id", "recent_submission_id", "invoice_id"),
    ),
    "timesheet_submissions": ((), ("workspace_id",)),
    "users": (("email_address",), ()),
    "workspace_invoice_preferences": (("workspace_id",), ()),
    "workspaces": ((), ("archived",)),
}

#: Timesheets and expense reports are one kind of record to the vendor and share their numbers.
SEQUENCES = {"timesheet_submissions": "submissions", "expense_report_submissions": "submissions"}

SETTINGS: dict[str, Any] = {
    "time_zone": "America/Los_Angeles",
    "approval_touches_entries": False,
    "duplicate_every": 0,
    "late_every": 0,
    "late_by_seconds": 0,
    "limits": {},
}


@dataclass(frozen=True, kw_only=True)
class Change:
    """One record before and after; `before` is missing for a new one, `after` for a deleted one."""

    key: str
    before: Document | None
    after: Document | None
    by: str


class Books:
    """All collections of one account.

    Times are kept as whole seconds since 1970 and shown in the account's time zone. Ids are digits,
    numbered per collection from a start that depends on the seed, so that ids of two kinds rarely agree.
    """

    def __init__(self, ledger: Ledger, clock: Clock, seed: int) -> None:
        self.ledger, self._clock, self._seed = ledger, clock, seed
        for name, (unique, index) in COLLECTIONS.items():
            ledger.collection(name, unique=unique, index=index)
        self._numbers = ledger.collection("numbers")
        self._settings = ledger.collection("settings")
        self._views: dict[tuple[str, str], list[Row]] = {}
        self._listeners: list[Callable[[Change], None]] = []

    def __getitem__(self, name: str) -> Collection:
        return self.ledger[name]

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Have `listener` told of every change, inside the transaction that makes it."""
        self._listeners.append(listener)

    @property
    def settings(self) -> Mapping[str, Any]:
        return self._settings.get("account") or SETTINGS

    def configure(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """Change settings; raises `ValueError` for one that does not exist."""
        if unknown := set(changes) - set(SETTINGS):
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        return self._settings.put("account", {**self.settings, **changes})

    def now(self) -> int:
        return int(self._clock().timestamp())

    def shown(self, moment: int | None) -> str | None:
        """A moment the way the vendor writes it: ISO 8601 with the account's offset."""
        if moment is None:
            return None
        return datetime.fromtimestamp(moment, ZoneInfo(self.settings["time_zone"])).isoformat()

    def today(self) -> str:
        """The day it is in the account's time zone."""
        return datetime.fromtimestamp(self.now(), ZoneInfo(self.settings["time_zone"])).date().isoformat()

    def number(self, name: str) -> int:
        """The next number of a sequence."""
        start = crc32(f"{self._seed}:{name}".encode()) % 90_000 + 10_000
        next_up = (self._numbers.get(name) or {"next": start})["next"]
        self._numbers.put(name, {"next": next_up + 1})
        return int(next_up)

    def insert(self, name: str, fields: Mapping[str, Any], *, by: str) -> Document:
        """Add a record; `by` is the id of the user who adds it."""
        now = self.now()
        record = {
            "created_at": now, "updated_at": now, "creator_id": by, **fields,
            "id": str(self.number(SEQUENCES.get(name, name))), "last_updated_user_id": by,
        }  # fmt: skip
        return self._write(Change(key=name, before=None, after=record, by=by), record)

    def change(
        self, name: str, before: Document, changes: Mapping[str, Any], *, by: str, touch: bool = True
    ) -> Document:
        """Replace fields of a record. Without `touch` neither `updated_at` nor the change feed moves."""
        after = {**before, **changes}
        if not touch:
            return self._place(name, before, after)
        after.update(updated_at=self.now(), last_updated_user_id=by)
        return self._write(Change(key=name, before=before, after=after, by=by), after)

    def remove(self, name: str, record: Document, *, by: str) -> None:
        self[name].delete(record["id"])
        self._reorder(name, record, None)
        self._tell(Change(key=name, before=record, after=None, by=by))

    def discard(self, name: str, record: Document) -> None:
        """Forget a record without a word to the change feed."""
        self[name].delete(record["id"])
        self._reorder(name, record, None)

    def ordered(self, name: str, field: str) -> list[Row]:
        """All records of a collection in ascending order of `field`, then of number. Not to be changed."""
        view = self._views.get((name, field))
        if view is None:
            view = self._views[(name, field)] = sorted(row(record, field) for record in self[name])
        return view

    def rollback(self) -> None:
        self.ledger.rollback()
        self._views.clear()

    def _write(self, change: Change, record: Document) -> Document:
        self._place(change.key, change.before, record)
        self._tell(change)
        return record

    def _place(self, name: str, before: Document | None, after: Document) -> Document:
        self[name].put(after["id"], after)
        self._reorder(name, before, after)
        return after

    def _tell(self, change: Change) -> None:
        for listener in self._listeners:
            listener(change)

    def _reorder(self, name: str, before: Document | None, after: Document | None) -> None:
        for field, view in self._views_of(name):
            old = None if before is None else row(before, field)
            new = None if after is None else row(after, field)
            if old == new:
                continue
            if old is not None:
                del view[bisect_left(view, old)]
            if new is not None:
                insort(view, new)

    def _views_of(self, name: str) -> Iterator[tuple[str, list[Row]]]:
        return ((field, view) for (owner, field), view in self._views.items() if owner == name)


def row(record: Document, field: str) -> Row:
    return record[field], int(record["id"])
