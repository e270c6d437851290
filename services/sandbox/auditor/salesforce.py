"""Deals as Salesforce holds them."""

from collections.abc import Sequence
from typing import Any

import httpx

from ..people.desks import SalesforceDesk
from .ledgers import CrmDeal, minor

__all__ = ["SalesforceDeals"]


class SalesforceDeals:
    """Read by sales operations."""

    def __init__(self, url: str, *, http: httpx.AsyncClient) -> None:
        self._desk = SalesforceDesk(url, http=http, client_id="northmark-sales-operations")

    async def read(self) -> Sequence[CrmDeal]:
        """Every opportunity that has a deal number."""
        rows = await self._desk.query(
            "SELECT Deal_Number__c, IsWon, Contract_Type__c, CurrencyIsoCode, Amount, Invoiced_Amount__c,"
            " Paid_Amount__c FROM Opportunity WHERE Deal_Number__c != null ORDER BY Deal_Number__c"
        )
        return [_deal(row) for row in rows]


def _deal(row: dict[str, Any]) -> CrmDeal:
    currency = row["CurrencyIsoCode"]
    return CrmDeal(
        number=row["Deal_Number__c"],
        won=row["IsWon"],
        fixed_fee=row["Contract_Type__c"] == "Fixed Fee",
        currency=currency,
        amount=minor(row["Amount"] or 0, currency),
        invoiced=minor(row["Invoiced_Amount__c"] or 0, currency),
        paid=minor(row["Paid_Amount__c"] or 0, currency),
    )
