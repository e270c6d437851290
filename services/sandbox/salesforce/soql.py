"""SOQL, the part integrations use, as values; `soql_reader.py` reads it from text."""

from dataclasses import dataclass
from typing import Any, Literal

from .errors import Refused

__all__ = ["Comparison", "Condition", "Junction", "Negation", "Order", "Path", "Select", "Value", "refuse"]

Kind = Literal["string", "moment", "date", "number", "boolean", "null"]


@dataclass(frozen=True, kw_only=True)
class Path:
    """`Account.Name` as its names; `at` is where it stands in the text."""

    names: tuple[str, ...]
    at: int


@dataclass(frozen=True, kw_only=True)
class Value:
    """A literal; times as stamps, dates as ISO texts."""

    kind: Kind
    value: Any
    at: int


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`operator` is one of = != < <= > >= LIKE IN; only IN has other than one value."""

    path: Path
    operator: str
    values: tuple[Value, ...]


@dataclass(frozen=True, kw_only=True)
class Junction:
    word: Literal["AND", "OR"]
    parts: tuple["Condition", ...]


@dataclass(frozen=True, kw_only=True)
class Negation:
    part: "Condition"


Condition = Comparison | Junction | Negation


@dataclass(frozen=True, kw_only=True)
class Order:
    path: Path
    descending: bool
    nulls_last: bool


@dataclass(frozen=True, kw_only=True)
class Select:
    """One query. No `paths` means `COUNT()`."""

    text: str
    paths: tuple[Path, ...]
    sobject: Path
    where: Condition | None
    order: tuple[Order, ...]
    limit: int | None
    offset: int


def refuse(text: str, at: int, code: str, message: str) -> Refused:
    """An error that points into the query the way the vendor's messages do."""
    row = text.count("\n", 0, at) + 1
    start = text.rfind("\n", 0, at) + 1
    line = text[start:].split("\n", 1)[0]
    place = f"ERROR at Row:{row}:Column:{at - start + 1}"
    return Refused(400, code, f"\n{line}\n{' ' * (at - start)}^\n{place}\n{message}")
