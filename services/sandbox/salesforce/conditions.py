"""Turns SOQL paths and conditions into functions over a record, and finds the index that narrows a search."""

import re
from collections.abc import Callable, Mapping
from operator import ge, gt, le, lt
from typing import Any

from ..ledger import Document
from .errors import Refused
from .ids import whole
from .records import Records
from .schema import SCHEMA, Field, SObject
from .soql import Comparison, Condition, Junction, Negation, Path, Value, refuse

__all__ = ["Terms"]

ORDERINGS: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
#: Field type to the kind of literal it is compared with; text for all others.
LITERALS = {"currency": "number", "boolean": "boolean", "date": "date", "datetime": "moment"}

Getter = Callable[[Document], Any]
Test = Callable[[Document], bool]


class Terms:
    """What the names of one query mean for one object."""

    def __init__(self, records: Records, sobject: SObject, text: str) -> None:
        self._records, self._sobject, self._text = records, sobject, text

    def resolve(self, path: Path) -> tuple[tuple[Field, ...], Field]:
        """The references to follow and the field at the end; raises `Refused` INVALID_FIELD."""
        names, sobject, parents = path.names, self._sobject, []
        if len(names) > 1 and names[0].lower() == sobject.name.lower() and sobject.parent(names[0]) is None:
            names = names[1:]
        for name in names[:-1]:
            parent = sobject.parent(name)
            if parent is None:
                message = f"Didn't understand relationship '{name}' in field path."
                raise refuse(self._text, path.at, "INVALID_FIELD", message)
            parents.append(parent)
            sobject = SCHEMA[parent.refers.lower()]
        field = sobject.field(names[-1])
        if field is None:
            message = f"No such column '{names[-1]}' on entity '{sobject.name}'."
            raise refuse(self._text, path.at, "INVALID_FIELD", message)
        return tuple(parents), field

    def getter(self, path: Path) -> tuple[Field, Getter]:
        """The field and a function that gives its value, `None` where a parent is missing."""
        parents, field = self.resolve(path)
        steps = [(parent.name, self._records.live[parent.refers]) for parent in parents]

        def get(document: Document) -> Any:
            at: Document | None = document
            for name, collection in steps:
                at = collection.get(at[name] or "") if at is not None else None
            return None if at is None else at[field.name]

        return field, get

    def test(self, condition: Condition) -> Test:
        """The condition as a function of one record."""
        match condition:
            case Junction(word="AND"):
                parts = [self.test(part) for part in condition.parts]
                return lambda document: all(part(document) for part in parts)
            case Junction():
                parts = [self.test(part) for part in condition.parts]
                return lambda document: any(part(document) for part in parts)
            case Negation():
                inner = self.test(condition.part)
                return lambda document: not inner(document)
            case Comparison():
                return self._compare(condition)

    def narrow(self, condition: Condition | None) -> list[Document] | None:
        """The few records that can match, where an equality on an indexed field says so."""
        match condition:
            case Junction(word="AND"):
                found = (self.narrow(part) for part in condition.parts)
                return next((few for few in found if few is not None), None)
            case Comparison(path=Path(names=(name,)), operator="=" | "IN", values=values):
                field = self._sobject.field(name)
                if field is None or not field.exact or any(value.kind != "string" for value in values):
                    return None
                keys = dict.fromkeys(self._plain(field, value) for value in values)
                return [document for key in keys for document in self._holding(field, key)]
        return None

    def _holding(self, field: Field, value: str) -> list[Document]:
        if field.type == "id":
            document = self._records.live[self._sobject.name].get(value)
            return [] if document is None else [document]
        return self._records.holding(self._sobject, field, value)

    def _compare(self, comparison: Comparison) -> Test:
        field, get = self.getter(comparison.path)
        if not field.filterable:
            message = f"field '{field.name}' can not be filtered in a query call"
            raise refuse(self._text, comparison.path.at, "INVALID_FIELD", message)
        if comparison.operator == "LIKE":
            return self._like(field, get, comparison.values[0])
        keys = [self._plain(field, value) for value in comparison.values]
        fold = _folder(field)
        match comparison.operator:
            case "=" | "IN":
                wanted = set(keys)
                return lambda document: fold(get(document)) in wanted
            case "!=":
                return lambda document: fold(get(document)) != keys[0]
        ordering, bound = ORDERINGS[comparison.operator], keys[0]
        if bound is None:
            return lambda document: False

        def ordered(document: Document) -> bool:
            value = fold(get(document))
            return value is not None and ordering(value, bound)

        return ordered

    def _like(self, field: Field, get: Getter, value: Value) -> Test:
        if field.type in LITERALS or field.type in ("id", "reference") or value.kind != "string":
            raise self._wrong(field, value, "invalid operator on id field or on a field that is not text")
        pattern = "".join({"%": ".*", "_": "."}.get(letter, re.escape(letter)) for letter in value.value)
        like = re.compile(pattern, re.IGNORECASE | re.DOTALL)
        return lambda document: like.fullmatch(get(document) or "") is not None

    def _plain(self, field: Field, value: Value) -> Any:
        """A literal in the form the field's values are compared in."""
        if value.kind == "null":
            return None
        if value.kind != LITERALS.get(field.type, "string"):
            quoted = "should" if field.type not in LITERALS else "should not"
            kind = f"must be of type {field.type} and {quoted} be enclosed in quotes"
            raise self._wrong(field, value, f"value of filter criterion for field '{field.name}' {kind}")
        if field.type in ("id", "reference"):
            if (full := whole(value.value)) is None:
                raise self._wrong(
                    field, value, f"invalid ID field: {value.value}", "INVALID_QUERY_FILTER_OPERATOR"
                )
            return full
        return _folder(field)(value.value)

    def _wrong(self, field: Field, value: Value, message: str, code: str = "INVALID_FIELD") -> Refused:
        return refuse(self._text, value.at, code, message)


def _folder(field: Field) -> Callable[[Any], Any]:
    """Texts are compared without regard to case, except ids and external ids."""
    if field.exact or field.type in LITERALS:
        return lambda value: value
    return lambda value: value.casefold() if value is not None else None
