"""Tryton's values, both ways."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from contracts.types import Money
from services.adapterkit.families import Unavailable
from services.erp_adapter.connectors.tryton.values import (
    Day,
    Exact,
    Moment,
    Span,
    day,
    exact,
    moment,
    money,
    number,
    span,
    units,
)


def read(value: Any, shape: type) -> Any:
    return msgspec.json.decode(msgspec.json.encode(value), type=shape)


@pytest.mark.parametrize("amount", ["0", "1882.50", "-3.1", "0.0000000001", "999999999999999"])
def test_a_decimal_survives_the_wire(amount: str) -> None:
    assert read(exact(Decimal(amount)), Exact).decimal == Decimal(amount)


def test_a_decimal_is_never_written_with_an_exponent() -> None:
    assert exact(Decimal("1E+5")) == {"__class__": "Decimal", "decimal": "100000"}


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e40"])
def test_a_number_that_no_firm_has_is_refused(amount: str) -> None:
    with pytest.raises(msgspec.DecodeError):
        read({"__class__": "Decimal", "decimal": amount}, Exact)


def test_dates_instants_and_durations_survive_the_wire() -> None:
    instant = datetime(2026, 11, 21, 9, 51, 10, 294909, UTC)
    assert read(day(date(2026, 2, 28)), Day).date == date(2026, 2, 28)
    assert read(moment(instant), Moment).utc == instant
    assert read(moment(instant.astimezone(timezone(timedelta(hours=9)))), Moment).utc == instant
    assert read(span(500), Span).minutes == 500


@pytest.mark.parametrize(("seconds", "minutes"), [(27000.0, 450), (29, 0), (30, 1), (90.0, 2), (-60, -1)])
def test_seconds_that_people_entered_count_as_the_nearest_minute(seconds: float, minutes: int) -> None:
    assert read({"__class__": "timedelta", "seconds": seconds}, Span).minutes == minutes


@pytest.mark.parametrize(
    ("value", "shape"),
    [({"year": 2026, "month": 13, "day": 1}, Day), ({"year": 2026, "month": 2, "day": 30}, Day),
     ({"year": 2026, "month": 1, "day": 1, "hour": 25, "minute": 0, "second": 0}, Moment)],
)  # fmt: skip
def test_a_date_that_is_none_is_refused(value: Any, shape: type) -> None:
    with pytest.raises(msgspec.DecodeError):
        read(value, shape)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [("1882.50", "GBP", 188_250), ("2070", "JPY", 2070), ("1.234", "KWD", 1234), ("-0.01", "EUR", -1),
     ("1.500000", "USD", 150)],
)  # fmt: skip
def test_units_become_minor_units(amount: str, currency: str, minor: int) -> None:
    assert money(Exact(decimal=Decimal(amount)), currency) == Money(amount=minor, currency=currency)


@pytest.mark.parametrize(("amount", "currency"), [("1.005", "GBP"), ("0.5", "JPY")])
def test_an_amount_finer_than_its_currency_is_not_rounded(amount: str, currency: str) -> None:
    with pytest.raises(Unavailable, match="not whole"):
        money(Exact(decimal=Decimal(amount)), currency)


def test_minor_units_become_units() -> None:
    assert str(units(Money(amount=6_000_050, currency="GBP"))) == "60000.50"
    assert str(units(Money(amount=2070, currency="JPY"))) == "2070"


@pytest.mark.parametrize(
    ("record", "kind", "expected"),
    [("task:12", "task", 12), ("project:12", "task", None), ("task:", "task", None), ("12", "task", None),
     ("task:-1", "task", None), ("task:1x", "task", None), ("task:²", "task", None), ("", "task", None)],
)  # fmt: skip
def test_only_a_record_of_the_right_kind_has_a_number(record: str, kind: str, expected: int | None) -> None:
    assert number(record, kind) == expected
