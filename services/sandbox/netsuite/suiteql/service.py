"""The query service's wire side: one POST, a mandatory preference, pages of rows."""

from ...wire import Request, Response
from ..books import Books, Stamp
from ..call import Call
from ..decoding import parse_object
from ..paging import page, page_of
from ..problems import Problem
from ..resource import COLLECTION_MEDIA
from .grammar import parse
from .run import run
from .tables import plain_tables
from .transactions import transaction_lines, transactions
from .tree import BadQuery

__all__ = ["SUITEQL_PATH", "SuiteQl"]

SUITEQL_PATH = "/services/rest/query/v1/suiteql"


class SuiteQl:
    """Runs queries over the account's books."""

    def __init__(self, books: Books) -> None:
        self._tables = {
            **plain_tables(books),
            "transaction": transactions(books),
            "transactionline": transaction_lines(books),
        }

    def answer(self, request: Request, stamp: Stamp) -> Response:
        """Run the query in the body; raises `Problem` where NetSuite would refuse it."""
        if "transient" not in request.headers.get("prefer"):
            raise Problem(
                "INVALID_HEADER",
                "The Prefer header must be 'transient'.",
                where=("o:errorHeader", "Prefer"),
            )
        call = Call(method="POST", path="", params=dict(request.params))
        limit, offset = page(call)
        body = parse_object(request.body)
        text, params = body.get("q"), body.get("params") or []
        if not isinstance(text, str) or not isinstance(params, list):
            raise Problem("INVALID_PARAMETER", "The body needs q, a text, and may have params, a list.")
        try:
            query = parse(text, params)
            if query.table not in self._tables:
                raise BadQuery(f"Record '{query.table}' was not found")
            rows, total = run(query, self._tables[query.table], limit, offset)
        except BadQuery as bad:
            raise Problem("INVALID_PARAMETER", f"Invalid search query. Detailed message: {bad}.") from bad
        items = [{"links": [], **row} for row in rows]
        url = request.base_url + SUITEQL_PATH
        return Response.of(page_of(items, total, limit, offset, call, url), media=COLLECTION_MEDIA)
