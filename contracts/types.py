"""Values that every contract shares: ids as types, minutes, money, dates. All exact, all immutable."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

__all__ = [
    "ConnectionName", "CurrencyCode", "CustomerId", "EngagementId", "EntityCode", "EntryId", "ExceptionId",
    "InvoiceId", "MilestoneCode", "Minutes", "Money", "OpportunityId", "Period", "PolicyHash", "Rate",
    "RecordId", "TaskCode", "Value", "WorkerId", "exponent", "period_of", "value_of",
]  # fmt: skip

ConnectionName = NewType("ConnectionName", str)  # one configured vendor system, such as "netsuite"
RecordId = NewType("RecordId", str)  # a vendor's own id of a record, opaque to everyone else
CustomerId = NewType("CustomerId", str)  # the firm's client number
OpportunityId = NewType("OpportunityId", str)  # the firm's deal number
EngagementId = NewType("EngagementId", str)
TaskCode = NewType("TaskCode", str)  # unique within its engagement
MilestoneCode = NewType("MilestoneCode", str)  # unique within its engagement
WorkerId = NewType("WorkerId", str)  # the firm's employee number
EntryId = NewType("EntryId", str)  # connection and the vendor's id of one time entry: "kantata:85"
InvoiceId = NewType("InvoiceId", str)
EntityCode = NewType("EntityCode", str)  # a legal entity
ExceptionId = NewType("ExceptionId", str)
PolicyHash = NewType("PolicyHash", str)

CurrencyCode = Annotated[str, Meta(pattern="^[A-Z]{3}$")]  # ISO 4217
Period = Annotated[str, Meta(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]  # a calendar month, "2026-11"
Minutes = Annotated[int, Meta(ge=-100_000, le=100_000)]
Rate = Decimal  # currency units an hour, as the rate card states it


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a contract; evolves under the same law."""


class Money(Value, frozen=True, kw_only=True, order=True):
    """An amount in minor units of its ISO 4217 currency: 12,34 EUR is `Money(amount=1234, currency="EUR")`."""

    amount: int
    currency: CurrencyCode

    def __add__(self, other: "Money") -> "Money":
        if other.currency != self.currency:
            raise ValueError(f"cannot add {other.currency} to {self.currency}: convert by a dated rate first")
        return Money(amount=self.amount + other.amount, currency=self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return self + Money(amount=-other.amount, currency=other.currency)


#: Currencies whose minor unit is not a hundredth (ISO 4217, list one).
_EXPONENTS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}


def exponent(currency: CurrencyCode) -> int:
    """How many decimals the currency's minor unit has (ISO 4217): 2 for EUR, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def value_of(minutes: Minutes, rate: Rate, currency: CurrencyCode) -> Money:
    """What minutes are worth at an hourly rate, rounded half up to the minor unit, once, per posting."""
    exact = rate * minutes / 60 * 10 ** exponent(currency)
    return Money(amount=int(exact.quantize(Decimal(1), ROUND_HALF_UP)), currency=currency)


def period_of(day: date) -> Period:
    """The accounting period (calendar month) a booked date falls in."""
    return f"{day.year:04d}-{day.month:02d}"
