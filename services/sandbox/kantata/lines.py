"""What time entries and expenses have in common: whose they are, and when they may no longer be touched."""

from collections.abc import Mapping

from ..ledger import Document
from .access import leads, seat
from .errors import forbidden, invalid
from .filters import (
    MOMENTS,
    any_of,
    days_between,
    equals,
    flagged,
    live_workspaces,
    presence,
    referenced,
)
from .resource import Call, Filter, Narrowing, held
from .values import flag

__all__ = ["line_filters", "need_free", "need_seat", "need_story", "owner"]


def owner(call: Call, workspace: Document, asked: str | None) -> str:
    """Whose line it is: who asks, or the user asked for by someone with financial access.

    From anyone else the vendor ignores `user_id` without a word, and so does this.
    """
    return asked if asked is not None and leads(call, workspace) else call.by


def need_seat(call: Call, workspace: Document, user_id: str) -> None:
    """422 for a user who does not take part in the workspace."""
    if seat(call.books, workspace["id"], user_id) is None:
        raise invalid("User must be participating in the project", "user_id")


def need_story(call: Call, workspace: Document, story_id: str | None) -> Document | None:
    """The story of a line, which belongs to its workspace."""
    if story_id is None:
        return None
    story = held(call.books, "stories", story_id, "story_id")
    if story["workspace_id"] != workspace["id"]:
        raise invalid("Story must be in the same project", "story_id")
    return story


def need_free(call: Call, line: Document) -> Document:
    """The workspace of a line that the caller may change; 422 where the line is approved or invoiced."""
    workspace = held(call.books, "workspaces", line["workspace_id"], "workspace_id")
    if line["user_id"] != call.by and not leads(call, workspace):
        raise forbidden()
    if line["is_invoiced"]:
        raise invalid("It has been invoiced and can't be changed", "is_invoiced")
    if line["approved"]:
        raise invalid("It has been approved and can't be changed", "approved")
    return workspace


def approved(rule: str) -> Filter:
    """Approved, or in a project whose `rule` does not ask for approval. The value is ignored."""

    def narrow(call: Call, value: str) -> Narrowing:
        free = {workspace["id"] for workspace in call.books["workspaces"] if not workspace[rule]}
        return Narrowing(test=lambda line: line["approved"] or line["workspace_id"] in free)

    return narrow


def in_active_submission(call: Call, value: str) -> Narrowing:
    wanted = flag(value)
    return Narrowing(test=lambda line: (line["active_submission_id"] is not None) is wanted)


def on_my_account(call: Call, value: str) -> Narrowing:
    """Every project of the stand-in is on the one account there is."""
    flag(value)
    return Narrowing()


def line_filters(key: str, subject: str, date: str, rule: str) -> Mapping[str, Filter]:
    """Filters of time entries and, by the same names, of expenses.

    `date` is the field with the day, `rule` the workspace's field that says whether approval is asked for.
    """
    return {
        **MOMENTS,
        **referenced(subject, key),
        "approved": approved(rule),
        "billable": flagged("billable"),
        f"{date}_between": days_between(date),
        "workspace_id": equals(key, "workspace_id"),
        "workspace_ids": any_of(key, "workspace_id"),
        "with_user_ids": any_of(key, "user_id", indexed=False),
        "in_active_submission": in_active_submission,
        "with_timesheet_id": equals(key, "active_submission_id"),
        "with_recent_timesheet_ids": any_of(key, "recent_submission_id"),
        "invoiced": presence("is_invoiced", True),
        "uninvoiced": presence("is_invoiced", False),
        "from_archived_workspaces": live_workspaces,
        "on_my_account": on_my_account,
    }
