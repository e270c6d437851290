"""Stories: tasks, deliverables, milestones and issues, and who is assigned to them."""

from collections.abc import Callable

from ..ledger import Document
from .access import need_lead, seat, writable_workspace
from .books import Books
from .errors import invalid
from .filters import MOMENTS, equals, flagged, referenced
from .people import references_of
from .resource import Association, Call, Narrowing, Resource, held, many, one
from .values import day, flag, ident, idents, one_of, positive, text, whole

__all__ = ["RESOURCES"]

STATES = (
    "not started", "started", "completed", "needs info", "blocked", "on hold",
    "new", "reopened", "in progress", "fixed", "resolved",
)  # fmt: skip


def current(books: Books, story: Document) -> list[Document]:
    return [found for found in books["assignments"].where("story_id", story["id"]) if found["current"]]


def assignee_ids(books: Books, story: Document) -> list[str]:
    return [assignment["assignee_id"] for assignment in current(books, story)]


def assignment_ids(books: Books, story: Document) -> list[str]:
    return [assignment["id"] for assignment in current(books, story)]


def parents_only(call: Call, value: str) -> Narrowing:
    if not flag(value):
        return Narrowing()
    return Narrowing(test=lambda story: story["parent_id"] is None)


def of_types(call: Call, value: str) -> Narrowing:
    wanted = {part.strip() for part in value.split(",")}
    if not wanted <= {"task", "deliverable", "milestone", "issue"}:
        raise ValueError("is not a story type")
    return Narrowing(test=lambda story: story["story_type"] in wanted)


def logged(*, billable: bool) -> Callable[[Call, Document], int]:
    """The minutes logged against a story, billable or not."""

    def minutes(call: Call, story: Document) -> int:
        entries = call.books["time_entries"].where("story_id", story["id"])
        return sum(entry["time_in_minutes"] for entry in entries if entry["billable"] is billable)

    return minutes


def create_story(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields["workspace_id"])
    need_lead(call, workspace)
    assignees = fields.pop("assignee_ids", [])
    story = {
        "description": None, "parent_id": None, "start_date": None, "due_date": None, "priority": None,
        "state": "not started", "time_estimate_in_minutes": None, "budget_estimate_in_cents": None,
        "billable": not workspace["tasks_default_non_billable"], "fixed_fee": False, "time_trackable": True,
        "percentage_complete": 0, "weight": None, "archived": False, **fields,
    }  # fmt: skip
    made = call.books.insert("stories", _checked(call, story), by=call.by)
    _assign(call, made, assignees)
    return made


def change_story(call: Call, story: Document, fields: Document) -> Document:
    workspace = held(call.books, "workspaces", story["workspace_id"], "workspace_id")
    assigned = call.by in assignee_ids(call.books, story)
    # People who work on a task may say how far they are.
    if not (assigned and set(fields) <= {"state", "percentage_complete"}):
        need_lead(call, workspace)
    assignees = fields.pop("assignee_ids", None)
    _checked(call, {**story, **fields})
    changed = call.books.change("stories", story, fields, by=call.by)
    if assignees is not None:
        _assign(call, changed, assignees)
    return changed


def remove_story(call: Call, story: Document) -> None:
    need_lead(call, held(call.books, "workspaces", story["workspace_id"], "workspace_id"))
    if call.books["time_entries"].where("story_id", story["id"]):
        raise invalid("Story has time logged against it", "id")
    if call.books["stories"].where("parent_id", story["id"]):
        raise invalid("Story has sub-stories", "id")
    for assignment in call.books["assignments"].where("story_id", story["id"]):
        call.books.remove("assignments", assignment, by=call.by)
    call.books.remove("stories", story, by=call.by)


def _checked(call: Call, story: Document) -> Document:
    if len(story["title"]) > 200:
        raise invalid("Title is too long (maximum is 200 characters)", "title")
    if story["parent_id"] is not None:
        parent = held(call.books, "stories", story["parent_id"], "parent_id")
        if parent["workspace_id"] != story["workspace_id"]:
            raise invalid("Parent must be in the same project", "parent_id")
    if story["start_date"] and story["due_date"] and story["due_date"] < story["start_date"]:
        raise invalid("Due date must be on or after the start date", "due_date")
    return story


def _assign(call: Call, story: Document, assignees: list[str]) -> None:
    """Make these users, and no others, the current assignees."""
    kept = {assignment["assignee_id"]: assignment for assignment in current(call.books, story)}
    for user_id in assignees:
        if seat(call.books, story["workspace_id"], user_id) is None:
            raise invalid("Assignees must be participating in the project", "assignee_ids")
        if user_id not in kept:
            fields = {"story_id": story["id"], "assignee_id": user_id, "current": True}
            call.books.insert("assignments", fields, by=call.by)
    for user_id, assignment in kept.items():
        if user_id not in assignees:
            call.books.change("assignments", assignment, {"current": False}, by=call.by)


STORIES = Resource(
    key="stories",
    singular="story",
    subject="Story",
    fields=(
        "title", "description", "story_type", "state", "workspace_id", "parent_id", "creator_id", "start_date",
        "due_date", "priority", "archived", "billable", "fixed_fee", "time_trackable", "percentage_complete",
        "weight", "time_estimate_in_minutes", "budget_estimate_in_cents", "created_at", "updated_at",
    ),
    computed={
        "logged_billable_time_in_minutes": logged(billable=True),
        "logged_nonbillable_time_in_minutes": logged(billable=False),
    },
    includes={
        "workspace": one("workspaces", "workspace_id"),
        "parent": one("stories", "parent_id"),
        "creator": one("users", "creator_id"),
        "assignees": Association(key="users", field="assignee_ids", ids=assignee_ids),
        "current_assignments": Association(
            key="assignments", field="current_assignment_ids", ids=assignment_ids
        ),
        "sub_stories": many("stories", "sub_story_ids", "parent_id"),
        "external_references": references_of("Story"),
    },
    filters={
        **MOMENTS,
        **referenced("Story", "stories"),
        "workspace_id": equals("stories", "workspace_id"),
        "with_parent_id": equals("stories", "parent_id"),
        "parents_only": parents_only,
        "story_type": of_types,
    },
    order="created_at:asc",
    searched=("title", "description"),
    writable={
        "title": text, "story_type": one_of("task", "deliverable", "milestone", "issue"), "workspace_id": ident,
        "description": text, "parent_id": ident, "start_date": day, "due_date": day, "state": one_of(*STATES),
        "assignee_ids": idents, "time_estimate_in_minutes": positive, "budget_estimate_in_cents": whole,
        "billable": flag, "fixed_fee": flag, "time_trackable": flag, "archived": flag, "priority": whole,
        "percentage_complete": whole, "weight": whole,
    },
    required=("title", "story_type", "workspace_id"),
    fixed=frozenset({"workspace_id"}),
    create=create_story,
    update=change_story,
    remove=remove_story,
    bulk=300,
)  # fmt: skip

ASSIGNMENTS = Resource(
    key="assignments",
    singular="assignment",
    subject="Assignment",
    fields=("current", "story_id", "assignee_id", "created_at", "updated_at"),
    includes={"story": one("stories", "story_id"), "assignee": one("users", "assignee_id")},
    filters={
        **MOMENTS,
        "story_id": equals("assignments", "story_id"),
        "current": flagged("current"),
    },
    order="created_at:asc",
)

RESOURCES = (STORIES, ASSIGNMENTS)
