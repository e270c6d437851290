"""Rate cards (read only): set, dated version of the set, card per currency, rate per role."""

from ..ledger import Document
from .access import seat
from .books import Books
from .filters import MOMENTS, any_of, equals
from .resource import Call, Resource, many, one

__all__ = ["RESOURCES", "hourly_rate"]


def hourly_rate(books: Books, workspace: Document, user_id: str, role_id: str | None) -> int:
    """What an hour bills at, in the smallest unit of the workspace's currency.

    A rate on the participation goes before the workspace's rate card, where a role without a rate of
    its own has the default rate of the card's version. Without either it is nothing.
    """
    place = seat(books, workspace["id"], user_id)
    if place is not None and place["rate_in_cents"] is not None:
        return int(place["rate_in_cents"])
    card = books["rate_cards"].get(workspace["rate_card_id"] or "")
    version = None if card is None else effective_version(books, card)
    if version is None:
        return 0
    cell = books["rate_card_roles"].by("cell", f"{version['id']}:{role_id}")
    return int(version["default_rate"] if cell is None else cell["rate"])


def effective_version(books: Books, card: Document) -> Document | None:
    """The version of the card whose set version took effect last."""
    dated = [
        (books["rate_card_set_versions"].get(version["rate_card_set_version_id"]), version)
        for version in books["rate_card_versions"].where("rate_card_id", card["id"])
    ]
    begun = [
        (owner["effective_date"] or "", version)
        for owner, version in dated
        if owner is not None and (owner["effective_date"] or "") <= books.today()
    ]
    return max(begun, key=lambda pair: pair[0])[1] if begun else None


def _administrators(call: Call) -> None:
    """The vendor shows rates per role to account administrators only."""
    call.need_administrator()


STAMPS = ("created_at", "updated_at")

RESOURCES = (
    Resource(
        key="rate_cards",
        singular="rate_card",
        subject="RateCard",
        fields=("currency", "rate_card_set_id", *STAMPS),
        includes={
            "rate_card_set": one("rate_card_sets", "rate_card_set_id"),
            "rate_card_versions": many("rate_card_versions", "rate_card_version_ids", "rate_card_id"),
        },
        filters={**MOMENTS, "rate_card_set_id": equals("rate_cards", "rate_card_set_id")},
        order="created_at:asc",
    ),
    Resource(
        key="rate_card_sets",
        singular="rate_card_set",
        fields=("title", "account_default", *STAMPS),
        includes={
            "rate_cards": many("rate_cards", "rate_card_ids", "rate_card_set_id"),
            "rate_card_set_versions": many(
                "rate_card_set_versions", "rate_card_set_version_ids", "rate_card_set_id"
            ),
        },
        filters={**MOMENTS},
        order="created_at:asc",
        searched=("title",),
    ),
    Resource(
        key="rate_card_set_versions",
        singular="rate_card_set_version",
        fields=("active", "effective_date", "rate_card_set_id", *STAMPS),
        includes={
            "rate_card_set": one("rate_card_sets", "rate_card_set_id"),
            "rate_card_versions": many(
                "rate_card_versions", "rate_card_version_ids", "rate_card_set_version_id"
            ),
        },
        filters={**MOMENTS},
        order="created_at:asc",
    ),
    Resource(
        key="rate_card_versions",
        singular="rate_card_version",
        fields=("default_rate", "rate_card_id", "rate_card_set_version_id", *STAMPS),
        includes={
            "rate_card": one("rate_cards", "rate_card_id"),
            "rate_card_roles": many("rate_card_roles", "rate_card_role_ids", "rate_card_version_id"),
        },
        filters={**MOMENTS},
        order="created_at:asc",
    ),
    Resource(
        key="rate_card_roles",
        singular="rate_card_role",
        fields=("rate", "role_id", "rate_card_version_id", *STAMPS),
        includes={
            "role": one("roles", "role_id"),
            "rate_card_version": one("rate_card_versions", "rate_card_version_id"),
        },
        filters={
            **MOMENTS,
            "rate_card_version_id": equals("rate_card_roles", "rate_card_version_id"),
            "with_role_ids": any_of("rate_card_roles", "role_id", indexed=False),
        },
        order="created_at:asc",
        guard=_administrators,
    ),
)
