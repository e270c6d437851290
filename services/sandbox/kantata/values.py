"""How values are read from a request: JSON types and the strings of a Rails form alike.

Every reader takes what was sent and returns what is kept, or raises `ValueError` with the end of a
sentence that starts with the field's name ("can't be blank").
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

__all__ = [
    "BASE_UNITS",
    "SYMBOLS",
    "Reader",
    "Unset",
    "currency",
    "day",
    "flag",
    "ident",
    "idents",
    "instant",
    "one_of",
    "positive",
    "price",
    "record",
    "text",
    "whole",
]

Reader = Callable[[Any], Any]

#: Smallest units in one unit of a currency: what the vendor calls `currency_base_unit`.
BASE_UNITS = {"USD": 100, "EUR": 100, "GBP": 100, "CAD": 100, "AUD": 100, "CHF": 100, "JPY": 1}
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "CAD": "CA$", "AUD": "A$", "CHF": "CHF", "JPY": "¥"}


class Unset(ValueError):
    """A null where only a value has a meaning: the field stays as it is."""


def text(value: Any) -> str | None:
    """Any single value, as a string."""
    if value is None:
        return None
    if isinstance(value, (dict, list)):
        raise ValueError("is invalid")
    return str(value)


def whole(value: Any) -> int | None:
    """A whole number, sent as one or as digits."""
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise ValueError("is not a number")
    return int(value)


def positive(value: Any) -> int | None:
    """A whole number above nothing."""
    number = whole(value)
    if number is not None and number <= 0:
        raise ValueError("must be greater than 0")
    return number


def flag(value: Any) -> bool:
    """A truth value, sent as one or as true, false, 1 or 0."""
    if value is None:
        raise Unset("is null")
    if isinstance(value, bool):
        return value
    if str(value).lower() in {"true", "1"}:
        return True
    if str(value).lower() in {"false", "0"}:
        return False
    raise ValueError("is not a boolean")


def day(value: Any) -> str | None:
    """A date, YYYY-MM-DD."""
    if value is None or value == "":
        return None
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        raise ValueError("is not a valid date")
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise ValueError("is not a valid date") from None


def ident(value: Any) -> str | None:
    """An id, sent as a number or as digits; kept as digits."""
    number = whole(value)
    return None if number is None else str(number)


def idents(value: Any) -> list[str]:
    """Several ids: a list, or one string with commas."""
    items = value.split(",") if isinstance(value, str) else value or []
    if not isinstance(items, list):
        raise ValueError("is invalid")
    return list(dict.fromkeys(key for item in items if (key := ident(item)) is not None))


def price(value: Any) -> str | None:
    """An amount in units of its currency, as an exact decimal string."""
    if value is None or value == "":
        return None
    try:
        amount = Decimal(str(value).replace(",", ""))
    except InvalidOperation:
        raise ValueError("is not a number") from None
    if not amount.is_finite():
        raise ValueError("is not a number")
    return str(amount)


def currency(value: Any) -> str:
    """An ISO 4217 code that the account knows."""
    return one_of(*BASE_UNITS)(value)


def record(value: Any) -> dict[str, Any] | None:
    """An object inside the record."""
    if value is not None and not isinstance(value, dict):
        raise ValueError("is invalid")
    return value


def one_of(*choices: str) -> Callable[[Any], str]:
    """One of some words."""

    def read(value: Any) -> str:
        if value is None:
            raise Unset("is null")
        if str(value) not in choices:
            raise ValueError("is not included in the list")
        return str(value)

    return read


def instant(value: str) -> int:
    """An ISO 8601 date or date-time as seconds since 1970; one without an offset is read as UTC."""
    # A plus sign in an unencoded query arrives as a space.
    moment = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", value))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
