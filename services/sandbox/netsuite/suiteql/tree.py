"""A SuiteQL query as a tree of frozen values."""

from dataclasses import dataclass
from typing import Any

__all__ = [
    "BadQuery",
    "Both",
    "Column",
    "Comparison",
    "Condition",
    "Either",
    "IsNull",
    "Like",
    "Literal",
    "Member",
    "Operand",
    "Order",
    "Output",
    "Query",
]


class BadQuery(Exception):
    """The query is not SuiteQL that this stand-in understands."""


@dataclass(frozen=True)
class Column:
    name: str


@dataclass(frozen=True)
class Literal:
    """A constant. `kind` is text, number, date or datetime; dates are ISO text already."""

    value: Any
    kind: str


Operand = Column | Literal


@dataclass(frozen=True)
class Comparison:
    operator: str
    left: Operand
    right: Operand


@dataclass(frozen=True)
class Member:
    column: Column
    items: tuple[Literal, ...]
    negated: bool


@dataclass(frozen=True)
class Like:
    column: Column
    pattern: str
    negated: bool


@dataclass(frozen=True)
class IsNull:
    column: Column
    negated: bool


@dataclass(frozen=True)
class Both:
    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Either:
    parts: tuple["Condition", ...]


Condition = Comparison | Member | Like | IsNull | Both | Either


@dataclass(frozen=True, kw_only=True)
class Output:
    """One output column: `function` is empty, to_char, count, sum, min or max; `count` has no column."""

    column: str
    name: str
    function: str = ""
    format: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    name: str
    descending: bool


@dataclass(frozen=True, kw_only=True)
class Query:
    """A whole query; no outputs means `*`."""

    outputs: tuple[Output, ...]
    table: str
    where: Condition | None
    group: tuple[str, ...]
    order: tuple[Order, ...]
