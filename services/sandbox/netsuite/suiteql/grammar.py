"""The grammar of the SuiteQL this stand-in understands, from text to a tree.

SELECT output, ... FROM table [alias] [WHERE condition] [GROUP BY column, ...]
    [ORDER BY column [ASC|DESC], ...]
output    = [COUNT(*) | SUM|MIN|MAX(column) | TO_CHAR(column, 'format') | column] [[AS] name] | *
condition = comparisons (= != <> < > <= >= [NOT] IN, [NOT] LIKE, IS [NOT] NULL) with AND, OR and ( )
operand   = column | 'text' | number | ? | TO_DATE(x, 'format') | TO_TIMESTAMP(x, 'format')
"""

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from .tree import (
    BadQuery,
    Both,
    Column,
    Comparison,
    Condition,
    Either,
    IsNull,
    Like,
    Literal,
    Member,
    Operand,
    Order,
    Output,
    Query,
)

__all__ = ["parse"]

TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<mark><>|!=|<=|>=|[=<>(),?*]))"
)
RESERVED = frozenset("select from where and or not in like is null order group by asc desc as having".split())
#: Oracle's format elements that this stand-in knows, as those of `strftime`; longer ones first.
FORMATS = (("YYYY", "%Y"), ("HH24", "%H"), ("MM", "%m"), ("DD", "%d"), ("MI", "%M"), ("SS", "%S"), ('"', ""))


def python_format(oracle: str) -> str:
    """An Oracle date format as one of `strftime`."""
    made = oracle.replace("%", "%%")
    for element, directive in FORMATS:
        made = made.replace(element, directive)
    return made


def parse(text: str, params: Sequence[Any] = ()) -> Query:
    """Read a query, its `?` filled from `params` in order; raises `BadQuery`."""
    return _Reader(text, params).query()


class _Reader:
    def __init__(self, text: str, params: Sequence[Any]) -> None:
        self._tokens: list[tuple[str, str]] = []
        at, text = 0, text.strip().rstrip(";")
        while at < len(text.rstrip()):
            found = TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise BadQuery(f"Unexpected character at {text[at:].strip()[:20]!r}")
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        self._at, self._params, self._alias = 0, list(params), ""

    def query(self) -> Query:
        self._expect("select")
        outputs = () if self._take("*") else tuple(self._listed(self._output))
        self._expect("from")
        table = self._word().lower()
        if self._peek()[0] == "word" and self._peek()[1].lower() not in RESERVED:
            self._alias = self._word().lower()
        where = self._either() if self._take("where") else None
        group = self._by("group", self._name)
        order = self._by("order", self._order)
        if self._at < len(self._tokens):
            raise BadQuery(f"Unexpected {self._peek()[1]!r}")
        return Query(outputs=outputs, table=table, where=where, group=tuple(group), order=tuple(order))

    def _peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self._at + ahead
        return self._tokens[place] if place < len(self._tokens) else ("end", "")

    def _take(self, word: str) -> bool:
        kind, text = self._peek()
        if kind in ("word", "mark") and text.lower() == word:
            self._at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._take(word):
            raise BadQuery(f"Expected {word.upper()} and found {self._peek()[1] or 'the end'!r}")

    def _word(self) -> str:
        kind, text = self._peek()
        if kind != "word" or text.lower() in RESERVED:
            raise BadQuery(f"Expected a name and found {text or 'the end'!r}")
        self._at += 1
        return text

    def _name(self) -> str:
        """A column, its table alias taken off; a later check knows whether the column exists."""
        return self._word().lower().rpartition(".")[2]

    def _text(self) -> str:
        kind, text = self._peek()
        if kind != "text":
            raise BadQuery(f"Expected a text and found {text or 'the end'!r}")
        self._at += 1
        return text[1:-1].replace("''", "'")

    def _listed(self, read: Any) -> list[Any]:
        found = [read()]
        while self._take(","):
            found.append(read())
        return found

    def _by(self, word: str, read: Any) -> list[Any]:
        if not self._take(word):
            return []
        self._expect("by")
        return self._listed(read)

    def _order(self) -> Order:
        name = self._name()
        descending = self._take("desc")
        if not descending:
            self._take("asc")
        return Order(name=name, descending=descending)

    def _output(self) -> Output:
        function, form, column = "", "", ""
        if self._peek(1) == ("mark", "("):
            function = self._word().lower()
            self._expect("(")
            if function == "count":
                self._expect("*")
            elif function in ("sum", "min", "max", "to_char"):
                column = self._name()
            else:
                raise BadQuery(f"Unknown function {function.upper()}")
            if function == "to_char":
                self._expect(",")
                form = python_format(self._text())
            self._expect(")")
        else:
            column = self._name()
        name = f"expr{self._at}" if function else column
        if self._take("as") or (self._peek()[0] == "word" and self._peek()[1].lower() not in RESERVED):
            name = self._word().lower()
        return Output(column=column, name=name, function=function, format=form)

    def _either(self) -> Condition:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Condition:
        parts = [self._one()]
        while self._take("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Condition:
        if self._take("("):
            made = self._either()
            self._expect(")")
            return made
        left = self._operand()
        if self._take("is"):
            negated = self._take("not")
            self._expect("null")
            return IsNull(_column(left), negated)
        negated = self._take("not")
        if self._take("in"):
            self._expect("(")
            items = tuple(_literal(operand) for operand in self._listed(self._operand))
            self._expect(")")
            return Member(_column(left), items, negated)
        if self._take("like"):
            return Like(_column(left), str(_literal(self._operand()).value), negated)
        kind, operator = self._peek()
        if negated or kind != "mark" or operator not in ("=", "!=", "<>", "<", ">", "<=", ">="):
            raise BadQuery(f"Expected a comparison and found {operator or 'the end'!r}")
        self._at += 1
        return Comparison("!=" if operator == "<>" else operator, left, self._operand())

    def _operand(self) -> Operand:
        kind, text = self._peek()
        if kind == "text":
            return Literal(self._text(), "text")
        if kind == "number":
            self._at += 1
            return Literal(Decimal(text), "number")
        if self._take("?"):
            return self._param()
        if self._peek(1) == ("mark", "("):
            return self._moment()
        return Column(self._name())

    def _param(self) -> Literal:
        if not self._params:
            raise BadQuery("There are more ? than params")
        value = self._params.pop(0)
        if isinstance(value, bool):
            return Literal("T" if value else "F", "text")
        return Literal(value, "number") if isinstance(value, int | Decimal) else Literal(str(value), "text")

    def _moment(self) -> Literal:
        function = self._word().lower()
        if function not in ("to_date", "to_timestamp"):
            raise BadQuery(f"Unknown function {function.upper()}")
        self._expect("(")
        text = str(_literal(self._operand()).value)
        self._expect(",")
        form = self._text()
        self._expect(")")
        try:
            read = datetime.strptime(text, python_format(form))  # noqa: DTZ007
        except ValueError as unfit:
            raise BadQuery(f"{text!r} does not match the format {form!r}") from unfit
        if function == "to_date" and "HH24" not in form:
            return Literal(f"{read:%Y-%m-%d}", "date")
        return Literal(f"{read:%Y-%m-%dT%H:%M:%SZ}", "datetime")


def _column(operand: Operand) -> Column:
    if not isinstance(operand, Column):
        raise BadQuery("Expected a column")
    return operand


def _literal(operand: Operand) -> Literal:
    if not isinstance(operand, Literal):
        raise BadQuery("Expected a value")
    return operand
