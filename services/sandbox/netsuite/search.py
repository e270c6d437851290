"""The `q` parameter of record lists: `email START_WITH "ann" AND isInactive IS false`."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..ledger import Document
from .money import major
from .problems import Problem
from .schema import Field, Kind

__all__ = ["Matcher", "matcher"]

Matcher = Callable[[Document], bool]
TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([()\[\],])|([^\s()\[\],"]+))')

TEXTS: dict[str, Callable[[str, str], bool]] = {
    "IS": lambda held, said: held == said,
    "CONTAIN": lambda held, said: said in held,
    "START_WITH": lambda held, said: held.startswith(said),
    "END_WITH": lambda held, said: held.endswith(said),
}
NUMBERS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda held, said: held == said,
    "GREATER": lambda held, said: held > said,
    "GREATER_OR_EQUAL": lambda held, said: held >= said,
    "LESS": lambda held, said: held < said,
    "LESS_OR_EQUAL": lambda held, said: held <= said,
}
DATES: dict[str, Callable[[str, str], bool]] = {
    "ON": lambda held, said: held == said,
    "AFTER": lambda held, said: held > said,
    "BEFORE": lambda held, said: held < said,
    "ON_OR_AFTER": lambda held, said: held >= said,
    "ON_OR_BEFORE": lambda held, said: held <= said,
}
PLAIN = {
    "id": Field(kind=Kind.REFERENCE),
    "externalId": Field(kind=Kind.TEXT),
    "lastModifiedDate": Field(kind=Kind.MOMENT),
    "createdDate": Field(kind=Kind.MOMENT),
}


def matcher(query: str, fields: Mapping[str, Field], exponent: Callable[[Document], int]) -> Matcher:
    """Compile `q` for one record type; raises `Problem` (INVALID_PARAMETER) where it cannot be read.

    `exponent` gives the minor digits of a document's currency.
    """
    return _Reader(query, {**PLAIN, **fields}, exponent).read()


class _Reader:
    def __init__(self, query: str, fields: Mapping[str, Field], exponent: Callable[[Document], int]) -> None:
        self._tokens = [
            (quoted if mark is None and word is None else mark or word, mark is not None)
            for quoted, mark, word in (
                (found[1], found[2], found[3]) for found in TOKEN.finditer(query.rstrip())
            )
        ]
        self._fields, self._exponent, self._place, self._query = fields, exponent, 0, query

    def read(self) -> Matcher:
        made = self._either()
        if self._place < len(self._tokens):
            raise self._wrong()
        return made

    def _wrong(self) -> Problem:
        return Problem(
            "INVALID_PARAMETER", f"Invalid search query: {self._query}", where=("o:errorQueryParam", "q")
        )

    def _peek(self) -> tuple[str, bool]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", True)

    def _next(self, mark: str = "") -> str:
        text, is_mark = self._peek()
        if self._place >= len(self._tokens) or is_mark != bool(mark) or (mark and text != mark):
            raise self._wrong()
        self._place += 1
        return text

    def _either(self) -> Matcher:
        parts = [self._both()]
        while self._peek() == ("OR", False):
            self._place += 1
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda document: any(part(document) for part in parts)

    def _both(self) -> Matcher:
        parts = [self._one()]
        while self._peek() == ("AND", False):
            self._place += 1
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda document: all(part(document) for part in parts)

    def _one(self) -> Matcher:
        if self._peek() == ("(", True):
            self._next("(")
            made = self._either()
            self._next(")")
            return made
        name = self._next()
        spec = self._fields.get(name)
        if spec is None or spec.kind in (Kind.LINES, Kind.GROUP):
            raise self._wrong()
        operator = self._next()
        if operator in ("EMPTY", "EMPTY_NOT"):
            wanted = operator == "EMPTY"
            return lambda document: (document.get(name) is None) is wanted
        negated = operator.endswith("_NOT")
        test = self._test(spec, operator.removesuffix("_NOT"))
        held = self._held(name, spec)

        def matches(document: Document) -> bool:
            value = held(document)
            return value is not None and test(value) is not negated

        return matches

    def _test(self, spec: Field, operator: str) -> Callable[[Any], bool]:
        """A test of one value; operators are those of the field's kind."""
        if operator == "ANY_OF":
            wanted = {self._value(spec, said) for said in self._list()}
            return lambda held: held in wanted
        if operator == "BETWEEN":
            low, high = (self._value(spec, said) for said in self._list(2))
            return lambda held: bool(low <= held <= high)
        tables: dict[Kind, Mapping[str, Callable[[Any, Any], bool]]] = {
            Kind.TEXT: TEXTS, Kind.NUMBER: NUMBERS, Kind.MONEY: NUMBERS, Kind.DURATION: NUMBERS,
            Kind.DATE: DATES, Kind.MOMENT: DATES,
        }  # fmt: skip
        compare = tables.get(spec.kind, {"IS": TEXTS["IS"], "EQUAL": TEXTS["IS"]}).get(operator)
        if compare is None:
            raise self._wrong()
        said = self._value(spec, self._next())
        return lambda held: compare(held, said)

    def _list(self, length: int = 0) -> list[str]:
        self._next("[")
        values = [self._next()]
        while self._peek() == (",", True):
            self._next(",")
            values.append(self._next())
        self._next("]")
        if length and len(values) != length:
            raise self._wrong()
        return values

    def _value(self, spec: Field, said: str) -> Any:
        try:
            match spec.kind:
                case Kind.TEXT:
                    return said.lower()
                case Kind.FLAG:
                    return {"true": True, "false": False}[said.lower()]
                case Kind.DATE | Kind.MOMENT:
                    # Dates in a query are in the account's format, which is M/D/YYYY here.
                    return f"{datetime.strptime(said, '%m/%d/%Y'):%Y-%m-%d}"  # noqa: DTZ007
                case Kind.NUMBER | Kind.MONEY | Kind.DURATION:
                    return Decimal(said)
                case _:
                    return said
        except (KeyError, ValueError, InvalidOperation):
            raise self._wrong() from None

    def _held(self, name: str, spec: Field) -> Callable[[Document], Any]:
        """Reads the field off a document in the form that `_value` gives to what the query says."""

        def read(document: Document) -> Any:
            value = document.get(name)
            if value is None:
                return None
            match spec.kind:
                case Kind.TEXT:
                    return value.lower()
                case Kind.MOMENT:
                    return value[:10]
                case Kind.NUMBER:
                    return Decimal(value)
                case Kind.MONEY:
                    return major(value, self._exponent(document))
                case Kind.DURATION:
                    return Decimal(value) / 60
                case _:
                    return value

        return read
