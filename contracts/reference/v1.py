"""Reference data that decisions rest on: accounting periods and rate cards, mastered in the ERP."""

from datetime import date

from ..base import Contract, published
from ..types import ConnectionName, CurrencyCode, EntityCode, Period, Rate

__all__ = ["PeriodChanged", "RateCardChanged"]


@published("erp.evt.period.changed.v1", key="legal_entity")
class PeriodChanged(Contract, frozen=True, kw_only=True, tag="reference.period-changed.v1"):
    """An accounting period of one legal entity was opened or closed."""

    legal_entity: EntityCode
    period: Period
    version: int
    start: date
    end: date
    open: bool
    connection: ConnectionName


@published("erp.evt.ratecard.changed.v1", key="rate_card")
class RateCardChanged(Contract, frozen=True, kw_only=True, tag="reference.rate-card-changed.v1"):
    """A rate card was created or changed: currency units an hour by labour category."""

    rate_card: str
    version: int
    currency: CurrencyCode
    rates: dict[str, Rate]
    connection: ConnectionName
