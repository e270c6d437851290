"""Finance in Tryton: keeps periods and books what clients pay, as the user `receivables`."""

from datetime import date
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx

from ..firm import Firm
from ..wire import Clock
from .desks import TrytonDesk
from .desks.netsuite import now
from .finance import OpenInvoice

__all__ = ["FinanceTryton"]

WIZARD: Final = "wizard.account.invoice.pay"
BEFORE: Final = ("number", "party", "account", "amount_to_pay", "company", "company.party.code", "currency",
                 "currency.digits", "description")  # fmt: skip


class FinanceTryton:
    """The finance department. Projects and prices are out of its reach: Tryton lets administrators change them."""

    def __init__(
        self, tryton_url: str, password: str, firm: Firm, *, http: httpx.AsyncClient, clock: Clock = now
    ) -> None:
        self._firm, self._clock = firm, clock
        self._desk = TrytonDesk(tryton_url, "receivables", password, http=http)

    async def close_period(self, entity: str, month: str) -> None:
        """Close a month (`2026-10`) in the books of one legal entity."""
        await self._period("close", entity, month)

    async def reopen_period(self, entity: str, month: str) -> None:
        await self._period("reopen", entity, month)

    async def open_invoices(self) -> list[OpenInvoice]:
        """Every posted invoice that is not paid in full, oldest first; `project` is the project's name."""
        rows = await self._desk.rows(
            "account.invoice", [["type", "=", "out"], ["state", "=", "posted"]], BEFORE
        )
        return [_open(row) for row in rows]

    async def pay(self, invoice: OpenInvoice, *, share: Decimal = Decimal(1)) -> int:
        """Book a client's payment of that share of what is open; gives the amount in minor units."""
        (row,) = await self._desk.rows("account.invoice", [["id", "=", int(invoice.record)]], BEFORE)
        amount = invoice.open if share == 1 else max(1, int(invoice.open * share))
        company = row["company"]
        (method, *_) = await self._desk.rows(
            "account.invoice.payment.method", [["company", "=", company]], [], company
        )
        zone = self._firm.entity(row["company."]["party."]["code"]).time_zone
        start = {
            "payee": row["party"], "payees": [row["party"]], "company": company, "currency": row["currency"],
            "invoice_account": row["account"], "amount": Decimal(amount).scaleb(-invoice.digits),
            "payment_method": method["id"], "date": _today(self._clock, zone),
        }  # fmt: skip
        context = {
            "company": company, "active_model": "account.invoice", "active_id": row["id"],
            "active_ids": [row["id"]],
        }  # fmt: skip
        await self._wizard(start, context, partial=amount < invoice.open)
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

    async def _wizard(self, start: dict[str, Any], context: dict[str, Any], *, partial: bool) -> None:
        """The pay wizard, step by step; it asks what to do with the rest of a partial payment."""
        session, _, _ = await self._desk.call(f"{WIZARD}.create", context=context)
        forms: dict[str, Any] = {"start": start}
        await self._desk.call(f"{WIZARD}.execute", session, forms, "choice", context=context)
        if partial:
            forms["ask"] = {"type": "partial"}
            await self._desk.call(f"{WIZARD}.execute", session, forms, "pay", context=context)
        await self._desk.call(f"{WIZARD}.delete", session, context=context)

    async def _period(self, verb: str, entity: str, month: str) -> None:
        (company,) = await self._desk.rows("company.company", [["party.code", "=", entity]], [])
        domain = [["company", "=", company["id"]], ["name", "=", month]]
        (period,) = await self._desk.rows("account.period", domain, ["state"], company["id"])
        if (period["state"] == "open") is (verb == "close"):
            context = {"company": company["id"]}
            await self._desk.call(f"model.account.period.{verb}", [period["id"]], context=context)


def _open(row: dict[str, Any]) -> OpenInvoice:
    digits = int(row["currency."]["digits"])
    return OpenInvoice(
        record=str(row["id"]),
        number=row["number"],
        project=row["description"] or "",
        open=int(row["amount_to_pay"].scaleb(digits)),
        digits=digits,
    )


def _today(clock: Clock, zone: str) -> date:
    """The company's own day: Tryton warns of any later one."""
    return clock().astimezone(ZoneInfo(zone)).date()
