"""Workspaces (projects), what their invoices say by default, and who takes part in them."""

from decimal import Decimal
from typing import Any

from ..ledger import Document
from .access import leads, need_lead
from .books import Books
from .errors import forbidden, invalid
from .filters import MOMENTS, referenced
from .participations import add_seat
from .people import ACCOUNT_ID, references_of
from .preferences import keep_preference, preference_id
from .resource import MONEY, Association, Call, Narrowing, Resource, held, many, one
from .values import (
    BASE_UNITS,
    SYMBOLS,
    currency,
    day,
    flag,
    ident,
    idents,
    one_of,
    price,
    record,
    text,
)

__all__ = ["RESOURCES"]

#: `status_key` to the colour and the words that the vendor shows.
STATUSES = {
    "100": ("grey", "Not Started"),
    "300": ("green", "In Progress"),
    "400": ("red", "On Hold"),
    "500": ("blue", "Done"),
}


def include_archived(call: Call, value: str) -> Narrowing:
    if flag(value):
        return Narrowing()
    return Narrowing(test=lambda workspace: not workspace["archived"])


def matching_title(call: Call, value: str) -> Narrowing:
    return Narrowing(test=lambda workspace: value.casefold() in workspace["title"].casefold())


def shown_status(call: Call, workspace: Document) -> dict[str, Any]:
    key = workspace["status_key"]
    colour, message = STATUSES[key]
    return {"key": int(key), "color": colour, "message": message}


def price_in_cents(call: Call, workspace: Document) -> int | None:
    if workspace["price"] is None:
        return None
    return int(Decimal(workspace["price"]) * BASE_UNITS[workspace["currency"]])


def shown_price(call: Call, workspace: Document) -> str | None:
    """The price in words for people: symbol, thousands, decimals."""
    cents = price_in_cents(call, workspace)
    if cents is None:
        return None
    units = BASE_UNITS[workspace["currency"]]
    return f"{SYMBOLS[workspace['currency']]}{Decimal(cents) / units:,.{len(str(units)) - 1}f}"


def participants(books: Books, workspace: Document) -> list[str]:
    return [place["user_id"] for place in books["participations"].where("workspace_id", workspace["id"])]


def _settled(call: Call, workspace: Document) -> Document:
    """A workspace whose references and amounts hold together; 422 otherwise."""
    if workspace["rate_card_id"] is not None:
        held(call.books, "rate_cards", workspace["rate_card_id"], "rate_card_id")
    for number in workspace["approver_ids"]:
        held(call.books, "users", number, "approver_id")
    if workspace["start_date"] and workspace["due_date"] and workspace["due_date"] < workspace["start_date"]:
        raise invalid("Due date must be on or after the start date", "due_date")
    if workspace["price"] is not None:
        cents = Decimal(workspace["price"]) * BASE_UNITS[workspace["currency"]]
        if cents < 0 or cents != cents.to_integral_value():
            raise invalid("Price is not a valid amount in this currency", "price")
    return workspace


def _approvers(fields: Document) -> Document:
    """`approver_id` and `approver_ids` are two ways to write one list; the first is the lead approver."""
    lead, several = fields.pop("approver_id", None), fields.pop("approver_ids", None)
    if lead is None and several is None:
        return fields
    return {**fields, "approver_ids": list(dict.fromkeys([*([lead] if lead else []), *(several or [])]))}


def create_workspace(call: Call, fields: Document) -> Document:
    """Whoever creates a workspace takes part in it and leads its team."""
    membership = call.books["account_memberships"].by("user_id", call.by)
    if membership is None or not membership["can_create_workspace"]:
        raise forbidden()
    fields = _approvers(fields)
    preference, role = fields.pop("invoice_preference", None), fields.pop("creator_role")
    workspace = {
        "account_id": ACCOUNT_ID, "description": None, "archived": False, "start_date": None, "due_date": None,
        "budgeted": False, "price": None, "currency": "USD", "rate_card_id": None, "access_level": "invitation",
        "require_time_approvals": False, "require_expense_approvals": False, "approver_ids": [],
        "status_key": "100", "tasks_default_non_billable": False, **fields,
    }  # fmt: skip
    made = call.books.insert("workspaces", _settled(call, workspace), by=call.by)
    keep_preference(call, made, preference)
    add_seat(call, made, call.by, {"role": role, "is_team_lead": True})
    return made


def change_workspace(call: Call, workspace: Document, fields: Document) -> Document:
    need_lead(call, workspace)
    fields = _approvers(fields)
    preference = fields.pop("invoice_preference", None)
    _settled(call, {**workspace, **fields})
    changed = call.books.change("workspaces", workspace, fields, by=call.by)
    keep_preference(call, changed, preference)
    return changed


WORKSPACES = Resource(
    key="workspaces",
    singular="workspace",
    subject="Workspace",
    fields=(
        "title", "account_id", "archived", "description", "start_date", "due_date", "budgeted", "access_level",
        "rate_card_id", "require_time_approvals", "require_expense_approvals", "tasks_default_non_billable",
        "created_at", "updated_at",
    ),
    computed={
        **MONEY,
        "status": shown_status,
        "price": shown_price,
        "price_in_cents": price_in_cents,
        "workspace_invoice_preference_id": lambda call, workspace: preference_id(call.books, workspace),
    },
    optional={"can_edit": leads},
    includes={
        "creator": one("users", "creator_id"),
        "approver": Association(
            key="users", field="approver_id", ids=lambda _, workspace: next(iter(workspace["approver_ids"]), None)
        ),
        "approvers": Association(
            key="users", field="approver_ids", ids=lambda _, workspace: workspace["approver_ids"]
        ),
        "participants": Association(key="users", field="participant_ids", ids=participants),
        "participations": many("participations", "participation_ids", "workspace_id"),
        "timesheet_submissions": many("timesheet_submissions", "timesheet_submission_ids", "workspace_id"),
        "workspace_invoice_preference": Association(
            key="workspace_invoice_preferences", field="workspace_invoice_preference_id", ids=preference_id
        ),
        "external_references": references_of("Workspace"),
    },
    filters={
        **MOMENTS,
        **referenced("Workspace", "workspaces"),
        "include_archived": include_archived,
        "matching_title": matching_title,
    },
    defaults={"include_archived": "false"},
    orders={"created_at": "created_at", "updated_at": "updated_at", "title": "title"},
    order="updated_at:desc",
    searched=("title", "description"),
    writable={
        "title": text, "creator_role": one_of("maven", "consultant", "buyer", "client"), "description": text,
        "start_date": day, "due_date": day, "budgeted": flag, "price": price, "currency": currency,
        "rate_card_id": ident, "require_time_approvals": flag, "require_expense_approvals": flag,
        "approver_id": ident, "approver_ids": idents, "access_level": one_of("open", "invitation", "admin"),
        "archived": flag, "status_key": one_of(*STATUSES), "invoice_preference": record,
        "tasks_default_non_billable": flag,
    },
    required=("title", "creator_role"),
    fixed=frozenset({"creator_role"}),
    create=create_workspace,
    update=change_workspace,
)  # fmt: skip

RESOURCES = (WORKSPACES,)
