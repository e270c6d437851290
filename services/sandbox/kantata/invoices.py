"""Invoices, as far as they close the lines that are on them."""

from ..ledger import Document
from .access import need_lead, writable_workspace
from .errors import invalid
from .filters import MOMENTS, referenced
from .people import references_of
from .resolutions import EXPENSE_REPORTS, TIMESHEETS
from .resource import MONEY, Association, Call, Narrowing, Resource, held, one
from .values import day, ident, idents, text

__all__ = ["RESOURCES", "cancel"]

LINES = {
    "time_entry_ids": ("time_entries", TIMESHEETS.worth),
    "expense_ids": ("expenses", EXPENSE_REPORTS.worth),
    "billing_milestone_ids": ("billing_milestones", EXPENSE_REPORTS.worth),
}


def create_invoice(call: Call, fields: Document) -> Document:
    """An invoice over lines of one workspace; 422 where one is not approved, or on another invoice."""
    workspace = writable_workspace(call, fields.pop("workspace_id"))
    need_lead(call, workspace)
    total = 0
    for name, (key, worth) in LINES.items():
        for number in fields.get(name, []):
            line = held(call.books, key, number, name)
            _need_billable(workspace, key, line, name)
            total += worth(line)
    numbers: Document = {name: [] for name in LINES}
    invoice = call.books.insert(
        "invoices",
        {
            "title": None, "message": None, "due_date": None, "invoice_date": call.books.today(), **numbers,
            **fields, "workspace_ids": [workspace["id"]], "user_id": call.by, "status": "new", "draft": False,
            "balance_in_cents": total, "currency": workspace["currency"],
        },
        by=call.by,
    )  # fmt: skip
    _mark(call, invoice, {"is_invoiced": True, "invoice_id": invoice["id"]})
    return invoice


def cancel(call: Call, invoice: Document) -> Document:
    """Cancel an invoice and free its lines."""
    need_lead(call, held(call.books, "workspaces", invoice["workspace_ids"][0], "workspace_id"))
    if invoice["status"] != "new":
        raise invalid(f"Invoice is {invoice['status']} and can't be cancelled", "status")
    _mark(call, invoice, {"is_invoiced": False, "invoice_id": None})
    return call.books.change("invoices", invoice, {"status": "cancelled", "balance_in_cents": 0}, by=call.by)


def _need_billable(workspace: Document, key: str, line: Document, name: str) -> None:
    if line["workspace_id"] != workspace["id"]:
        raise invalid(f"Line item {line['id']} is in another project", name)
    if line["invoice_id"] is not None:
        raise invalid(f"Line item {line['id']} has already been invoiced", name)
    rules = {"time_entries": "require_time_approvals", "expenses": "require_expense_approvals"}
    if key in rules and workspace[rules[key]] and not line["approved"]:
        raise invalid(f"Line item {line['id']} has not been approved", name)


def _mark(call: Call, invoice: Document, marks: Document) -> None:
    for name, (key, _) in LINES.items():
        for number in invoice[name]:
            call.books.change(key, held(call.books, key, number, name), marks, by=call.by)


def in_workspace(call: Call, value: str) -> Narrowing:
    wanted = ident(value)
    return Narrowing(test=lambda invoice: wanted in invoice["workspace_ids"])


INVOICES = Resource(
    key="invoices",
    singular="invoice",
    subject="Invoice",
    fields=(
        "title", "message", "status", "draft", "invoice_date", "due_date", "balance_in_cents", "created_at",
        "updated_at",
    ),
    computed=MONEY,
    includes={
        "user": one("users", "user_id"),
        "workspaces": Association(
            key="workspaces", field="workspace_ids", ids=lambda _, invoice: invoice["workspace_ids"]
        ),
        "time_entries": Association(
            key="time_entries", field="time_entry_ids", ids=lambda _, invoice: invoice["time_entry_ids"]
        ),
        "expenses": Association(
            key="expenses", field="expense_ids", ids=lambda _, invoice: invoice["expense_ids"]
        ),
        "billing_milestones": Association(
            key="billing_milestones",
            field="billing_milestone_ids",
            ids=lambda _, invoice: invoice["billing_milestone_ids"],
        ),
        "external_references": references_of("Invoice"),
    },
    filters={**MOMENTS, **referenced("Invoice", "invoices"), "workspace_id": in_workspace},
    writable={
        "workspace_id": ident, "time_entry_ids": idents, "expense_ids": idents, "billing_milestone_ids": idents,
        "title": text, "message": text, "invoice_date": day, "due_date": day,
    },
    required=("workspace_id",),
    create=create_invoice,
)  # fmt: skip

RESOURCES = (INVOICES,)
