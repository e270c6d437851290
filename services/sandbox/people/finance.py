"""Finance in NetSuite: holds projects, keeps rate cards and periods, and books what clients pay."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx

from ..firm import Deal, Firm
from ..wire import Clock
from .desks import NetSuiteDesk
from .desks.netsuite import now
from .workspaces import engagement_of

__all__ = ["Finance", "OpenInvoice", "by_engagement"]


@dataclass(frozen=True, kw_only=True)
class OpenInvoice:
    """An invoice that clients still owe something on: `open` in minor units, of which a unit has 10**`digits`."""

    record: str
    number: str
    project: str
    open: int
    digits: int


def by_engagement(deal: Deal) -> str:
    """The external id that the integration gives a deal's project with its standard prefix."""
    return f"FL-{engagement_of(deal)}"


class Finance:
    """The finance department with people's credentials. `project_id` says under which external id projects are."""

    def __init__(
        self,
        netsuite_url: str,
        firm: Firm,
        *,
        http: httpx.AsyncClient,
        clock: Clock = now,
        project_id: Callable[[Deal], str] = by_engagement,
    ) -> None:
        self._firm, self._project_id = firm, project_id
        self._desk = NetSuiteDesk(netsuite_url, http=http, clock=clock)

    async def hold(self, deal: Deal) -> None:
        """Put the project on hold: it takes no time."""
        await self._desk.write("PATCH", f"job/eid:{self._project_id(deal)}", {"allowTime": False})

    async def activate(self, deal: Deal) -> None:
        """Let the project take time again."""
        await self._desk.write("PATCH", f"job/eid:{self._project_id(deal)}", {"allowTime": True})

    async def remove_rate(self, rate_card: str, labour_category: str) -> None:
        """Take a labour category off a rate card."""
        lines = await self._prices(rate_card, labour_category)
        await self._price(rate_card, lines)

    async def add_rate(self, rate_card: str, labour_category: str, rate: int | None = None) -> None:
        """Put a labour category on a rate card, at the firm's own rate unless said (minor units an hour)."""
        card = next(card for card in self._firm.rate_cards if card.code == rate_card)
        units = card.rates[labour_category] if rate is None else rate
        price = Decimal(units).scaleb(-self._firm.entity(card.entity).exponent)
        line = {"serviceItem": {"externalId": f"ITEM-{labour_category}"}, "rate": float(price)}
        await self._price(rate_card, [*await self._prices(rate_card, labour_category), line])

    async def close_period(self, entity: str, month: str) -> None:
        """Close a month (`2026-10`) in the books of one legal entity."""
        await self._desk.write("PATCH", f"accountingPeriod/eid:AP-{entity}-{month}", {"closed": True})

    async def reopen_period(self, entity: str, month: str) -> None:
        await self._desk.write("PATCH", f"accountingPeriod/eid:AP-{entity}-{month}", {"closed": False})

    async def open_invoices(self) -> list[OpenInvoice]:
        """Every posted invoice that is not paid in full, oldest first; `project` is its project's external id."""
        jobs = {row["id"]: row["externalid"] for row in await self._desk.rows(
            "SELECT id, externalid FROM job WHERE externalid IS NOT NULL")}  # fmt: skip
        rows = await self._desk.rows(
            "SELECT id, tranid, job, foreignamountunpaid FROM transaction"
            " WHERE type = 'CustInvc' AND status = 'A' ORDER BY id"
        )
        return [_open(row, jobs.get(row.get("job", ""), "")) for row in rows]

    async def pay(self, invoice: OpenInvoice, *, share: Decimal = Decimal(1)) -> int:
        """Book a client's payment of that share of what is open; gives the amount in minor units."""
        amount = invoice.open if share == 1 else max(1, int(invoice.open * share))
        paid = float(Decimal(amount).scaleb(-invoice.digits))
        apply = {"doc": {"id": invoice.record}, "apply": True, "amount": paid}
        body = {"payment": paid, "apply": {"items": [apply]}}
        await self._desk.write("POST", f"invoice/{invoice.record}/!transform/customerPayment", body)
        return amount

    async def pay_all(self, *, partial_first: bool = False) -> list[OpenInvoice]:
        """Pay every open invoice, on request half of it first and then the rest; gives those that were open."""
        before = await self.open_invoices()
        if partial_first:
            for invoice in before:
                await self.pay(invoice, share=Decimal("0.5"))
        for invoice in await self.open_invoices():
            await self.pay(invoice)
        return before

    async def _prices(self, rate_card: str, without: str) -> list[dict[str, Any]]:
        """The lines of a rate card but one."""
        item = await self._desk.read(f"serviceItem/eid:ITEM-{without}")
        card = await self._desk.read(f"billingRateCard/eid:{rate_card}", expandSubResources="true")
        return [
            {"serviceItem": {"id": line["serviceItem"]["id"]}, "rate": float(line["rate"])}
            for line in card["pricing"]["items"]
            if line["serviceItem"]["id"] != item["id"]
        ]

    async def _price(self, rate_card: str, lines: list[dict[str, Any]]) -> None:
        body = {"pricing": {"items": lines}}
        await self._desk.write("PATCH", f"billingRateCard/eid:{rate_card}", body, replace="pricing")


def _open(row: dict[str, str], project: str) -> OpenInvoice:
    unpaid = row["foreignamountunpaid"]
    digits = len(unpaid.partition(".")[2])
    return OpenInvoice(
        record=row["id"],
        number=row["tranid"],
        project=project,
        open=int(Decimal(unpaid).scaleb(digits)),
        digits=digits,
    )
