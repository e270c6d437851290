"""Amounts between minor units of an ISO 4217 currency and NetSuite's decimals."""

from decimal import ROUND_HALF_UP, Decimal

from contracts.types import Money, exponent

__all__ = ["major", "money_of"]


def major(money: Money) -> Decimal:
    """The amount in whole units of its currency, exactly."""
    return Decimal(money.amount).scaleb(-exponent(money.currency))


def money_of(amount: Decimal, currency: str) -> Money:
    """Money of an amount in whole units. NetSuite sends floats: what is finer than a minor unit is noise."""
    units = amount.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(amount=int(units), currency=currency)
