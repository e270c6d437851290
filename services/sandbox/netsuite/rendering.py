"""Records as NetSuite shows them: links, references with names, enums, and sublists behind links."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ..ledger import Document
from .books import Books
from .credentials import USERS
from .decoding import CUSTOM
from .money import major
from .schema import RECORDS, Field, Kind

__all__ = ["RECORD_ROOT", "Renderer", "clock_hours"]

RECORD_ROOT = "/services/rest/record/v1"


def clock_hours(minutes: int) -> str:
    """Minutes as NetSuite's `h:mm`."""
    return f"{minutes // 60}:{minutes % 60:02d}"


@dataclass(frozen=True, kw_only=True)
class Renderer:
    """Shows records of one answer. `base_url` heads the links; the flags are the query's of the same name."""

    books: Books
    base_url: str
    expand: bool = False
    simple_enums: bool = False

    def link(self, path: str, rel: str = "self") -> dict[str, str]:
        return {"rel": rel, "href": f"{self.base_url}{RECORD_ROOT}/{path}"}

    def record(self, name: str, document: Document, only: Collection[str] = ()) -> dict[str, Any]:
        """One record; `only` limits it to these fields beside its id and links."""
        path = f"{name}/{document['id']}"
        shown: dict[str, Any] = {"links": [self.link(path)], "id": document["id"]}
        whole = {
            "externalId": document.get("externalId"),
            **{key: value for key, value in document.items() if CUSTOM.fullmatch(key)},
            "createdDate": document["createdDate"],
            "lastModifiedDate": document["lastModifiedDate"],
        }
        for key, value in whole.items():
            if value is not None and (not only or key in only):
                shown[key] = value
        exponent = self.books.exponent(document["currency"]) if document.get("currency") else 0
        for key, spec in RECORDS[name].fields.items():
            if document.get(key) is not None and (not only or key in only):
                shown[key] = self._field(spec, document[key], exponent, f"{path}/{key}")
        if not only or "lastModifiedBy" in only:
            user = document["lastModifiedBy"]
            shown["lastModifiedBy"] = {"id": user, "refName": USERS.get(user, user)}
        return shown

    def sublist(self, name: str, document: Document, key: str) -> dict[str, Any]:
        """All lines of one sublist, each under its own link."""
        path = f"{name}/{document['id']}/{key}"
        exponent = self.books.exponent(document["currency"]) if document.get("currency") else 0
        spec = RECORDS[name].fields[key]
        items = [self._line(spec, line, exponent, path) for line in document.get(key) or ()]
        return {
            "links": [self.link(path)],
            "items": items,
            "count": len(items),
            "hasMore": False,
            "offset": 0,
            "totalResults": len(items),
        }

    def _line(self, spec: Field, line: Mapping[str, Any], exponent: int, path: str) -> dict[str, Any]:
        shown: dict[str, Any] = {"links": [self.link(f"{path}/{line['line']}")], "line": line["line"]}
        shown.update(self._fields(spec, line, exponent, f"{path}/{line['line']}"))
        return shown

    def _fields(self, spec: Field, values: Mapping[str, Any], exponent: int, path: str) -> dict[str, Any]:
        return {
            key: self._field(inner, values[key], exponent, f"{path}/{key}")
            for key, inner in spec.fields.items()
            if values.get(key) is not None
        }

    def _field(self, spec: Field, value: Any, exponent: int, path: str) -> Any:
        match spec.kind:
            case Kind.REFERENCE:
                return self._reference(spec.to, value)
            case Kind.CHOICE:
                return (
                    value if self.simple_enums else {"id": value, "refName": spec.choices.get(value, value)}
                )
            case Kind.MONEY:
                return float(major(value, exponent))
            case Kind.NUMBER:
                return float(value)
            case Kind.DURATION:
                return clock_hours(value)
            case Kind.GROUP:
                return self._fields(spec, value, exponent, path)
            case Kind.LINES:
                if not self.expand:
                    return {"links": [self.link(path)]}
                return {
                    "links": [self.link(path)],
                    "items": [self._line(spec, line, exponent, path) for line in value],
                    "totalResults": len(value),
                }
            case _:
                return value

    def _reference(self, records: tuple[str, ...], key: str) -> dict[str, Any]:
        home = self.books.home(records, key)
        return {"links": [self.link(f"{home}/{key}")], "id": key, "refName": self.books.called(home, key)}
