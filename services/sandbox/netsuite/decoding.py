"""What a client wrote, as changes to a record: NetSuite's JSON checked against the schema."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from .books import Books
from .money import decimal_text
from .problems import Problem, invalid
from .schema import RECORDS, Field, Kind

__all__ = ["Decoder", "parse_object", "validation"]

#: Custom fields count as defined in this account, as text.
CUSTOM = re.compile(r"cust(entity|body|col|event|record|item)_\w+")
CUSTOM_FIELD = Field(kind=Kind.TEXT)
CLOCK_HOURS = re.compile(r"(-?)(\d+):([0-5]\d)")
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
READ_BY_ALL = {"externalId": Field(kind=Kind.TEXT), "customForm": Field(kind=Kind.CHOICE)}
#: Part of every answer, so a record that is read, changed and written back carries them; never stored.
IGNORED = {"id", "links", "refName", "createdDate", "lastModifiedDate", "lastModifiedBy"}


def parse_object(body: bytes) -> dict[str, Any]:
    """A JSON object with exact decimals; raises `Problem` otherwise."""
    try:
        content = json.loads(body, parse_float=Decimal)
    except ValueError as broken:
        raise Problem("INVALID_CONTENT", "The request body is not valid JSON.") from broken
    if not isinstance(content, dict):
        raise Problem("INVALID_CONTENT", "The request body must be a JSON object.")
    return content


def validation(headers: Mapping[str, str], name: str, default: str) -> str:
    """The level of one `X-NetSuite-Property...Validation` header: error, warning or ignore."""
    header = f"X-NetSuite-Property{name}Validation"
    level = (headers.get(header) or default).lower()
    if level not in ("error", "warning", "ignore"):
        raise Problem("INVALID_PARAMETER", f"Invalid value {level!r}.", where=("o:errorHeader", header))
    return level


@dataclass(kw_only=True)
class Decoder:
    """Reads one body. `names` and `values` are the validation levels; `warnings` collects what was let pass."""

    books: Books
    names: str = "warning"
    values: str = "error"
    warnings: list[str] = field(default_factory=list)

    def record(self, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The stated fields with stored values; `None` clears. Raises `Problem` for what cannot be read."""
        return self._fields({**RECORDS[name].fields, **READ_BY_ALL}, body, "")

    def _fields(self, known: Mapping[str, Field], body: Mapping[str, Any], path: str) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        for name, value in body.items():
            spec = known.get(name) or (CUSTOM_FIELD if CUSTOM.fullmatch(name) else None)
            if spec is None:
                if name not in IGNORED and not (path and name == "line"):
                    self._unknown(path + name)
            elif spec.readonly:
                continue
            elif value is None:
                changes[name] = None
            else:
                self._value(changes, name, spec, value, path + name)
        return changes

    def _unknown(self, path: str) -> None:
        if self.names == "error":
            raise invalid(f"Unknown reference or field {path}.", path)
        if self.names == "warning":
            self.warnings.append(f"Unknown field {path} ignored")

    def _value(self, changes: dict[str, Any], name: str, spec: Field, value: Any, path: str) -> None:
        try:
            if spec.kind is Kind.LINES:
                changes[name] = self._lines(spec, value, path)
            elif spec.kind is Kind.GROUP:
                changes[name] = self._fields(spec.fields, _mapping(value, path), path + ".")
            elif spec.kind is Kind.REFERENCE:
                changes[name] = self._reference(spec, value, path)
            else:
                changes[name] = READERS[spec.kind](spec, value, path)
        except Problem as problem:
            if self.values == "error" or problem.code != "INVALID_CONTENT":
                raise
            if self.values == "warning":
                self.warnings.append(f"Invalid value of {path} ignored")

    def _lines(self, spec: Field, value: Any, path: str) -> list[dict[str, Any]]:
        items = value.get("items") if isinstance(value, dict) else value
        if not isinstance(items, list):
            raise invalid(f"Sublist {path} must hold items.", path)
        made = []
        for place, item in enumerate(items):
            where = f"{path}.items[{place}]"
            line = self._fields(spec.fields, _mapping(item, where), where + ".")
            if "line" in item:
                if not isinstance(item["line"], int):
                    raise invalid(f"Invalid line key {item['line']!r}.", where + ".line")
                line["line"] = item["line"]
            made.append(line)
        return made

    def _reference(self, spec: Field, value: Any, path: str) -> str:
        token = value
        if isinstance(value, dict):
            token = value.get("id")
            if token is None and value.get("externalId") is not None:
                token = f"eid:{value['externalId']}"
        if token is None:
            raise invalid(f"Reference {path} needs an id or externalId.", path)
        for record in spec.to:
            if (found := self.books.locate(record, str(token))) is not None:
                return str(found["id"])
        raise invalid(f"Invalid reference value {token} for field {path}. The record does not exist.", path)


def _mapping(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise invalid(f"Invalid value for the resource or sub-resource field {path}.", path)
    return value


def _text(spec: Field, value: Any, path: str) -> str:
    if isinstance(value, dict | list):
        raise invalid(f"Invalid value for field {path}. Provide a string.", path)
    return value if isinstance(value, str) else str(value)


def _flag(spec: Field, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(f"Invalid value for field {path}. Provide a boolean.", path)
    return value


def _number(spec: Field, value: Any, path: str) -> str:
    return decimal_text(_exact(spec, value, path))


def _exact(spec: Field, value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise invalid(f"Invalid value for field {path}. Provide a number.", path)
    return Decimal(value)


def _date(spec: Field, value: Any, path: str) -> str:
    try:
        if not isinstance(value, str) or not PLAIN_DATE.fullmatch(value):
            raise ValueError
        return date.fromisoformat(value).isoformat()
    except ValueError:
        raise invalid(f"Invalid value for field {path}. Provide a date as YYYY-MM-DD.", path) from None


def _moment(spec: Field, value: Any, path: str) -> str:
    try:
        read = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise invalid(f"Invalid value for field {path}. Provide a date and time in ISO 8601.", path) from None
    return f"{read:%Y-%m-%dT%H:%M:%SZ}"


def _duration(spec: Field, value: Any, path: str) -> int:
    """Minutes from `"h:mm"`, or from a JSON number of hours that is a whole number of minutes."""
    if isinstance(value, str) and (found := CLOCK_HOURS.fullmatch(value)):
        minutes = int(found[2]) * 60 + int(found[3])
        return -minutes if found[1] else minutes
    if isinstance(value, int | Decimal) and not isinstance(value, bool) and (value * 60) % 1 == 0:
        return int(value * 60)
    raise invalid(f"Invalid value for field {path}. Provide a duration as h:mm.", path)


def _choice(spec: Field, value: Any, path: str) -> str:
    key = value.get("id") if isinstance(value, dict) else value
    if (
        not isinstance(key, str | int)
        or isinstance(key, bool)
        or (spec.choices and str(key) not in spec.choices)
    ):
        raise invalid(f"Invalid value {key!r} for field {path}.", path)
    return str(key)


READERS: dict[Kind, Callable[[Field, Any, str], Any]] = {
    Kind.TEXT: _text,
    Kind.FLAG: _flag,
    Kind.NUMBER: _number,
    Kind.MONEY: _exact,
    Kind.DATE: _date,
    Kind.MOMENT: _moment,
    Kind.DURATION: _duration,
    Kind.CHOICE: _choice,
}
