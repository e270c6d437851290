"""Users, their account memberships and cost rates, and roles."""

from typing import Any

from ..ledger import Document
from .books import Books
from .errors import forbidden, invalid
from .filters import MOMENTS, equals, referenced
from .resource import Association, Call, Narrowing, Resource, held, many, one
from .values import currency, flag, ident, positive, text

__all__ = ["ACCOUNT_ID", "RESOURCES", "references_of"]

ACCOUNT_ID = "4711"


def references_of(subject: str) -> Association:
    """The external references of a subject."""

    def ids(books: Books, document: Document) -> list[str]:
        kept = books["external_references"].where("subject", f"{subject}:{document['id']}")
        return [reference["id"] for reference in kept]

    return Association(key="external_references", field="external_reference_ids", ids=ids)


def membership_id(books: Books, user: Document) -> str | None:
    membership = books["account_memberships"].by("user_id", user["id"])
    return None if membership is None else membership["id"]


def on_my_account(call: Call, value: str) -> Narrowing:
    """Everyone on the account; without it only those who take part in some project."""
    if flag(value):
        return Narrowing()
    seats = call.books["participations"]
    return Narrowing(test=lambda user: bool(seats.where("user_id", user["id"])))


def by_email(call: Call, value: str) -> Narrowing:
    def found() -> list[Document]:
        user = call.books["users"].by("email_address", value)
        return [] if user is None else [user]

    return Narrowing(among=found)


def participant_in(call: Call, value: str) -> Narrowing:
    seats = call.books["participations"].where("workspace_id", ident(value))
    members = [call.books["users"].get(place["user_id"]) for place in seats]
    return Narrowing(among=lambda: (user for user in members if user is not None))


def change_user(call: Call, user: Document, fields: Document) -> Document:
    if call.by != user["id"] and not call.administrator:
        raise forbidden()
    return call.books.change("users", user, fields, by=call.by)


def change_membership(call: Call, membership: Document, fields: Document) -> Document:
    call.need_administrator()
    return call.books.change("account_memberships", membership, fields, by=call.by)


def create_cost_rate(call: Call, fields: Document) -> Document:
    call.need_administrator()
    membership = held(
        call.books, "account_memberships", fields["account_membership_id"], "account_membership_id"
    )
    rate = call.books.insert("cost_rates", {"in_use": True, **fields}, by=call.by)
    cents = {"cost_rate_in_cents": fields["amount_in_subunits"]}
    call.books.change("account_memberships", membership, cents, by=call.by)
    return rate


def create_role(call: Call, fields: Document) -> Document:
    call.need_administrator()
    _need_free_name(call, fields["name"])
    return call.books.insert("roles", fields, by=call.by)


def change_role(call: Call, role: Document, fields: Document) -> Document:
    call.need_administrator()
    if fields.get("name", role["name"]) != role["name"]:
        _need_free_name(call, fields["name"])
    return call.books.change("roles", role, fields, by=call.by)


def _need_free_name(call: Call, name: str) -> None:
    if any(role["name"] == name for role in call.books["roles"]):
        raise invalid("Name has already been taken", "name")


def permission(call: Call, user: Document) -> Any:
    membership = call.books["account_memberships"].by("user_id", user["id"])
    return None if membership is None else membership["permission"]


USERS = Resource(
    key="users",
    singular="user",
    subject="User",
    fields=("full_name", "photo_path", "email_address", "headline", "disabled", "account_id"),
    optional={"account_permission": permission},
    includes={
        "role": one("roles", "role_id"),
        "account_membership": Association(
            key="account_memberships", field="account_membership_id", ids=membership_id
        ),
        "external_references": references_of("User"),
    },
    filters={
        **MOMENTS,
        **referenced("User", "users"),
        "on_my_account": on_my_account,
        "by_email_address": by_email,
        "participant_in": participant_in,
    },
    list_defaults={"on_my_account": "false"},
    orders={"alphabetical": "full_name"},
    order="alphabetical:asc",
    searched=("full_name", "email_address"),
    writable={"full_name": text, "headline": text, "email_address": text},
    required=("full_name", "email_address"),
    update=change_user,
)

ACCOUNT_MEMBERSHIPS = Resource(
    key="account_memberships",
    singular="account_membership",
    subject="AccountMembership",
    fields=(
        "user_id", "permission", "is_administrator", "is_owner", "is_project_lead", "can_log_in",
        "can_create_workspace", "can_view_reports", "bill_rate_in_cents", "cost_rate_in_cents",
        "disabled_at", "created_at", "updated_at",
    ),
    includes={
        "user": one("users", "user_id"),
        "default_role": one("roles", "default_role_id"),
        "cost_rates": many("cost_rates", "cost_rate_ids", "account_membership_id"),
    },
    filters={**MOMENTS},
    order="created_at:asc",
    writable={"bill_rate_in_cents": positive, "default_role_id": ident},
    update=change_membership,
)  # fmt: skip

COST_RATES = Resource(
    key="cost_rates",
    singular="cost_rate",
    subject="CostRate",
    fields=(
        "currency", "amount_in_subunits", "in_use", "account_membership_id", "created_at", "updated_at",
    ),
    includes={"account_membership": one("account_memberships", "account_membership_id")},
    filters={
        **MOMENTS,
        "account_membership_id": equals("cost_rates", "account_membership_id"),
    },
    order="created_at:asc",
    writable={"currency": currency, "amount_in_subunits": positive, "account_membership_id": ident},
    required=("currency", "amount_in_subunits", "account_membership_id"),
    create=create_cost_rate,
)  # fmt: skip

ROLES = Resource(
    key="roles",
    singular="role",
    subject="Role",
    fields=("name", "created_at", "updated_at"),
    includes={"external_references": references_of("Role")},
    filters={**MOMENTS, **referenced("Role", "roles")},
    order="created_at:asc",
    searched=("name",),
    writable={"name": text},
    required=("name",),
    create=create_role,
    update=change_role,
)

RESOURCES = (USERS, ACCOUNT_MEMBERSHIPS, COST_RATES, ROLES)
