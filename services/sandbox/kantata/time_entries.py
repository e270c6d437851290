"""Time entries."""

from ..ledger import Document
from .access import writable_workspace
from .errors import invalid
from .lines import line_filters, need_free, need_seat, need_story, owner
from .locks import need_unlocked
from .people import references_of
from .rates import hourly_rate
from .resource import MONEY, Call, Resource, held, one
from .values import day, flag, ident, positive, text, whole

__all__ = ["RESOURCES"]


def create_entry(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields["workspace_id"])
    user_id = owner(call, workspace, fields.get("user_id"))
    need_unlocked(call, fields["date_performed"])
    story = need_story(call, workspace, fields.get("story_id"))
    entry = {
        "story_id": None, "notes": None, "location": None, "taxable": False, "approved": False,
        "is_invoiced": False, "invoice_id": None, "active_submission_id": None, "recent_submission_id": None,
        "billable": True if story is None else story["billable"], **fields,
        "user_id": user_id, "currency": workspace["currency"],
    }  # fmt: skip
    return call.books.insert(
        "time_entries", _rated(call, workspace, _checked(call, entry), fields), by=call.by
    )


def change_entry(call: Call, entry: Document, fields: Document) -> Document:
    workspace = need_free(call, entry)
    need_unlocked(call, entry["date_performed"])
    need_unlocked(call, str(fields.get("date_performed", entry["date_performed"])))
    if "user_id" in fields:
        fields["user_id"] = owner(call, workspace, fields["user_id"])
    if "workspace_id" in fields:
        workspace = writable_workspace(call, fields["workspace_id"])
    moved = any(fields.get(name, entry[name]) != entry[name] for name in ("workspace_id", "user_id"))
    if moved and entry["active_submission_id"] is not None:
        raise invalid("It is on a submitted timesheet and can't be moved", "active_submission_id")
    after = _checked(call, {**entry, **fields, "currency": workspace["currency"]})
    return call.books.change("time_entries", entry, _rated(call, workspace, after, fields), by=call.by)


def remove_entry(call: Call, entry: Document) -> None:
    need_free(call, entry)
    need_unlocked(call, entry["date_performed"])
    call.books.remove("time_entries", entry, by=call.by)


def _checked(call: Call, entry: Document) -> Document:
    workspace = held(call.books, "workspaces", entry["workspace_id"], "workspace_id")
    need_seat(call, workspace, entry["user_id"])
    story = need_story(call, workspace, entry["story_id"])
    if story is not None and not story["time_trackable"]:
        raise invalid("Time can't be tracked to this task", "story_id")
    return entry


def _rated(call: Call, workspace: Document, entry: Document, sent: Document) -> Document:
    """The entry with role and rates: as sent, or from the project when whose work it is has changed."""
    if "rate_in_cents" in entry and not {"user_id", "workspace_id", "role_id", "rate_in_cents"} & set(sent):
        return entry
    place = call.books["participations"].by("seat", f"{workspace['id']}:{entry['user_id']}")
    role_id = sent.get("role_id") or (None if place is None else place["workspace_role_id"])
    membership = call.books["account_memberships"].by("user_id", entry["user_id"])
    rate = sent.get("rate_in_cents")
    return {
        **entry,
        "role_id": role_id,
        "rate_in_cents": hourly_rate(call.books, workspace, entry["user_id"], role_id)
        if rate is None
        else rate,
        "cost_rate_in_cents": None if membership is None else membership["cost_rate_in_cents"],
    }


def can_edit(call: Call, entry: Document) -> bool:
    own = entry["user_id"] == call.by or call.administrator
    return own and not entry["approved"] and not entry["is_invoiced"]


TIME_ENTRIES = Resource(
    key="time_entries",
    singular="time_entry",
    subject="TimeEntry",
    fields=(
        "created_at", "updated_at", "date_performed", "time_in_minutes", "billable", "notes", "rate_in_cents",
        "cost_rate_in_cents", "approved", "is_invoiced", "taxable", "location",
    ),
    computed=MONEY,
    optional={"user_can_edit": can_edit},
    includes={
        "workspace": one("workspaces", "workspace_id"),
        "user": one("users", "user_id"),
        "story": one("stories", "story_id"),
        "role": one("roles", "role_id"),
        "active_submission": one("timesheet_submissions", "active_submission_id"),
        "recent_submission": one("timesheet_submissions", "recent_submission_id"),
        "invoice": one("invoices", "invoice_id"),
        "external_references": references_of("TimeEntry"),
    },
    filters=line_filters("time_entries", "TimeEntry", "date_performed", "require_time_approvals"),
    defaults={"from_archived_workspaces": "false", "on_my_account": "true"},
    orders={"created_at": "created_at", "date_performed": "date_performed", "updated_at": "updated_at"},
    order="date_performed:desc",
    writable={
        "workspace_id": ident, "date_performed": day, "time_in_minutes": positive, "story_id": ident,
        "user_id": ident, "notes": text, "billable": flag, "rate_in_cents": whole, "role_id": ident,
        "location": text, "taxable": flag,
    },
    required=("workspace_id", "date_performed", "time_in_minutes"),
    create=create_entry,
    update=change_entry,
    remove=remove_entry,
    bulk=100,
)  # fmt: skip

RESOURCES = (TIME_ENTRIES,)
