"""Who takes part in a workspace."""

from ..ledger import Document
from .access import need_lead, seat, writable_workspace
from .errors import invalid
from .filters import MOMENTS, equals, referenced
from .people import references_of
from .resource import Call, Resource, held, one
from .values import flag, ident, one_of, positive, text

__all__ = ["RESOURCES", "add_seat"]


#: The vendor's newer words for the two sides of a project, and the older ones that it answers with.
SIDES = {"consultant": "maven", "client": "buyer"}


def _read(fields: Document) -> Document:
    """What was sent, in the names and words that are kept."""
    kept = dict(fields)
    if "role" in kept:
        kept["role"] = SIDES.get(kept["role"], kept["role"])
    if "team_lead" in kept:
        kept["is_team_lead"] = kept.pop("team_lead")
    return kept


def add_seat(call: Call, workspace: Document, user_id: str, fields: Document) -> Document:
    """Make a user take part, in the role that the account gives by default."""
    membership = call.books["account_memberships"].by("user_id", user_id)
    default_role = None if membership is None else membership["default_role_id"]
    place = {
        "is_team_lead": False, "can_invite": False, "access_level": "", "permissions": None,
        "rate_in_cents": None, "cost_in_cents": None, "workspace_role_id": default_role,
        **_read(fields),
        "workspace_id": workspace["id"], "user_id": user_id, "seat": f"{workspace['id']}:{user_id}",
    }  # fmt: skip
    return call.books.insert("participations", place, by=call.by)


def create_participation(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields.pop("workspace_id"))
    need_lead(call, workspace)
    user = held(call.books, "users", fields.pop("user_id"), "user_id")
    if seat(call.books, workspace["id"], user["id"]) is not None:
        raise invalid("User is already participating in this project", "user_id")
    return add_seat(call, workspace, user["id"], {"role": "maven", **fields})


def change_participation(call: Call, place: Document, fields: Document) -> Document:
    need_lead(call, held(call.books, "workspaces", place["workspace_id"], "workspace_id"))
    if fields.get("workspace_role_id") is not None:
        held(call.books, "roles", fields["workspace_role_id"], "workspace_role_id")
    return call.books.change("participations", place, _read(fields), by=call.by)


def remove_participation(call: Call, place: Document) -> None:
    need_lead(call, held(call.books, "workspaces", place["workspace_id"], "workspace_id"))
    call.books.remove("participations", place, by=call.by)


PARTICIPATIONS = Resource(
    key="participations",
    singular="participation",
    subject="Participation",
    fields=(
        "user_id", "workspace_id", "role", "is_team_lead", "can_invite", "access_level", "rate_in_cents",
        "cost_in_cents", "created_at", "updated_at",
    ),
    includes={
        "user": one("users", "user_id"),
        "workspace": one("workspaces", "workspace_id"),
        "workspace_role": one("roles", "workspace_role_id"),
        "primary_role": one("roles", "primary_role_id", "workspace_role_id"),
        "external_references": references_of("Participation"),
    },
    filters={
        **MOMENTS,
        **referenced("Participation", "participations"),
        "workspace_id": equals("participations", "workspace_id"),
        "user_id": equals("participations", "user_id"),
    },
    order="created_at:asc",
    writable={
        "workspace_id": ident, "user_id": ident, "role": one_of("maven", "consultant", "buyer", "client"),
        "team_lead": flag, "can_invite": flag, "access_level": text, "permissions": text,
        "rate_in_cents": positive, "cost_in_cents": positive, "workspace_role_id": ident,
    },
    required=("workspace_id", "user_id"),
    fixed=frozenset({"workspace_id", "user_id"}),
    create=create_participation,
    update=change_participation,
    remove=remove_participation,
)  # fmt: skip

RESOURCES = (PARTICIPATIONS,)
