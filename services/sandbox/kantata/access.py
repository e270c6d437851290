"""Who may do what in a workspace."""

from ..ledger import Document
from .books import Books
from .errors import forbidden, not_found
from .resource import Call

__all__ = ["leads", "need_lead", "seat", "writable_workspace"]


def seat(books: Books, workspace_id: str, user_id: str) -> Document | None:
    """A user's participation in a workspace."""
    return books["participations"].by("seat", f"{workspace_id}:{user_id}")


def leads(call: Call, workspace: Document) -> bool:
    """Financial access and time approval: administrators, approvers, and the workspace's team leads."""
    if call.administrator or call.by in workspace["approver_ids"]:
        return True
    place = seat(call.books, workspace["id"], call.by)
    return place is not None and place["role"] == "maven" and place["is_team_lead"]


def need_lead(call: Call, workspace: Document) -> None:
    """403 for anyone without financial access to the workspace."""
    if not leads(call, workspace):
        raise forbidden()


def writable_workspace(call: Call, number: str) -> Document:
    """A workspace that is there and not archived; 404 otherwise."""
    workspace = call.books["workspaces"].get(number)
    if workspace is None or workspace["archived"]:
        raise not_found()
    return workspace
