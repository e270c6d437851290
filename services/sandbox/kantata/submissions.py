"""Timesheets and expense reports: how they are submitted, listed and shown."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from ..ledger import Document
from .access import leads, writable_workspace
from .books import Books
from .errors import invalid
from .filters import MOMENTS, any_of, equals, referenced
from .lines import owner
from .locks import need_unlocked
from .people import references_of
from .resolutions import CANCEL, EXPENSE_REPORTS, TIMESHEETS, VERBS, Kind
from .resource import MONEY, Association, Call, Narrowing, Resource, held, one
from .values import ident, idents, text

__all__ = ["RESOURCES"]


def create(kind: Kind) -> Callable[[Call, Document], Document]:
    def submit(call: Call, fields: Document) -> Document:
        workspace = writable_workspace(call, fields["workspace_id"])
        user_id = owner(call, workspace, fields.pop("user_id", None))
        numbers = fields.pop("line_item_ids")
        lines = _lines(call, kind, workspace, user_id, numbers)
        start, end = _period(kind, lines)
        submission = call.books.insert(
            kind.key,
            {
                "comment": None, **fields, "user_id": user_id, "status": "pending", "start_date": start,
                "end_date": end, "currency": workspace["currency"], "line_item_ids": numbers,
                "line_item_total_in_cents": sum(kind.worth(line) for line in lines), "current_resolution_id": None,
            },
            by=call.by,
        )  # fmt: skip
        for line in lines:
            marks = {"active_submission_id": submission["id"], "recent_submission_id": submission["id"]}
            call.books.change(kind.lines, line, marks, by=call.by, touch=False)
        return submission

    return submit


def _lines(call: Call, kind: Kind, workspace: Document, user_id: str, numbers: list[str]) -> list[Document]:
    """The lines to submit: all of one user in one workspace, none on another open submission."""
    lines = []
    for number in numbers:
        line = call.books[kind.lines].get(number)
        if line is None or line["workspace_id"] != workspace["id"] or line["user_id"] != user_id:
            raise invalid(f"Line item {number} is not this user's in this project", "line_item_ids")
        if line["active_submission_id"] is not None:
            raise invalid(f"Line item {number} has already been submitted", "line_item_ids")
        if kind is TIMESHEETS:
            need_unlocked(call, line[kind.dated])
        lines.append(line)
    return lines


def _period(kind: Kind, lines: list[Document]) -> tuple[str, str]:
    """The days a submission spans. A timesheet is one week, Sunday to Saturday by the first entry's day."""
    days = sorted(date.fromisoformat(line[kind.dated]) for line in lines)
    if kind is EXPENSE_REPORTS:
        return days[0].isoformat(), days[-1].isoformat()
    if days[-1] - days[0] >= timedelta(days=7):
        raise invalid("Time entries must be in the same week", "line_item_ids")
    start = days[0] - timedelta(days=(days[0].weekday() + 1) % 7)
    return start.isoformat(), (start + timedelta(days=6)).isoformat()


def statuses(call: Call, value: str) -> Narrowing:
    """The filter says `new` for what the record calls `pending`."""
    words = {"new": "pending", "approved": "approved", "rejected": "rejected", "cancelled": "cancelled"}
    asked = [part.strip() for part in value.split(",")]
    if unknown := set(asked) - set(words):
        raise ValueError(f"unknown status {sorted(unknown)[0]!r}")
    wanted = {words[word] for word in asked}
    return Narrowing(test=lambda submission: submission["status"] in wanted)


def resolution_of(call: Call, submission: Document) -> Document | None:
    number = submission["current_resolution_id"]
    return None if number is None else call.books["resolutions"].get(number)


def resolved(field: str) -> Callable[[Call, Document], Any]:
    def read(call: Call, submission: Document) -> Any:
        resolution = resolution_of(call, submission)
        return None if resolution is None else resolution[field]

    return read


def resolved_on(call: Call, submission: Document) -> str | None:
    resolution = resolution_of(call, submission)
    return None if resolution is None else (call.books.shown(resolution["created_at"]) or "")[:10]


def permissions(call: Call, submission: Document) -> dict[str, bool]:
    workspace = held(call.books, "workspaces", submission["workspace_id"], "workspace_id")
    lead, own = leads(call, workspace), submission["user_id"] == call.by
    return {
        f"can_{verb.name}": submission["status"] in verb.sources and (lead or (own and verb is CANCEL))
        for verb in VERBS.values()
    }


def line_item_ids(kind: Kind) -> Callable[[Books, Document], list[str]]:
    """Lines of a submission; the vendor ties a line to its most recent submission only."""

    def ids(books: Books, submission: Document) -> list[str]:
        return [line["id"] for line in books[kind.lines].where("recent_submission_id", submission["id"])]

    return ids


def resource(kind: Kind) -> Resource:
    return Resource(
        key=kind.key,
        singular=kind.singular,
        subject="Submission",
        fields=(
            "title", "comment", "status", "start_date", "end_date", "line_item_total_in_cents", "created_at",
            "updated_at",
        ),
        computed={
            **MONEY,
            "type": lambda _, submission: kind.subject,
            "resolution_description": resolved("description"),
            "current_resolution_description": resolved("description"),
            "current_resolution_creator_id": resolved("user_id"),
            "current_resolution_created_at_date": resolved_on,
            "permissions": permissions,
        },
        includes={
            "user": one("users", "user_id"),
            "workspace": one("workspaces", "workspace_id"),
            kind.lines: Association(key=kind.lines, field=kind.line_ids, ids=line_item_ids(kind)),
            "resolutions": Association(
                key="resolutions",
                field="resolution_ids",
                ids=lambda books, submission: [
                    made["id"]
                    for made in books["resolutions"].where("target", f"{kind.subject}:{submission['id']}")
                ],
            ),
            "external_references": references_of("Submission"),
        },
        filters={
            **MOMENTS,
            **referenced("Submission", kind.key),
            "statuses": statuses,
            "workspace_id": equals(kind.key, "workspace_id"),
            "workspace_ids": any_of(kind.key, "workspace_id"),
            "user_ids": any_of(kind.key, "user_id", indexed=False),
        },
        orders={"date": "start_date", "created_at": "created_at", "updated_at": "updated_at"},
        order="date:desc",
        writable={
            "workspace_id": ident, "title": text, "comment": text, "user_id": ident, "line_item_ids": idents,
        },
        required=("workspace_id", "title", "line_item_ids"),
        create=create(kind),
    )  # fmt: skip


RESOURCES = (resource(TIMESHEETS), resource(EXPENSE_REPORTS))
