"""Grouping and aggregates of SuiteQL."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ...ledger import Document
from .tables import Table, column_of, text_of
from .tree import BadQuery, Query

__all__ = ["AGGREGATES", "grouped"]


@dataclass
class _Tally:
    """The running values of one group."""

    first: Document | None
    count: int
    values: list[list[Any]]


AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {"count": len, "sum": sum, "min": min, "max": max}


def grouped(query: Query, table: Table, rows: Iterable[Document]) -> list[dict[str, str]]:
    """One result row for each group, in the order asked for; without GROUP BY all rows are one group."""
    keys = [column_of(table, name).read for name in query.group]
    for output in query.outputs:
        if not output.function and output.column not in query.group:
            raise BadQuery(f"Field '{output.column}' is neither grouped nor aggregated")
    reads = [column_of(table, output.column).read if output.column else None for output in query.outputs]
    groups: dict[tuple[Any, ...], _Tally] = {}
    if not query.group:
        groups[()] = _Tally(None, 0, [[] for _ in reads])
    for row in rows:
        group = groups.setdefault(tuple(key(row) for key in keys), _Tally(row, 0, [[] for _ in reads]))
        group.count += 1
        for output, read, values in zip(query.outputs, reads, group.values, strict=True):
            if read is not None and output.function in AGGREGATES and (value := read(row)) is not None:
                values.append(value)
    made = [_group_row(query, table, group) for group in groups.values()]
    for order in reversed(query.order):
        if order.name not in {output.name for output in query.outputs}:
            raise BadQuery(f"Field '{order.name}' is not among the columns selected")

        def place(row: dict[str, tuple[Any, str]], name: str = order.name) -> tuple[bool, Any]:
            return (False, row[name][0]) if name in row else (True, 0)

        made.sort(key=place, reverse=order.descending)
    return [{name: text for name, (_, text) in row.items()} for row in made]


def _group_row(query: Query, table: Table, group: _Tally) -> dict[str, tuple[Any, str]]:
    """The values of one group with their texts; a value to sort by is kept beside each text."""
    row: dict[str, tuple[Any, str]] = {}
    for output, values in zip(query.outputs, group.values, strict=True):
        if output.function == "count":
            row[output.name] = group.count, str(group.count)
            continue
        column = column_of(table, output.column)
        if output.function in AGGREGATES:
            value = AGGREGATES[output.function](values) if values else None
        else:
            value = None if group.first is None else column.read(group.first)
        if value is not None:
            row[output.name] = value, text_of(value, column.kind, output.format)
    return row
