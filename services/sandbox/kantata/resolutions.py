"""What becomes of submissions: approved, rejected or cancelled, each time with a resolution on record."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..ledger import Document
from .access import leads
from .errors import forbidden, invalid
from .resource import Call, Resource, held

__all__ = [
    "APPROVE",
    "CANCEL",
    "EXPENSE_REPORTS",
    "KINDS",
    "REJECT",
    "RESOURCES",
    "TIMESHEETS",
    "VERBS",
    "Kind",
    "Verb",
    "resolve",
]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of submission: of what lines, dated by which field, worth what."""

    key: str
    singular: str
    lines: str
    line_ids: str
    dated: str
    subject: str
    #: What one line is worth, in the smallest unit of its currency.
    worth: Callable[[Document], int]


def time_worth(entry: Document) -> int:
    """Minutes at an hourly rate, rounded half up."""
    return (
        (int(entry["rate_in_cents"]) * int(entry["time_in_minutes"]) + 30) // 60 if entry["billable"] else 0
    )


TIMESHEETS = Kind(
    key="timesheet_submissions",
    singular="timesheet_submission",
    lines="time_entries",
    line_ids="time_entry_ids",
    dated="date_performed",
    subject="TimesheetSubmission",
    worth=time_worth,
)
EXPENSE_REPORTS = Kind(
    key="expense_report_submissions",
    singular="expense_report_submission",
    lines="expenses",
    line_ids="expense_ids",
    dated="date",
    subject="ExpenseReportSubmission",
    worth=lambda expense: int(expense["amount_in_cents"]),
)
KINDS = {kind.key: kind for kind in (TIMESHEETS, EXPENSE_REPORTS)}


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What can be done with a submission, from which states, and the state after."""

    name: str
    resolution: str
    result: str
    sources: tuple[str, ...]


#: An approval is reversed by rejecting or by cancelling the submission.
APPROVE = Verb(name="approve", resolution="approval", result="approved", sources=("pending",))
REJECT = Verb(name="reject", resolution="rejection", result="rejected", sources=("pending", "approved"))
CANCEL = Verb(name="cancel", resolution="cancellation", result="cancelled", sources=("pending", "approved"))
VERBS = {verb.name: verb for verb in (APPROVE, REJECT, CANCEL)}


def resolve(call: Call, kind: Kind, submission: Document, verb: Verb, description: object) -> Document:
    """Approve, reject or cancel one submission and return the resolution; 422 from a wrong state."""
    workspace = held(call.books, "workspaces", submission["workspace_id"], "workspace_id")
    own_withdrawal = verb is CANCEL and submission["user_id"] == call.by
    if not own_withdrawal and not leads(call, workspace):
        raise forbidden("You do not have approval permission in this project")
    if submission["status"] not in verb.sources:
        raise invalid(f"Submission is {submission['status']} and can't be {verb.result}", "status")
    lines = call.books[kind.lines].where("active_submission_id", submission["id"])
    _need_reversible(call, kind, verb, lines)
    resolution = call.books.insert(
        "resolutions",
        {
            "type": verb.resolution, "description": None if description is None else str(description),
            "target_type": kind.subject, "target_id": submission["id"], "user_id": call.by,
            "target": f"{kind.subject}:{submission['id']}",
        },
        by=call.by,
    )  # fmt: skip
    settled = {"status": verb.result, "current_resolution_id": resolution["id"]}
    call.books.change(kind.key, submission, settled, by=call.by)
    marks: dict[str, Any] = {"approved": verb is APPROVE}
    if verb is not APPROVE:
        marks["active_submission_id"] = None
    touch = bool(call.books.settings["approval_touches_entries"])
    for line in lines:
        call.books.change(kind.lines, line, marks, by=call.by, touch=touch)
    return resolution


def _need_reversible(call: Call, kind: Kind, verb: Verb, lines: list[Document]) -> None:
    if verb is APPROVE:
        return
    if any(line["is_invoiced"] for line in lines):
        raise invalid("Submission has invoiced line items", "status")
    if kind is EXPENSE_REPORTS and verb is REJECT and any(_externally_locked(call, line) for line in lines):
        raise invalid("Submission has line items that are locked by an integration", "status")


def _externally_locked(call: Call, expense: Document) -> bool:
    references = call.books["external_references"].where("subject", f"Expense:{expense['id']}")
    return any(reference["locked"] for reference in references)


RESOLUTIONS = Resource(
    key="resolutions",
    singular="resolution",
    fields=("type", "description", "target_type", "target_id", "user_id", "created_at", "updated_at"),
)

RESOURCES = (RESOLUTIONS,)
