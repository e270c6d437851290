"""Reads SOQL by recursive descent.

    SELECT path, ... | COUNT()  FROM object  [WHERE condition]
    [ORDER BY path [ASC | DESC] [NULLS FIRST | LAST], ...]  [LIMIT n]  [OFFSET n]

As in the vendor's grammar, AND and OR on one level must be told apart with parentheses.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

from .errors import Refused
from .soql import Comparison, Condition, Junction, Negation, Order, Path, Select, Value, refuse
from .times import read_moment

__all__ = ["parse"]

TOKEN = re.compile(
    r"""\s*(?:
      (?P<string>'(?:\\.|[^'\\])*')
    | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    | (?P<date>\d{4}-\d\d-\d\d)
    | (?P<number>[+-]?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z][A-Za-z0-9_]*)*)
    | (?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(.)", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
OPERATORS = ("=", "!=", "<>", "<", "<=", ">", ">=")

Part = TypeVar("Part")


def parse(text: str) -> Select:
    """Read a query; raises `Refused` MALFORMED_QUERY with the place."""
    return _Reader(text).select()


@dataclass(frozen=True, kw_only=True)
class _Token:
    kind: str
    text: str
    at: int


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokens(text)
        self._place = 0

    def select(self) -> Select:
        self._expect("SELECT")
        paths = () if self._counts() else self._list(self._path)
        self._expect("FROM")
        sobject = self._path()
        where = self._condition() if self._accept("WHERE") else None
        order: tuple[Order, ...] = ()
        if self._accept("ORDER"):
            self._expect("BY")
            order = self._list(self._order)
        limit = self._whole() if self._accept("LIMIT") else None
        offset = self._whole() if self._accept("OFFSET") else 0
        if self._next.kind != "end":
            raise self._unexpected()
        return Select(
            text=self._text,
            paths=paths,
            sobject=sobject,
            where=where,
            order=order,
            limit=limit,
            offset=offset,
        )

    def _counts(self) -> bool:
        following = [token.text.upper() for token in self._tokens[self._place : self._place + 3]]
        if following != ["COUNT", "(", ")"]:
            return False
        self._place += 3
        return True

    def _condition(self) -> Condition:
        parts = [self._simple()]
        word: Literal["AND", "OR"] = "OR" if self._is("OR") else "AND"
        while self._accept(word):
            parts.append(self._simple())
        if self._is("AND") or self._is("OR"):
            raise self._unexpected()
        return parts[0] if len(parts) == 1 else Junction(word=word, parts=tuple(parts))

    def _simple(self) -> Condition:
        if self._accept("NOT"):
            return Negation(part=self._simple())
        if self._accept("("):
            inside = self._condition()
            self._expect(")")
            return inside
        return self._comparison()

    def _comparison(self) -> Condition:
        path = self._path()
        if self._accept("NOT"):
            self._expect("IN")
            return Negation(part=self._in(path))
        if self._accept("IN"):
            return self._in(path)
        if self._accept("LIKE"):
            return Comparison(path=path, operator="LIKE", values=(self._value(),))
        if self._next.text not in OPERATORS:
            raise self._unexpected()
        operator = self._take().text
        return Comparison(path=path, operator="!=" if operator == "<>" else operator, values=(self._value(),))

    def _in(self, path: Path) -> Comparison:
        self._expect("(")
        values = self._list(self._value)
        self._expect(")")
        return Comparison(path=path, operator="IN", values=values)

    def _order(self) -> Order:
        path = self._path()
        descending = self._accept("DESC")
        if not descending:
            self._accept("ASC")
        nulls_last = False
        if self._accept("NULLS"):
            nulls_last = self._accept("LAST")
            if not nulls_last:
                self._expect("FIRST")
        return Order(path=path, descending=descending, nulls_last=nulls_last)

    def _path(self) -> Path:
        if self._next.kind != "word":
            raise self._unexpected()
        token = self._take()
        return Path(names=tuple(token.text.split(".")), at=token.at)

    def _value(self) -> Value:
        token = self._next
        match token.kind, token.text.lower():
            case "string", _:
                value = Value(kind="string", value=_unquoted(token.text), at=token.at)
            case "number", _:
                value = Value(kind="number", value=float(token.text), at=token.at)
            case "date" | "moment" as kind, _:
                value = self._dated(kind, token)
            case "word", "true" | "false" as word:
                value = Value(kind="boolean", value=word == "true", at=token.at)
            case "word", "null":
                value = Value(kind="null", value=None, at=token.at)
            case _:
                raise self._unexpected()
        self._take()
        return value

    def _dated(self, kind: Literal["date", "moment"], token: _Token) -> Value:
        try:
            read = read_moment(token.text) if kind == "moment" else date.fromisoformat(token.text).isoformat()
        except ValueError as error:
            raise refuse(self._text, token.at, "MALFORMED_QUERY", str(error)) from None
        return Value(kind=kind, value=read, at=token.at)

    def _whole(self) -> int:
        if self._next.kind != "number" or not self._next.text.isdigit():
            raise self._unexpected()
        return int(self._take().text)

    def _list(self, read: Callable[[], Part]) -> tuple[Part, ...]:
        parts = [read()]
        while self._accept(","):
            parts.append(read())
        return tuple(parts)

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        self._place += 1
        return self._tokens[self._place - 1]

    def _is(self, word: str) -> bool:
        return self._next.kind in ("word", "sign") and self._next.text.upper() == word

    def _accept(self, word: str) -> bool:
        taken = self._is(word)
        self._place += taken
        return taken

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise refuse(
                self._text, self._next.at, "MALFORMED_QUERY", f"expecting {word}, found {self._found}"
            )

    @property
    def _found(self) -> str:
        return f"'{self._next.text}'" if self._next.text else "the end of the query"

    def _unexpected(self) -> Refused:
        return refuse(self._text, self._next.at, "MALFORMED_QUERY", f"unexpected token: {self._found}")


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while matched := TOKEN.match(text, at):
        kind = str(matched.lastgroup)
        tokens.append(_Token(kind=kind, text=matched[kind], at=matched.start(kind)))
        at = matched.end()
    at = len(text) - len(text[at:].lstrip())
    if at < len(text):
        raise refuse(text, at, "MALFORMED_QUERY", f"unexpected char: {text[at]!r}")
    return [*tokens, _Token(kind="end", text="", at=len(text))]


def _unquoted(text: str) -> str:
    return ESCAPE.sub(lambda escape: ESCAPES.get(escape[1], escape[1]), text[1:-1])
