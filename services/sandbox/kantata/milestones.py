"""Billing milestones: amounts of a fixed fee that become due on a date."""

from ..ledger import Document
from .access import need_lead, writable_workspace
from .errors import invalid
from .filters import MOMENTS, equals, referenced
from .people import references_of
from .resource import MONEY, Call, Resource, held, one
from .values import day, ident, positive, text

__all__ = ["RESOURCES"]


def create_milestone(call: Call, fields: Document) -> Document:
    workspace = writable_workspace(call, fields["workspace_id"])
    need_lead(call, workspace)
    _need_own_story(call, workspace["id"], fields.get("story_id"))
    milestone = {
        "billing_type": "fixed_fee", "story_id": None, "invoice_id": None, "currency": workspace["currency"], **fields
    }  # fmt: skip
    return call.books.insert("billing_milestones", milestone, by=call.by)


def change_milestone(call: Call, milestone: Document, fields: Document) -> Document:
    _need_free(call, milestone)
    _need_own_story(call, milestone["workspace_id"], fields.get("story_id"))
    return call.books.change("billing_milestones", milestone, fields, by=call.by)


def remove_milestone(call: Call, milestone: Document) -> None:
    _need_free(call, milestone)
    call.books.remove("billing_milestones", milestone, by=call.by)


def _need_free(call: Call, milestone: Document) -> None:
    need_lead(call, held(call.books, "workspaces", milestone["workspace_id"], "workspace_id"))
    if milestone["invoice_id"] is not None:
        raise invalid("Billing milestone is on an invoice", "invoice_id")


def _need_own_story(call: Call, workspace_id: str, story_id: str | None) -> None:
    if (
        story_id is not None
        and held(call.books, "stories", story_id, "story_id")["workspace_id"] != workspace_id
    ):
        raise invalid("Story must be in the same project", "story_id")


BILLING_MILESTONES = Resource(
    key="billing_milestones",
    singular="billing_milestone",
    subject="BillingMilestone",
    fields=(
        "title", "date_to_invoice", "amount_in_cents", "billing_type", "workspace_id", "story_id", "invoice_id",
        "created_at", "updated_at",
    ),
    computed=MONEY,
    includes={
        "workspace": one("workspaces", "workspace_id"),
        "story": one("stories", "story_id"),
        "external_references": references_of("BillingMilestone"),
    },
    filters={
        **MOMENTS,
        **referenced("BillingMilestone", "billing_milestones"),
        "workspace_id": equals("billing_milestones", "workspace_id"),
    },
    order="created_at:asc",
    writable={
        "title": text, "date_to_invoice": day, "amount_in_cents": positive, "workspace_id": ident,
        "story_id": ident,
    },
    required=("title", "amount_in_cents", "workspace_id"),
    fixed=frozenset({"workspace_id"}),
    create=create_milestone,
    update=change_milestone,
    remove=remove_milestone,
)  # fmt: skip

RESOURCES = (BILLING_MILESTONES,)
