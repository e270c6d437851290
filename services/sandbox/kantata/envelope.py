"""The envelope of every answer: totals, ordered `results`, and one map of records by id per collection."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..ledger import Document
from ..wire import Response
from .errors import not_found
from .listing import Page
from .resource import Association, Call, Resource

__all__ = ["Catalogue", "envelope", "found", "render"]

Catalogue = Mapping[str, Resource]

MOMENTS = ("created_at", "updated_at", "subject_changed_at", "last_synced_at", "disabled_at", "deleted_at")


def envelope(call: Call, catalogue: Catalogue, resource: Resource, page: Page) -> Response:
    """A page of records with what `include` and `optional_fields` ask for."""
    included = [name for name in call.listed("include") if name in resource.includes]
    optional = [name for name in call.listed("optional_fields") if name in resource.optional]
    maps: dict[str, dict[str, Any]] = {resource.key: {}}
    for record in page.records:
        shown = render(call, resource, record)
        shown.update({name: resource.optional[name](call, record) for name in optional})
        for name in included:
            _include(call, catalogue, resource.includes[name], record, shown, maps)
        maps[resource.key][record["id"]] = shown
    meta = {
        "count": page.total,
        "page_count": -(-page.total // page.size),
        "page_number": page.number,
        "page_size": page.size,
    }
    results = [{"key": resource.key, "id": record["id"]} for record in page.records]
    return Response.of({"count": page.total, "meta": meta, "results": results, **maps})


def render(call: Call, resource: Resource, record: Document) -> dict[str, Any]:
    """One record as the API shows it without `include`."""
    shown: dict[str, Any] = {"id": record["id"]}
    for name in resource.fields:
        value = record.get(name)
        shown[name] = call.books.shown(value) if name in MOMENTS else value
    for name, compute in resource.computed.items():
        shown[name] = compute(call, record)
    return shown


def _include(
    call: Call,
    catalogue: Catalogue,
    association: Association,
    record: Document,
    shown: dict[str, Any],
    maps: dict[str, dict[str, Any]],
) -> None:
    ids = shown[association.field] = association.ids(call.books, record)
    if isinstance(ids, dict):  # a polymorphic subject: which collection depends on the record
        key, numbers = str(ids["key"]), [ids["id"]]
    else:
        key, numbers = association.key, ids if isinstance(ids, list) else [ids]
    if not key:
        return
    side = maps.setdefault(key, {})
    for number in _missing(numbers, side):
        if (found := call.books[key].get(number)) is not None:
            side[number] = render(call, catalogue[key], found)


def _missing(numbers: Iterable[str | None], side: Mapping[str, Any]) -> list[str]:
    return [number for number in numbers if number is not None and number not in side]


def found(call: Call, resource: Resource, number: str) -> Document:
    """The record with this id, default filters not applied."""
    record = call.books[resource.key].get(number)
    if record is None:
        raise not_found()
    return record
