"""Feeds of reference data: accounting periods and rate cards. They are read whole: what is unchanged is no news."""

from datetime import date, timedelta
from decimal import Decimal

import msgspec

from contracts.reference.v1 import PeriodChanged, RateCardChanged
from contracts.types import ConnectionName, EntityCode, Rate, period_of
from services.adapterkit.connector import Observed, Page

from .currencies import Currencies
from .options import Options
from .subsidiaries import Subsidiaries
from .suitetalk import Figures, Ref, Row, SuiteTalk

__all__ = ["PeriodRow", "Reference", "is_month"]

CARDS = 50
MOST_OBSERVED = 1000


class PeriodRow(Row, frozen=True, kw_only=True):
    startdate: date
    enddate: date
    closed: str
    fiscalcalendar: str | int | None = None


class _Pricing(Figures, frozen=True, kw_only=True, rename="camel"):
    service_item: Ref
    rate: Decimal


class _PricingLines(msgspec.Struct, frozen=True):
    items: tuple[_Pricing, ...] = ()


class _Card(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    currency: Ref
    external_id: str | None = None
    is_inactive: bool = False
    pricing: _PricingLines = _PricingLines()


class _Cards(msgspec.Struct, frozen=True, rename="camel"):
    items: tuple[Ref, ...]
    has_more: bool


class _Item(Row, frozen=True, kw_only=True):
    externalid: str | int | None = None


def is_month(row: PeriodRow) -> bool:
    """Years, quarters and adjustment periods (of a day or two) are periods too; postings fall into months."""
    return 20 <= (row.enddate - row.startdate).days < 45


class Reference:
    """The watermark is the place to go on from in a list too long for one poll; otherwise it is `0`."""

    def __init__(
        self,
        suitetalk: SuiteTalk,
        currencies: Currencies,
        subsidiaries: Subsidiaries,
        options: Options,
        connection: ConnectionName,
    ) -> None:
        self._suitetalk, self._currencies, self._subsidiaries = suitetalk, currencies, subsidiaries
        self._options, self._connection = options, connection

    async def periods(self, watermark: str | None) -> Page:
        """Every month of every configured entity; subsidiaries that share a calendar share its periods."""
        calendars = await self._subsidiaries.calendars()
        own = "fiscalcalendar, " if self._options.fiscal_calendars else ""
        dates = ", ".join(f"TO_CHAR({name}, 'YYYY-MM-DD') AS {name}" for name in ("startdate", "enddate"))
        q = (
            f"SELECT id, closed, {own}{dates} FROM accountingperiod"  # noqa: S608
            " WHERE isquarter = 'F' AND isyear = 'F' AND id > ? ORDER BY id"
        )
        most = max(1, MOST_OBSERVED // max(1, len(calendars)))
        rows, more = await self._suitetalk.query(q, [int(watermark or 0)], PeriodRow, most)
        observed = [
            self._period(row, entity)
            for row in rows
            for entity, calendar in calendars.items()
            if is_month(row) and calendar == str(row.fiscalcalendar or "")
        ]
        more = more and bool(rows)
        return Page(observed=observed, watermark=str(rows[-1].id) if more else "0", more=more)

    async def rate_cards(self, watermark: str | None) -> Page:
        """Every rate card that has an external id; one made inactive is withdrawn."""
        offset = int(watermark or 0)
        cards = await self._suitetalk.read("billingRateCard", _Cards, limit=str(CARDS), offset=str(offset))
        items = await self._items()
        observed = []
        for ref in cards.items:
            card = await self._suitetalk.read_if_any(
                f"billingRateCard/{ref.id}", _Card, expandSubResources="true"
            )
            if card is not None and card.external_id is not None:
                observed.append(await self._card(card, card.external_id, items))
        return Page(
            observed=observed,
            watermark=str(offset + CARDS) if cards.has_more else "0",
            more=cards.has_more,
        )

    def _period(self, row: PeriodRow, entity: str) -> Observed:
        # A period of a 4-4-5 calendar is the month that holds its middle.
        month = period_of(row.startdate + timedelta(days=(row.enddate - row.startdate).days // 2))
        contract = PeriodChanged(
            legal_entity=EntityCode(entity),
            period=month,
            version=0,
            start=row.startdate,
            end=row.enddate,
            open=row.closed != "T",
            connection=self._connection,
        )
        return Observed(record=f"{entity}/{month}", contract=contract)

    async def _card(self, card: _Card, name: str, items: dict[str, str]) -> Observed:
        rates: dict[str, Rate] = {
            items[line.service_item.id]: line.rate
            for line in card.pricing.items
            if line.service_item.id in items and not card.is_inactive
        }
        contract = RateCardChanged(
            rate_card=name,
            version=0,
            currency=await self._currencies.code(card.currency.id),
            rates=rates,
            connection=self._connection,
        )
        return Observed(record=name, contract=contract, retracts=card.is_inactive)

    async def _items(self) -> dict[str, str]:
        """The labour category that each service item prices, by the item's internal id."""
        prefix = self._options.item_prefix
        select = "SELECT id, externalid FROM item"
        rows = await self._suitetalk.rows(select, "externalid LIKE ?", [f"{prefix}%"], _Item)
        return {str(row.id): str(row.externalid).removeprefix(prefix) for row in rows}
