"""Rows of a query: which fields are asked for, and how a row becomes a value of a known shape."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

from services.adapterkit.families import Unavailable

from .api import Row

__all__ = ["Columns", "Record", "Stamp", "is_record_id", "value_at", "value_of"]

#: Names of ours, and the path in the vendor's object that each stands for.
Columns = Mapping[str, str]

Stamp = Annotated[datetime, Meta(tz=True)]
RecordKey = Annotated[str, Meta(pattern="^[A-Za-z0-9]{15}([A-Za-z0-9]{3})?$")]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A row with its id, and when it and its parent (if it has one) changed last."""

    record: RecordKey
    changed: Stamp
    parent_changed: Stamp | None = None


T = TypeVar("T", bound=Record)


def value_of(row: Row, columns: Columns, shape: type[T]) -> T:
    """The row in our own names; raises `Unavailable` where it is not of that shape."""
    values = {name: value_at(row, path) for name, path in columns.items()}
    try:
        return msgspec.convert(values, shape)
    except msgspec.ValidationError as unfit:
        field = str(unfit).rpartition("`$.")[2].rstrip("`")
        where = columns.get(field, "the row")
        raise Unavailable(f"{row.get('Id')}: {where} has another shape: {unfit}") from None


def value_at(row: Row, path: str) -> Any:
    """The value at `Account.Client_Number__c`; None where a parent is missing. Raises `Unavailable`."""
    at: Any = row
    for name in path.split("."):
        if at is None:
            return None
        if not isinstance(at, Mapping) or name not in at:
            raise Unavailable(f"a row without {path}: API names are written exactly as the org has them")
        at = at[name]
    return at


def is_record_id(text: str) -> bool:
    """Whether this can be the id of a record."""
    return len(text) in (15, 18) and text.isascii() and text.isalnum()
