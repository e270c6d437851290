"""A record with changes applied: omitted fields stay, null clears, sublist lines merge by their key."""

from collections.abc import Collection, Mapping
from typing import Any

from ..ledger import Document
from .problems import invalid, missing
from .schema import RECORDS, Field, Kind

__all__ = ["edited", "require"]


def edited(record: str, old: Document, changes: Mapping[str, Any], replace: Collection[str]) -> Document:
    """A changed copy of `old`; sublists named in `replace` hold only the lines given."""
    made = dict(old)
    for name, value in changes.items():
        spec = RECORDS[record].fields.get(name)
        if value is None:
            made.pop(name, None)
        elif spec is not None and spec.kind is Kind.LINES:
            kept = [] if name in replace else [dict(line) for line in old.get(name) or ()]
            made[name] = _merged(spec, kept, value, name)
        else:
            made[name] = value
    return made


def _merged(
    spec: Field, lines: list[dict[str, Any]], changes: list[dict[str, Any]], path: str
) -> list[dict[str, Any]]:
    numbered = {line["line"]: line for line in lines}
    keyed = {_key(spec, line): line for line in lines}
    existed, last = bool(lines), max(numbered, default=0)
    for place, change in enumerate(changes):
        if "line" in change and existed and change["line"] not in numbered:
            raise invalid(f"Line {change['line']} does not exist.", f"{path}.items[{place}].line")
        key = _key(spec, change)
        line = numbered.get(change.get("line")) or (keyed.get(key) if key else None)
        if line is None:
            last += 1
            line = numbered[last] = {"line": last}
            lines.append(line)
            if key:
                keyed[key] = line
        _apply(spec, line, change)
    return lines


def _key(spec: Field, line: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """What names a line beside its number, where the sublist has such a key and the line states it."""
    if spec.key == "line" or line.get(spec.key) is None:
        return None
    return line[spec.key], line.get("expenseLine")


def _apply(spec: Field, line: dict[str, Any], change: Mapping[str, Any]) -> None:
    for name, value in change.items():
        if name == "line":
            continue
        if value is None:
            line.pop(name, None)
        elif name in spec.fields and spec.fields[name].kind is Kind.GROUP:
            group = {**line.get(name, {}), **value}
            line[name] = {key: inner for key, inner in group.items() if inner is not None}
        else:
            line[name] = value


def require(record: str, document: Document) -> None:
    """Raise NetSuite's `Please enter value(s) for` where a mandatory field or line field has no value."""
    fields = RECORDS[record].fields
    labels = [spec.label for name, spec in fields.items() if spec.required and document.get(name) is None]
    for name, spec in fields.items():
        if spec.kind is Kind.LINES:
            labels += [
                inner.label
                for line in document.get(name) or ()
                for key, inner in spec.fields.items()
                if inner.required and line.get(key) is None
            ]
    if labels:
        raise missing(*dict.fromkeys(labels))
