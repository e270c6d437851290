"""What the firm already keeps in Kantata on the first day: people, roles, rate cards and credentials."""

from typing import Any

from ..firm import Consultant, Firm, RateCard
from ..ledger import Document
from .auth import INTEGRATION_TOKEN, Auth
from .books import Books
from .people import ACCOUNT_ID

__all__ = ["ADMINISTRATOR_EMAIL", "INTEGRATION_EMAIL", "settle"]

ADMINISTRATOR_EMAIL = "kantata.admin@northmark.example"
INTEGRATION_EMAIL = "kantata.integration@northmark.example"
#: Nobody: the account came before its first user.
FOUNDER = "0"


def settle(books: Books, auth: Auth, firm: Firm) -> None:
    """Fill empty books. The administrator's token is `people-admin`, a consultant's `people-EMP-0001`."""
    administrator = _user(books, "Kantata Administrator", ADMINISTRATOR_EMAIL, None, by=FOUNDER)
    by = administrator["id"]
    _membership(books, administrator, None, permission="administrator", by=by)
    auth.grant(by, "people-admin")
    integration = _user(books, "Fairlead Integration", INTEGRATION_EMAIL, None, by=by)
    _membership(books, integration, None, permission="administrator", by=by)
    auth.grant(integration["id"], INTEGRATION_TOKEN)
    categories = sorted({category for card in firm.rate_cards for category in card.rates})
    roles = {category: books.insert("roles", {"name": category}, by=by)["id"] for category in categories}
    for card in firm.rate_cards:
        _rate_card(books, card, roles, by=by)
    for consultant in firm.consultants:
        _consultant(books, auth, consultant, roles, firm, by=by)


def _consultant(
    books: Books, auth: Auth, consultant: Consultant, roles: dict[str, str], firm: Firm, *, by: str
) -> None:
    role_id = roles[consultant.labour_category]
    user = _user(books, consultant.name, consultant.email, role_id, by=by)
    membership = _membership(
        books, user, role_id, permission="collaborator", cost=consultant.cost_rate, by=by
    )
    currency = firm.entity(consultant.entity).currency
    cost = {
        "currency": currency, "amount_in_subunits": consultant.cost_rate, "in_use": True,
        "account_membership_id": membership["id"],
    }  # fmt: skip
    books.insert("cost_rates", cost, by=by)
    subject = f"User:{user['id']}"
    books.insert(
        "external_references",
        {
            "subject_type": "User", "subject_id": user["id"], "subject": subject, "slot": f"{subject}:hcm",
            "identity": f"User:hcm:{consultant.number}", "service_name": "hcm", "service_model": "worker",
            "service_model_ref": consultant.number, "status": "successful", "external_link": None,
            "external_message": None, "external_status": None, "locked": False, "last_synced_at": books.now(),
        },
        by=by,
    )  # fmt: skip
    auth.grant(user["id"], f"people-{consultant.number}")


def _user(books: Books, name: str, email: str, role_id: str | None, *, by: str) -> Document:
    user: dict[str, Any] = {
        "full_name": name, "email_address": email, "headline": None, "photo_path": None, "disabled": False,
        "account_id": ACCOUNT_ID, "role_id": role_id,
    }  # fmt: skip
    return books.insert("users", user, by=by)


def _membership(
    books: Books, user: Document, role_id: str | None, *, permission: str, cost: int | None = None, by: str
) -> Document:
    administrator = permission == "administrator"
    membership = {
        "user_id": user["id"], "account_id": ACCOUNT_ID, "permission": permission,
        "is_administrator": administrator, "is_owner": False, "is_project_lead": administrator,
        "can_log_in": True, "can_create_workspace": administrator, "can_view_reports": administrator,
        "bill_rate_in_cents": None, "cost_rate_in_cents": cost, "default_role_id": role_id, "disabled_at": None,
    }  # fmt: skip
    return books.insert("account_memberships", membership, by=by)


def _rate_card(books: Books, card: RateCard, roles: dict[str, str], *, by: str) -> None:
    """One set per rate card of the firm, titled by its code, in force since ever."""
    group = books.insert("rate_card_sets", {"title": card.code, "account_default": False}, by=by)
    dated = {"rate_card_set_id": group["id"], "active": True, "effective_date": None}
    set_version = books.insert("rate_card_set_versions", dated, by=by)
    made = books.insert("rate_cards", {"rate_card_set_id": group["id"], "currency": card.currency}, by=by)
    version = books.insert(
        "rate_card_versions",
        {"rate_card_id": made["id"], "rate_card_set_version_id": set_version["id"], "default_rate": 0},
        by=by,
    )
    for category, rate in card.rates.items():
        cell = {
            "rate_card_version_id": version["id"], "role_id": roles[category], "rate": rate,
            "cell": f"{version['id']}:{roles[category]}",
        }  # fmt: skip
        books.insert("rate_card_roles", cell, by=by)
