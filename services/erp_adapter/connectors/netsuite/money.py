"""Amounts between minor units of an ISO 4217 currency and NetSuite's decimals."""

from decimal import ROUND_HALF_UP, Decimal

from contracts.types import Money

__all__ = ["major", "money_of"]

#: Currencies whose minor unit is not a hundredth (ISO 4217, list one).
EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def major(money: Money) -> Decimal:
    """The amount in whole units of its currency, exactly."""
    return Decimal(money.amount).scaleb(-EXPONENTS.get(money.currency, 2))


def money_of(amount: Decimal, currency: str) -> Money:
    """Money of an amount in whole units. NetSuite sends floats: what is finer than a minor unit is noise."""
    units = amount.scaleb(EXPONENTS.get(currency, 2)).quantize(Decimal(1), ROUND_HALF_UP)
    return Money(amount=int(units), currency=currency)
