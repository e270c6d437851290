"""Reads one JSON value as what its field keeps, or refuses it in Salesforce's words."""

import math
import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from .errors import Refused, data_refused
from .ids import whole
from .schema import Field

__all__ = ["stored"]

Reader = Callable[[Field, Any], Any]
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,]+")


def stored(field: Field, value: Any) -> Any:
    """The value as it is kept; `None` clears. Texts are trimmed and an empty one is none at all."""
    if value is None:
        return None
    read: Reader = READERS.get(field.type, _text)
    return read(field, value)


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _unreadable(field, "string", value)
    text = value.strip()
    if len(text) > field.length:
        message = f"{field.label}: data value too large: {text[:40]} (max length={field.length})"
        raise data_refused("STRING_TOO_LONG", message, field.name)
    return text or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and not EMAIL.fullmatch(text):
        message = f"{field.label}: invalid email address: {text}"
        raise data_refused("INVALID_EMAIL_ADDRESS", message, field.name)
    return text


def _picklist(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is not None and field.values and text not in field.values:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise data_refused("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, field.name)
    return text


def _reference(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _unreadable(field, "reference", value)
    if not value:
        return None
    if (full := whole(value)) is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise data_refused("MALFORMED_ID", message, field.name)
    return full


def _amount(field: Field, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _unreadable(field, "currency", value)
    if abs(value) >= 10**16:
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise data_refused("NUMBER_OUTSIDE_VALID_RANGE", message, field.name)
    return float(value)


def _day(field: Field, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise _unreadable(field, "date", value) from None


READERS: Mapping[str, Reader] = {
    "email": _email,
    "picklist": _picklist,
    "reference": _reference,
    "currency": _amount,
    "date": _day,
}


def _unreadable(field: Field, kind: str, value: Any) -> Refused:
    message = f"Cannot deserialize instance of {kind} from value {value!r} for field {field.name}"
    return data_refused("JSON_PARSER_ERROR", message, field.name)
