"""Which records a request asks for: filters, `only`, order and paging."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..ledger import Document
from .errors import malformed
from .resource import Call, Narrowing, Resource, Test
from .values import idents

__all__ = ["Page", "passes", "select"]

DEFAULT_SIZE, MOST = 20, 200


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of what matched. `total` counts all that matched, on every page."""

    records: list[Document]
    total: int
    number: int
    size: int


def select(call: Call, resource: Resource) -> Page:
    """The page of records that the query string asks for."""
    defaults = {**resource.defaults, **resource.list_defaults}
    if call.request.has_param("only"):
        defaults = dict(resource.defaults)
    narrowings = _narrowings(call, resource, defaults)
    field, descending = _order(call, resource)
    candidates = _candidates(call, resource, narrowings, field, descending)
    tests = _tests(narrowings)
    matched = (
        [record for record in candidates if all(test(record) for test in tests)] if tests else candidates
    )
    start, size, number = _paging(call)
    return Page(records=matched[start : start + size], total=len(matched), number=number, size=size)


def passes(call: Call, resource: Resource, record: Document) -> bool:
    """Whether the filters of the request, defaults included, let one record through."""
    narrowings = _narrowings(call, resource, resource.defaults)
    if not all(test(record) for test in _tests(narrowings)):
        return False
    return all(
        any(other["id"] == record["id"] for other in narrowing.among())
        for narrowing in narrowings
        if narrowing.among is not None
    )


def _narrowings(call: Call, resource: Resource, defaults: Any) -> list[Narrowing]:
    asked = {**defaults, **{name: value for name, value in call.request.params if name in resource.filters}}
    found = []
    for name, value in asked.items():
        try:
            found.append(resource.filters[name](call, value))
        except ValueError as error:
            raise malformed(f"Filter {name}: {error}") from error
    if term := call.request.param("search").casefold():
        if not resource.searched:
            raise malformed("Search is not supported here")
        found.append(Narrowing(test=_search(resource, term)))
    return found


def _search(resource: Resource, term: str) -> Test:
    return lambda record: any(term in str(record[field] or "").casefold() for field in resource.searched)


def _tests(narrowings: list[Narrowing]) -> list[Test]:
    return [
        *(narrowing.test for narrowing in narrowings if narrowing.test is not None),
        *(_within(*narrowing.window) for narrowing in narrowings if narrowing.window is not None),
    ]


def _within(field: str, after: Any, before: Any) -> Test:
    if before is None:
        return lambda record: record[field] > after
    return lambda record: record[field] < before


def _order(call: Call, resource: Resource) -> tuple[str, bool]:
    order = call.request.param("order") or resource.order
    name, _, direction = order.partition(":")
    if name not in resource.orders or direction not in {"asc", "desc"}:
        valid = ", ".join(f"{name}:{way}" for name in resource.orders for way in ("asc", "desc"))
        raise malformed(f"Invalid order {order!r}; valid values are {valid}")
    return resource.orders[name], direction == "desc"


def _candidates(
    call: Call, resource: Resource, narrowings: list[Narrowing], field: str, descending: bool
) -> list[Document]:
    """Records in order, from the narrowest source at hand: ids, an index, or a slice of an ordered view."""
    sources = [narrowing.among() for narrowing in narrowings if narrowing.among is not None]
    if call.request.has_param("only"):
        sources.append(_only(call, resource))
    if sources:
        return _sorted(_common(sources), field, descending)
    windows = [narrowing.window for narrowing in narrowings if narrowing.window is not None]
    view_field = windows[0][0] if windows else field
    view = call.books.ordered(resource.key, view_field)
    low, high = 0, len(view)
    for name, after, before in windows:
        if name == view_field and after is not None:
            low = max(low, bisect_right(view, after, key=lambda row: row[0]))
        if name == view_field and before is not None:
            high = min(high, bisect_left(view, before, key=lambda row: row[0]))
    documents = call.books[resource.key]
    found = [documents.get(str(number)) for _, number in view[low:high]]
    records = [record for record in found if record is not None]
    if view_field != field:
        return _sorted(records, field, descending)
    return records[::-1] if descending else records


def _common(sources: list[Iterable[Document]]) -> Iterable[Document]:
    """Records that are in every source."""
    first, *others = [{record["id"]: record for record in source} for source in sources]
    return [record for number, record in first.items() if all(number in other for other in others)]


def _sorted(records: Iterable[Document], field: str, descending: bool) -> list[Document]:
    return sorted(records, key=lambda record: (record[field], int(record["id"])), reverse=descending)


def _only(call: Call, resource: Resource) -> list[Document]:
    try:
        wanted = idents(call.listed("only"))
    except ValueError as error:
        raise malformed(f"only: {error}") from error
    return [found for number in wanted if (found := call.books[resource.key].get(number)) is not None]


def _paging(call: Call) -> tuple[int, int, int]:
    """Start, size and number of the page. `limit` or `offset` set `page` and `per_page` aside."""
    if call.request.has_param("limit") or call.request.has_param("offset"):
        size = min(_number(call, "limit", DEFAULT_SIZE, least=1), MOST)
        start = _number(call, "offset", 0, least=0)
        return start, size, start // size + 1
    size = min(_number(call, "per_page", DEFAULT_SIZE, least=1), MOST)
    number = _number(call, "page", 1, least=1)
    return (number - 1) * size, size, number


def _number(call: Call, name: str, default: int, *, least: int) -> int:
    value = call.request.param(name)
    if not value:
        return default
    if not value.isdecimal() or int(value) < least:
        raise malformed(f"{name} must be a whole number of at least {least}")
    return int(value)
