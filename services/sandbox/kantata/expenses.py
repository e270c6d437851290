"""Expenses. Amounts are in the smallest unit of the workspace's currency."""

from ..ledger import Document
from .access import writable_workspace
from .errors import invalid
from .lines import line_filters, need_free, need_seat, need_story, owner
from .people import references_of
from .resource import MONEY, Call, Resource, one
from .values import day, flag, ident, positive, record, text

__all__ = ["RESOURCES"]


def create_expense(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields["workspace_id"])
    user_id = owner(call, workspace, fields.get("user_id"))
    need_seat(call, workspace, user_id)
    need_story(call, workspace, fields.get("story_id"))
    expense = {
        "notes": None, "category": None, "expense_category_id": None, "story_id": None, "receipt_id": None,
        "billable": True, "reimbursable": True, "taxable": False, "foreign_exchange_amount": None,
        "approved": False, "is_invoiced": False, "invoice_id": None, "active_submission_id": None,
        "recent_submission_id": None, **_read(fields), "user_id": user_id, "currency": workspace["currency"],
    }  # fmt: skip
    if expense["category"] is None and expense["expense_category_id"] is None:
        raise invalid("Category can't be blank", "category")
    return call.books.insert("expenses", expense, by=call.by)


def change_expense(call: Call, expense: Document, fields: Document) -> Document:
    workspace = need_free(call, expense)
    if "user_id" in fields:
        fields["user_id"] = owner(call, workspace, fields["user_id"])
        need_seat(call, workspace, fields["user_id"])
    need_story(call, workspace, fields.get("story_id"))
    return call.books.change("expenses", expense, _read(fields), by=call.by)


def remove_expense(call: Call, expense: Document) -> None:
    need_free(call, expense)
    call.books.remove("expenses", expense, by=call.by)


def _read(fields: Document) -> Document:
    """The vendor reads `billable` and shows `is_billable`; both are accepted."""
    kept = dict(fields)
    if "is_billable" in kept:
        kept["billable"] = kept.pop("is_billable")
    return kept


EXPENSES = Resource(
    key="expenses",
    singular="expense",
    subject="Expense",
    fields=(
        "created_at", "updated_at", "date", "notes", "category", "expense_category_id", "amount_in_cents",
        "approved", "is_invoiced", "taxable", "reimbursable", "foreign_exchange_amount",
    ),
    computed={**MONEY, "is_billable": lambda _, expense: expense["billable"]},
    includes={
        "workspace": one("workspaces", "workspace_id"),
        "user": one("users", "user_id"),
        "story": one("stories", "story_id"),
        "active_submission": one("expense_report_submissions", "active_submission_id"),
        "recent_submission": one("expense_report_submissions", "recent_submission_id"),
        "invoice": one("invoices", "invoice_id"),
        "external_references": references_of("Expense"),
    },
    filters=line_filters("expenses", "Expense", "date", "require_expense_approvals"),
    defaults={"from_archived_workspaces": "false"},
    orders={"created_at": "created_at", "date": "date", "updated_at": "updated_at"},
    order="date:desc",
    writable={
        "workspace_id": ident, "date": day, "amount_in_cents": positive, "category": text,
        "expense_category_id": ident, "notes": text, "user_id": ident, "story_id": ident, "receipt_id": ident,
        "billable": flag, "is_billable": flag, "reimbursable": flag, "taxable": flag,
        "foreign_exchange_amount": record,
    },
    required=("workspace_id", "date", "amount_in_cents"),
    fixed=frozenset({"workspace_id"}),
    create=create_expense,
    update=change_expense,
    remove=remove_expense,
    bulk=100,
)  # fmt: skip

RESOURCES = (EXPENSES,)
