"""What a workspace's invoices say by default: project code, purchase order, names and addresses."""

from ..ledger import Document
from .access import need_lead
from .body import read_fields
from .books import Books
from .errors import invalid
from .filters import MOMENTS, equals
from .resource import Call, Resource, held, one
from .values import ident, text

__all__ = ["RESOURCES", "keep_preference", "preference_id"]

PREFERENCES = {
    "project_code": text, "purchase_order": text, "client_invoice_name": text, "client_invoice_address": text,
    "consultant_invoice_name": text, "consultant_invoice_address": text,
}  # fmt: skip


def preference_id(books: Books, workspace: Document) -> str | None:
    """The id of a workspace's invoice preferences."""
    kept = books["workspace_invoice_preferences"].by("workspace_id", workspace["id"])
    return None if kept is None else kept["id"]


def keep_preference(call: Call, workspace: Document, sent: Document | None) -> None:
    """Keep the `invoice_preference` that a workspace was written with, where there was one."""
    if sent is None:
        return
    fields = read_fields(INVOICE_PREFERENCES, sent, creating=False)
    kept = call.books["workspace_invoice_preferences"].by("workspace_id", workspace["id"])
    if kept is not None:
        call.books.change("workspace_invoice_preferences", kept, fields, by=call.by)
        return
    blank = dict.fromkeys(PREFERENCES)
    call.books.insert(
        "workspace_invoice_preferences", {**blank, **fields, "workspace_id": workspace["id"]}, by=call.by
    )


def create_preference(call: Call, fields: Document) -> Document:
    workspace = held(call.books, "workspaces", fields["workspace_id"], "workspace_id")
    need_lead(call, workspace)
    if preference_id(call.books, workspace) is not None:
        raise invalid("Workspace already has invoice preferences", "workspace_id")
    blank = dict.fromkeys(PREFERENCES)
    return call.books.insert("workspace_invoice_preferences", {**blank, **fields}, by=call.by)


def change_preference(call: Call, preference: Document, fields: Document) -> Document:
    need_lead(call, held(call.books, "workspaces", preference["workspace_id"], "workspace_id"))
    return call.books.change("workspace_invoice_preferences", preference, fields, by=call.by)


INVOICE_PREFERENCES = Resource(
    key="workspace_invoice_preferences",
    singular="workspace_invoice_preference",
    fields=("workspace_id", *PREFERENCES, "created_at", "updated_at"),
    includes={"workspace": one("workspaces", "workspace_id")},
    filters={
        **MOMENTS,
        "workspace_id": equals("workspace_invoice_preferences", "workspace_id", indexed=False),
    },
    writable={"workspace_id": ident, **PREFERENCES},
    required=("workspace_id",),
    fixed=frozenset({"workspace_id"}),
    create=create_preference,
    update=change_preference,
)

RESOURCES = (INVOICE_PREFERENCES,)
