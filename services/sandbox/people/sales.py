"""Sales: closes deals in the CRM, and reads there how they fare."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import httpx

from ..firm import Deal, Firm
from .desks import SalesforceDesk

__all__ = ["Sales", "Standing"]

CONTRACT_TYPES: Final = {"fixed-fee": "Fixed Fee", "time-and-materials": "Time and Materials"}
NOTES: Final = (
    "Engagement_Status__c", "Project_Code__c", "Billing_Status__c", "Invoiced_Amount__c", "Paid_Amount__c",
    "Handover_Problem__c",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What the CRM shows of a deal. `invoiced` and `paid` are minor units of the deal's currency."""

    stage: str
    engagement_status: str | None
    project_code: str | None
    billing_status: str | None
    invoiced: int | None
    paid: int | None
    problem: str | None


class Sales:
    """Sally of sales, at the desk of one Salesforce org."""

    def __init__(self, salesforce_url: str, firm: Firm, *, http: httpx.AsyncClient) -> None:
        self._firm, self._desk = firm, SalesforceDesk(salesforce_url, http=http)

    async def win(self, deal: Deal) -> None:
        """Close the deal as won, with its hand-over complete."""
        await self._write(deal, {**self._handover(deal), "StageName": "Closed Won"})

    async def win_incomplete(self, deal: Deal, without: Collection[str] = ("Legal_Entity__c",)) -> None:
        """Close the deal as won with these fields left empty."""
        gaps = dict.fromkeys(without)
        await self._write(deal, {**self._handover(deal), **gaps, "StageName": "Closed Won"})

    async def complete(self, deal: Deal) -> None:
        """Fill in the whole hand-over."""
        await self._write(deal, self._handover(deal))

    async def standing(self, deal: Deal) -> Standing:
        """How the deal stands in the CRM."""
        columns = ", ".join(("StageName", *NOTES))
        rows = await self._desk.query(
            f"SELECT {columns} FROM Opportunity WHERE Deal_Number__c = '{deal.number}'"  # noqa: S608
        )
        row = rows[0]
        return Standing(
            stage=row["StageName"],
            engagement_status=row["Engagement_Status__c"],
            project_code=row["Project_Code__c"],
            billing_status=row["Billing_Status__c"],
            invoiced=self._minor(deal, row["Invoiced_Amount__c"]),
            paid=self._minor(deal, row["Paid_Amount__c"]),
            problem=row["Handover_Problem__c"] or None,
        )

    async def _write(self, deal: Deal, fields: dict[str, Any]) -> None:
        await self._desk.change("Opportunity", "Deal_Number__c", deal.number, fields)

    def _handover(self, deal: Deal) -> dict[str, Any]:
        entity = self._firm.entity(deal.entity)
        return {
            "Amount": deal.amount / 10**entity.exponent,
            "CurrencyIsoCode": deal.currency,
            "Legal_Entity__c": deal.entity,
            "Contract_Type__c": CONTRACT_TYPES[deal.contract_type],
            "Service_Package__c": deal.package,
            "Rate_Card__c": deal.rate_card,
            "Tax_Profile__c": entity.tax_profile,
            "Start_Date__c": deal.start.isoformat(),
            "End_Date__c": deal.end.isoformat(),
            "Delivery_Manager__c": deal.manager,
            "Team__c": ";".join(deal.team),
            "Purchase_Order__c": deal.purchase_order,
        }

    def _minor(self, deal: Deal, amount: Decimal | int | None) -> int | None:
        if amount is None:
            return None
        return round(Decimal(amount).scaleb(self._firm.entity(deal.entity).exponent))
