"""Exact arithmetic: amounts are whole minor units, rates and quantities are decimals written as text."""

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["decimal_text", "major", "minor", "priced", "tax"]


def minor(value: Decimal | int, exponent: int) -> int:
    """Whole minor units, half up. An `int` is in minor units already and comes back as it is."""
    if isinstance(value, int):
        return value
    return int(value.scaleb(exponent).quantize(Decimal(1), ROUND_HALF_UP))


def major(units: int, exponent: int) -> Decimal:
    """An amount in whole units of its currency, with all its minor digits."""
    return Decimal(units).scaleb(-exponent)


def priced(quantity: Decimal, rate: str, exponent: int) -> int:
    """Quantity times rate in minor units, half up; `rate` is in whole units of the currency."""
    return minor(quantity * Decimal(rate), exponent)


def tax(net: int, percent: int) -> int:
    """Tax on a net amount in minor units, half up away from zero."""
    return int((Decimal(net) * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))


def decimal_text(value: Decimal) -> str:
    """The shortest plain text of a decimal: `150`, `0.5`, never `1.5E+2`."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
