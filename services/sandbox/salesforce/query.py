"""Runs a parsed query over the records and pages its result."""

from collections.abc import Iterable, Mapping
from typing import Any

from ..ledger import Document, Ledger
from .conditions import Terms
from .errors import Refused
from .records import Records
from .schema import SCHEMA, SObject
from .soql import Order, Select, refuse
from .soql_reader import parse
from .urls import record_url

__all__ = ["Cursors", "Query"]

#: Field name to `None`, or relationship name to the same for the parent.
Tree = dict[str, Any]
OFFSET_LIMIT = 2000
CURSORS_PER_USER = 10


class Query:
    """One query against the records as they are now."""

    def __init__(self, records: Records, text: str, *, with_deleted: bool = False) -> None:
        self._records, self._with_deleted = records, with_deleted
        self.select = parse(text)
        self.sobject = _sobject(self.select)
        self._terms = Terms(records, self.sobject, text)
        self._tree = self._columns()

    def find(self) -> list[Document]:
        """All records that match, in order, cut by OFFSET and LIMIT."""
        select = self.select
        if select.offset > OFFSET_LIMIT:
            message = f"maximum SOQL offset allowed is {OFFSET_LIMIT}"
            raise Refused(400, "NUMBER_OUTSIDE_VALID_RANGE", message)
        test = None if select.where is None else self._terms.test(select.where)
        few = self._terms.narrow(select.where)
        live = self._records.live[self.sobject.name] if few is None else few
        matching: list[Document] = [document for document in live if test is None or test(document)]
        if self._with_deleted:
            gone: Iterable[Document] = self._records.gone[self.sobject.name]
            matching += [document for document in gone if test is None or test(document)]
        for order in reversed(select.order):
            self._sort(matching, order)
        return matching[select.offset :][: select.limit]

    def render(self, documents: Iterable[Document], version: str) -> list[Document]:
        """The records with the columns asked for."""
        return [self._row(self.sobject, self._tree, document, version) for document in documents]

    def _row(self, sobject: SObject, tree: Tree, document: Document, version: str) -> Document:
        url = record_url(version, sobject.name, document["Id"])
        row: Document = {"attributes": {"type": sobject.name, "url": url}}
        for name, below in tree.items():
            if below is None:
                row[name] = document[name]
                continue
            field = sobject.parent(name)
            assert field is not None
            parent = self._records.live[field.refers].get(document[field.name] or "")
            above = SCHEMA[field.refers.lower()]
            row[name] = None if parent is None else self._row(above, below, parent, version)
        return row

    def _columns(self) -> Tree:
        tree: Tree = {}
        for path in self.select.paths:
            parents, field = self._terms.resolve(path)
            at = tree
            for parent in parents:
                at = at.setdefault(parent.relationship, {})
            if field.name in at:
                message = f"duplicate field selected: {'.'.join(path.names)}"
                raise refuse(self.select.text, path.at, "MALFORMED_QUERY", message)
            at[field.name] = None
        return tree

    def _sort(self, documents: list[Document], order: Order) -> None:
        """Stable; nulls come first in both directions unless the query says otherwise."""
        field, get = self._terms.getter(order.path)
        if not field.filterable:
            message = f"field '{field.name}' can not be sorted in a query call"
            raise refuse(self.select.text, order.path.at, "MALFORMED_QUERY", message)
        nulls_high = order.descending != order.nulls_last

        def key(document: Document) -> tuple[bool, Any]:
            value = get(document)
            if value is None:
                return nulls_high, 0
            return not nulls_high, value.casefold() if isinstance(value, str) and not field.exact else value

        documents.sort(key=key, reverse=order.descending)


class Cursors:
    """Results that did not fit one page. A user has ten; an eleventh makes the oldest invalid."""

    def __init__(self, ledger: Ledger, records: Records) -> None:
        self._open = ledger.collection("cursors", index=("user",))
        self._records = records

    def open(self, query: Query, found: list[Document], size: int, user: str) -> str:
        """Keep the ids of a result; gives the cursor's id."""
        mine = self._open.where("user", user)
        if len(mine) >= CURSORS_PER_USER:
            self._open.delete(mine[0]["id"])
        key = self._records.next_id("01g")
        ids = [document["Id"] for document in found]
        self._open.put(key, {"id": key, "user": user, "soql": query.select.text, "ids": ids, "size": size})
        return key

    def read(self, key: str, offset: int, user: str) -> tuple[Query, Mapping[str, Any], list[Document]]:
        """The query behind a cursor, the cursor, and one page of records, deleted ones included."""
        cursor = self._open.get(key)
        if cursor is None or cursor["user"] != user or not 0 <= offset < len(cursor["ids"]):
            raise Refused(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        query = Query(self._records, cursor["soql"])
        live, gone = self._records.live[query.sobject.name], self._records.gone[query.sobject.name]
        page = cursor["ids"][offset : offset + cursor["size"]]
        found = [live.get(record) or gone.get(record) for record in page]
        return query, cursor, [document for document in found if document is not None]


def _sobject(select: Select) -> SObject:
    name = ".".join(select.sobject.names)
    sobject = SCHEMA.get(name.lower())
    if sobject is None:
        message = f"sObject type '{name}' is not supported."
        raise refuse(select.text, select.sobject.at, "INVALID_TYPE", message)
    return sobject
