"""What an invoice has to come to, recomputed with whole numbers by the rule that each ERP states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ..firm import ENTITIES

__all__ = ["NETSUITE", "TAX_PERCENT", "TRYTON", "Arithmetic"]

BY_PROFILE: Final = {"US-SALES": 0, "GB-VAT20": 20, "DE-UST19": 19, "JP-CT10": 10}
#: Sales tax in per cent by legal entity.
TAX_PERCENT: Final[Mapping[str, int]] = {entity.code: BY_PROFILE[entity.tax_profile] for entity in ENTITIES}

Round = Callable[[int, int], int]


def half_up(part: int, whole: int) -> int:
    """`part / whole`, to the nearest whole number, halves away from zero. `whole` is above zero."""
    sign = -1 if part < 0 else 1
    return sign * ((2 * abs(part) + whole) // (2 * whole))


def half_even(part: int, whole: int) -> int:
    """`part / whole`, to the nearest whole number, halves to the even one. `whole` is above zero."""
    down, rest = divmod(part, whole)
    if 2 * rest == whole:
        return down + down % 2
    return down + (2 * rest > whole)


@dataclass(frozen=True, kw_only=True)
class Arithmetic:
    """How an ERP rounds. `hour_parts`: it takes hours to such a part of one before it multiplies."""

    round: Round
    hour_parts: int | None

    def price(self, minutes: int, rate: Decimal, exponent: int) -> int:
        """Minor units of so many minutes at an hourly rate in units of the currency."""
        numerator, denominator = rate.as_integer_ratio()
        quantity, per_hour = minutes, 60
        if self.hour_parts is not None:
            quantity, per_hour = self.round(minutes * self.hour_parts, 60), self.hour_parts
        return self.round(quantity * numerator * 10**exponent, per_hour * denominator)

    def tax(self, net: int, entity: str) -> int:
        """Tax on a net amount billed by a legal entity, in the same minor units."""
        return self.round(net * TAX_PERCENT[entity], 100)


NETSUITE: Final = Arithmetic(round=half_up, hour_parts=None)
#: The rounding that the sandbox sets of Tryton's unit Hour.
TRYTON: Final = Arithmetic(round=half_even, hour_parts=1_000_000)
