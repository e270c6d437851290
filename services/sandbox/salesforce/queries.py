"""`/query`, `/queryAll` and the pages that follow."""

import re
from typing import Any

from ..wire import Response
from .call import Call
from .errors import Refused
from .query import Query
from .urls import data_url

__all__ = ["ask", "ask_with_deleted", "proceed"]

PAGE = 2000
SMALLEST_PAGE = 200
BATCH_SIZE = re.compile(r"batchSize\s*=\s*(\d+)")


def ask(call: Call) -> Response:
    """`GET /query?q=`: the first page, live records only."""
    return _first(call, with_deleted=False)


def ask_with_deleted(call: Call) -> Response:
    """`GET /queryAll?q=`: the first page, deleted records too."""
    return _first(call, with_deleted=True)


def proceed(call: Call, cursor: str, offset: str) -> Response:
    """A later page, by the locator of `nextRecordsUrl`."""
    start = int(offset)
    query, kept, page = call.cursors.read(cursor, start, call.user)
    total, after = len(kept["ids"]), start + len(kept["ids"][start : start + kept["size"]])
    content: dict[str, Any] = {"totalSize": total, "done": after >= total}
    if after < total:
        content["nextRecordsUrl"] = f"{data_url(call.version)}/query/{cursor}-{after}"
    return Response.of(content | {"records": query.render(page, call.version)})


def _first(call: Call, *, with_deleted: bool) -> Response:
    text = call.request.param("q")
    if not text:
        raise Refused(400, "MALFORMED_QUERY", "A query string has to be specified")
    query = Query(call.records, text, with_deleted=with_deleted)
    found, size = query.find(), _page_size(call)
    if not query.select.paths:
        return Response.of({"totalSize": len(found), "done": True, "records": []})
    content: dict[str, Any] = {"totalSize": len(found), "done": len(found) <= size}
    if len(found) > size:
        cursor = call.cursors.open(query, found, size, call.user)
        content["nextRecordsUrl"] = f"{data_url(call.version)}/query/{cursor}-{size}"
    return Response.of(content | {"records": query.render(found[:size], call.version)})


def _page_size(call: Call) -> int:
    asked = BATCH_SIZE.search(call.request.headers.get("sforce-query-options"))
    return PAGE if asked is None else min(PAGE, max(SMALLEST_PAGE, int(asked[1])))
