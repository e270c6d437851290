"""Carries out a parsed query: picks a way into the table, filters, groups, sorts, and renders one page."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from ...ledger import Document
from .conditions import test_of
from .groups import AGGREGATES, grouped
from .tables import Table, column_of, text_of
from .tree import Both, Comparison, Condition, Literal, Member, Output, Query
from .tree import Column as Named

__all__ = ["run"]

Row = dict[str, str]

BY_CHANGE = [("lastmodifieddate", False), ("id", False)]


def run(query: Query, table: Table, limit: int, offset: int) -> tuple[list[Row], int]:
    """The rows of one page and the number of all rows; raises `BadQuery`."""
    for output in query.outputs:
        if output.column:
            column_of(table, output.column)
    rows, in_order = _candidates(query, table)
    if query.where is not None:
        rows = filter(test_of(query.where, table), rows)
    if query.group or any(output.function in AGGREGATES for output in query.outputs):
        made = grouped(query, table, rows)
        return made[offset : offset + limit], len(made)
    if query.order and not in_order:
        rows = iter(_sorted(query, table, list(rows)))
    rows = iter(rows)
    before = sum(1 for _ in islice(rows, offset))
    shown = [_rendered(query, table, row) for row in islice(rows, limit)]
    return shown, before + len(shown) + sum(1 for _ in rows)


def _candidates(query: Query, table: Table) -> tuple[Iterable[Document], bool]:
    """Rows among which all matches are, and whether they come in the order asked for."""
    parts = query.where.parts if isinstance(query.where, Both) else (query.where,)
    for way, look in sorted(table.ways.items(), key=lambda pair: pair[0] not in ("id", "externalid")):
        for part in parts:
            if (values := _pinned(part, way)) is not None:
                return [row for value in values for row in look(value)], False
    if table.since is not None:
        order = [(order.name, order.descending) for order in query.order]
        in_order = bool(order) and order == BY_CHANGE[: len(order)]
        bound = max((_lower_bound(part) for part in parts), default="")
        if bound or in_order:
            return table.since(bound), in_order
    return table.rows(), False


def _pinned(part: Condition | None, name: str) -> list[str] | None:
    """The values a condition allows a column to have, where it lists them."""
    if isinstance(part, Comparison) and part.operator == "=" and part.left == Named(name):
        return [str(part.right.value)] if isinstance(part.right, Literal) else None
    if isinstance(part, Member) and not part.negated and part.column == Named(name):
        # External ids are found without regard to case: one look for all spellings of one.
        return list({str(item.value).lower(): str(item.value) for item in part.items}.values())
    return None


def _lower_bound(part: Condition | None) -> str:
    if (
        isinstance(part, Comparison)
        and part.operator in (">", ">=", "=")
        and part.left == Named("lastmodifieddate")
        and isinstance(part.right, Literal)
        and part.right.kind in ("date", "datetime")
    ):
        return str(part.right.value)
    return ""


def _sorted(query: Query, table: Table, rows: list[Document]) -> list[Document]:
    """NULLs come last going up and first going down, as Oracle has it."""
    aliases = {output.name: output.column for output in query.outputs if output.name not in table.columns}
    for order in reversed(query.order):
        read = column_of(table, aliases.get(order.name, order.name)).read

        def place(row: Document, read: Callable[[Document], Any] = read) -> tuple[bool, Any]:
            value = read(row)
            return value is None, 0 if value is None else value

        rows.sort(key=place, reverse=order.descending)
    return rows


def _rendered(query: Query, table: Table, row: Document) -> Row:
    """One result row: lower-case names, text values, no NULLs."""
    outputs = query.outputs or tuple(Output(column=name, name=name) for name in table.columns)
    made = {}
    for output in outputs:
        column = column_of(table, output.column)
        value = column.read(row)
        if value is not None:
            made[output.name] = text_of(value, column.kind, output.format)
    return made
