"""Values as Tryton writes them in JSON, both ways. Numbers go through their decimal text, never through floats."""

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec

from contracts.types import Money, exponent
from services.adapterkit.families import Unavailable

__all__ = ["Day", "Exact", "Moment", "Span", "day", "exact", "moment", "money", "number", "span", "units"]

#: Money and hours of a firm are far below this; a larger figure is a misread one.
LARGEST = Decimal(10) ** 15


class Exact(msgspec.Struct, frozen=True):
    """A Numeric; finite and of a size that money has."""

    decimal: Decimal

    def __post_init__(self) -> None:
        if not (self.decimal.is_finite() and abs(self.decimal) < LARGEST):
            raise ValueError("a number is out of range")


class Day(msgspec.Struct, frozen=True):
    """A Date."""

    year: int
    month: int
    day: int

    def __post_init__(self) -> None:
        date(self.year, self.month, self.day)

    @property
    def date(self) -> date:
        return date(self.year, self.month, self.day)


class Moment(msgspec.Struct, frozen=True):
    """A DateTime or Timestamp: naive, in UTC."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    microsecond: int = 0

    def __post_init__(self) -> None:
        _ = self.utc

    @property
    def utc(self) -> datetime:
        return datetime(
            self.year, self.month, self.day, self.hour, self.minute, self.second, self.microsecond, UTC
        )


class Span(msgspec.Struct, frozen=True):
    """A TimeDelta; people may have entered seconds, which count as the nearest minute."""

    seconds: Decimal

    def __post_init__(self) -> None:
        if not (self.seconds.is_finite() and abs(self.seconds) < LARGEST):
            raise ValueError("a duration is out of range")

    @property
    def minutes(self) -> int:
        return int((self.seconds / 60).quantize(Decimal(1), ROUND_HALF_UP))


def exact(value: Decimal) -> dict[str, Any]:
    """A Numeric for the wire."""
    return {"__class__": "Decimal", "decimal": format(value, "f")}


def day(value: date) -> dict[str, Any]:
    """A Date for the wire."""
    return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}


def moment(value: datetime) -> dict[str, Any]:
    """An aware instant for the wire."""
    utc = value.astimezone(UTC)
    fields = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(utc, name) for name in fields}}


def span(minutes: int) -> dict[str, Any]:
    """A TimeDelta for the wire."""
    return {"__class__": "timedelta", "seconds": minutes * 60}


def money(amount: Exact, currency: str) -> Money:
    """Currency units as minor units; raises `Unavailable` for an amount that has none of that size."""
    scaled = amount.decimal.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise Unavailable(f"Tryton shows {amount.decimal} {currency}, which is not whole in its minor unit")
    return Money(amount=int(scaled), currency=currency)


def units(amount: Money) -> Decimal:
    """Minor units as currency units."""
    return Decimal(amount.amount).scaleb(-exponent(amount.currency))


def number(record: str, kind: str) -> int | None:
    """The id in a record such as `task:12`; None where it names another kind, or nothing of Tryton's."""
    given, _, text = record.partition(":")
    return int(text) if given == kind and text.isascii() and text.isdecimal() else None
