"""A SuiteQL condition as a function from a row to yes or no."""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ...ledger import Document
from .tables import Column, Table, column_of
from .tree import BadQuery, Both, Comparison, Condition, Either, IsNull, Like, Literal, Member, Operand
from .tree import Column as Named

__all__ = ["Test", "test_of"]

Test = Callable[[Document], bool]

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def test_of(condition: Condition, table: Table) -> Test:
    """Compile a condition; raises `BadQuery` for unknown columns and constants that do not fit."""
    match condition:
        case Both(parts):
            tests = [test_of(part, table) for part in parts]
            return lambda row: all(test(row) for test in tests)
        case Either(parts):
            tests = [test_of(part, table) for part in parts]
            return lambda row: any(test(row) for test in tests)
        case IsNull(named, negated):
            read = column_of(table, named.name).read
            return lambda row: (read(row) is None) is not negated
        case Like(named, pattern, negated):
            return _like(column_of(table, named.name), pattern, negated)
        case Member(named, items, negated):
            column = column_of(table, named.name)
            wanted, read = {_constant(item, column.kind) for item in items}, column.read
            return lambda row: (value := read(row)) is not None and (value in wanted) is not negated
        case Comparison():
            return _comparison(condition, table)


def _like(column: Column, pattern: str, negated: bool) -> Test:
    expression = re.compile(re.escape(pattern).replace("%", ".*").replace("_", "."), re.DOTALL)
    read = column.read

    def test(row: Document) -> bool:
        value = read(row)
        return value is not None and (expression.fullmatch(str(value)) is not None) is not negated

    return test


def _comparison(condition: Comparison, table: Table) -> Test:
    compare = COMPARISONS[condition.operator]
    kinds = {
        column_of(table, side.name).kind
        for side in (condition.left, condition.right)
        if isinstance(side, Named)
    }
    if not kinds:
        raise BadQuery("A comparison needs a column")
    kind = "datetime" if {"date", "datetime"} <= kinds or _is_moment(condition) else min(kinds)
    left, right = _side(condition.left, kind, table), _side(condition.right, kind, table)

    def test(row: Document) -> bool:
        one, other = left(row), right(row)
        return one is not None and other is not None and compare(one, other)

    return test


def _is_moment(condition: Comparison) -> bool:
    """Whether either side says a time of day, so that a date is to be read as its midnight."""
    return any(
        isinstance(side, Literal) and side.kind == "datetime" for side in (condition.left, condition.right)
    )


def _side(operand: Operand, kind: str, table: Table) -> Callable[[Document], Any]:
    if isinstance(operand, Literal):
        constant = _constant(operand, kind)
        return lambda row: constant
    column = column_of(table, operand.name)
    if kind == "datetime" and column.kind == "date":
        return lambda row: None if (value := column.read(row)) is None else f"{value}T00:00:00Z"
    return column.read


def _constant(literal: Literal, kind: str) -> Any:
    """A constant in the form that columns of this kind read as; raises `BadQuery` where it has none."""
    try:
        match kind:
            case "number":
                return Decimal(literal.value)
            case "date" | "datetime":
                day = str(literal.value)
                if literal.kind not in ("date", "datetime"):
                    # A bare text is read in the account's format, which is M/D/YYYY here.
                    day = f"{datetime.strptime(day, '%m/%d/%Y'):%Y-%m-%d}"  # noqa: DTZ007
                return f"{day}T00:00:00Z" if kind == "datetime" and len(day) == 10 else day
            case _:
                return str(literal.value)
    except (ValueError, InvalidOperation):
        raise BadQuery(f"Invalid {kind} {literal.value!r}") from None
