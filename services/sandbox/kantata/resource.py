"""What a resource is: its shape on the wire, its filters, and what happens when it is written."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from ..ledger import Document
from ..wire import Request
from .books import Books
from .errors import forbidden, invalid
from .values import BASE_UNITS, SYMBOLS, Reader

__all__ = ["MONEY", "Association", "Call", "Filter", "Narrowing", "Resource", "Test", "held", "many", "one"]

Test = Callable[[Document], bool]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request by one known user."""

    books: Books
    request: Request
    user: Document

    @property
    def by(self) -> str:
        return str(self.user["id"])

    @cached_property
    def administrator(self) -> bool:
        membership = self.books["account_memberships"].by("user_id", self.by)
        return membership is not None and bool(membership["is_administrator"])

    def listed(self, name: str) -> list[str]:
        """A parameter that is a list: commas, `name[]`, or both."""
        sent = [value for key, value in self.request.params if key in {name, f"{name}[]"}]
        return [part.strip() for value in sent for part in value.split(",") if part.strip()]

    def need_administrator(self) -> None:
        if not self.administrator:
            raise forbidden("This is limited to account administrators")


@dataclass(frozen=True, kw_only=True)
class Narrowing:
    """What one filter asks for: a test, and where it can be told quickly, the only records worth testing."""

    test: Test | None = None
    #: All records that can pass, from an index.
    among: Callable[[], Iterable[Document]] | None = None
    #: A field that views are ordered by, with the exclusive bounds asked for.
    window: tuple[str, Any, Any] | None = None


#: Raises `ValueError` where the value cannot be read.
Filter = Callable[[Call, str], Narrowing]
Computed = Callable[[Call, Document], Any]


@dataclass(frozen=True, kw_only=True)
class Association:
    """Records that `include` side-loads; `field` with their ids shows only then."""

    key: str
    field: str
    ids: Callable[[Books, Document], Any]


def one(key: str, field: str, kept: str = "") -> Association:
    """A record whose id is kept in `kept` (the same name as on the wire unless said)."""
    return Association(key=key, field=field, ids=lambda _, document: document.get(kept or field))


def many(key: str, field: str, index: str) -> Association:
    """Records that point back at this one through an indexed field."""
    return Association(
        key=key,
        field=field,
        ids=lambda books, document: [other["id"] for other in books[key].where(index, document["id"])],
    )


#: Computed fields of everything that has a currency.
MONEY: Mapping[str, Computed] = {
    "currency": lambda _, document: document["currency"],
    "currency_symbol": lambda _, document: SYMBOLS[document["currency"]],
    "currency_base_unit": lambda _, document: BASE_UNITS[document["currency"]],
}


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One collection of the API."""

    key: str
    singular: str
    #: The name under which external references and events know it.
    subject: str = ""
    fields: tuple[str, ...] = ()
    computed: Mapping[str, Computed] = field(default_factory=dict)
    optional: Mapping[str, Computed] = field(default_factory=dict)
    includes: Mapping[str, Association] = field(default_factory=dict)
    filters: Mapping[str, Filter] = field(default_factory=dict)
    #: Filters with a value of their own where the request gives none, on lists and single records alike.
    defaults: Mapping[str, str] = field(default_factory=dict)
    #: The same, on lists only.
    list_defaults: Mapping[str, str] = field(default_factory=dict)
    #: Names that `order` accepts, and the field each one stands for.
    orders: Mapping[str, str] = field(
        default_factory=lambda: {"created_at": "created_at", "updated_at": "updated_at"}
    )
    order: str = "created_at:desc"
    searched: tuple[str, ...] = ()
    writable: Mapping[str, Reader] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    #: Fields that only a create may set.
    fixed: frozenset[str] = frozenset()
    guard: Callable[[Call], None] | None = None
    create: Callable[[Call, Document], Document] | None = None
    update: Callable[[Call, Document, Document], Document] | None = None
    remove: Callable[[Call, Document], None] | None = None
    #: Most records that one bulk create may carry; none means that there is no bulk create.
    bulk: int = 0


def held(books: Books, key: str, number: str | None, field: str) -> Document:
    """The record that a written id points to; 422 on `field` where there is none."""
    found = books[key].get(number) if number is not None else None
    if found is None:
        raise invalid(f"{field.removesuffix('_id').replace('_', ' ').capitalize()} can't be found", field)
    return found
