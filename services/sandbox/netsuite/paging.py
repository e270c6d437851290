"""Pages of a list: `limit` at most 1000, `offset` a multiple of it, links to the neighbours."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from .call import Call, bad_parameter

__all__ = ["LARGEST_PAGE", "page", "page_of"]

LARGEST_PAGE = 1000


def page(call: Call) -> tuple[int, int]:
    """Limit and offset of a call; raises `Problem` (INVALID_PARAMETER) where NetSuite would."""
    limit, offset = call.whole("limit", LARGEST_PAGE), call.whole("offset", 0)
    if not 1 <= limit <= LARGEST_PAGE:
        raise bad_parameter("limit", f"The limit must be between 1 and {LARGEST_PAGE}.")
    if offset % limit:
        raise bad_parameter("offset", "The offset must be a multiple of the limit.")
    return limit, offset


def page_of(
    items: Sequence[Any], total: int, limit: int, offset: int, call: Call, url: str
) -> dict[str, Any]:
    """The body of one page; `items` are those of this page, `total` counts all."""

    def link(rel: str, at: int) -> dict[str, str]:
        return {"rel": rel, "href": f"{url}?{urlencode({**call.params, 'limit': limit, 'offset': at})}"}

    links = [link("self", offset)]
    if offset + limit < total:
        links = [link("next", offset + limit), link("last", (total - 1) // limit * limit), *links]
    if offset:
        links = [link("first", 0), link("previous", offset - limit), *links]
    return {
        "links": links,
        "count": len(items),
        "hasMore": offset + limit < total,
        "items": items,
        "offset": offset,
        "totalResults": total,
    }
