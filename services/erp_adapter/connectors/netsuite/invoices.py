"""Invoices: drafted over exactly the postings asked for, approved by changing their approval status."""

from collections import Counter
from datetime import date
from decimal import Decimal

import msgspec

from contracts.invoices.v1 import DraftInvoice, PostInvoice
from contracts.types import Money
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected, Unsure

from .. import port
from . import bodies
from .currencies import Currencies
from .external_ids import ExternalIds
from .money import money_of
from .options import Options
from .subsidiaries import Subsidiaries
from .suitetalk import Figures, Ref, SuiteTalk, read_back

__all__ = ["Invoices"]

APPROVED = "2"


class _Fee(Figures, frozen=True, kw_only=True):
    amount: Decimal


class _Fees(msgspec.Struct, frozen=True):
    items: tuple[_Fee, ...] = ()


class _Time(msgspec.Struct, frozen=True):
    doc: Ref
    apply: bool = True


class _Times(msgspec.Struct, frozen=True):
    items: tuple[_Time, ...] = ()


class _Held(Figures, frozen=True, kw_only=True, rename="camel"):
    id: str
    tran_id: str | None = None
    tran_date: date
    approval_status: Ref
    currency: Ref
    subsidiary: Ref
    total: Decimal
    sub_total: Decimal | None = None
    tax_total: Decimal | None = None
    item: _Fees = _Fees()
    time: _Times = _Times()


class Invoices:
    """The external id names engagement and invoice, so a draft is made once and always found again."""

    def __init__(
        self,
        suitetalk: SuiteTalk,
        currencies: Currencies,
        subsidiaries: Subsidiaries,
        ids: ExternalIds,
        options: Options,
    ) -> None:
        self._suitetalk, self._currencies, self._subsidiaries = suitetalk, currencies, subsidiaries
        self._ids, self._options = ids, options

    async def draft(self, write: Write) -> port.InvoiceDraft:
        """Make the draft, or give the one that is there; raises `Rejected` where it bills anything else."""
        command: DraftInvoice = write.command
        if (found := await self.find_draft(write)) is not None:
            return found
        body = bodies.invoice(command, self._options, self._currencies.ref(command.currency))
        # NetSuite would append the fee lines to those of a draft that an earlier try left behind.
        try:
            await self._suitetalk.put(f"invoice/{self._eid(command)}", body, replace="item,time")
        except Rejected as refusal:
            raise await self._subsidiaries.explained(
                refusal, command.invoice_date, entity=command.legal_entity
            ) from None
        held = await read_back(self._written(command))
        if not await read_back(self._bills_exactly(held, command)):
            raise Rejected(f"invoice {held.id} bills other time or fees than it was asked for", "conflict")
        return await read_back(self._drafted(held))

    async def find_draft(self, write: Write) -> port.InvoiceDraft | None:
        """The invoice where it bills exactly what is asked for; another state of it proves nothing."""
        command: DraftInvoice = write.command
        held = await self._held(command)
        if held is None or not await self._bills_exactly(held, command):
            return None
        return await self._drafted(held)

    async def post(self, write: Write) -> port.InvoiceNumber:
        """Approve the draft; one that is approved already keeps its number."""
        command: PostInvoice = write.command
        held = await self._held(command)
        if held is None or held.id != command.record:
            raise Rejected(f"invoice {command.record} is not the one of {command.invoice}", "conflict")
        if (posted := await self._posted(held)) is not None:
            return posted
        try:
            await self._suitetalk.patch(f"invoice/{self._eid(command)}", {"approvalStatus": {"id": APPROVED}})
        except Rejected as refusal:
            subsidiary = int(held.subsidiary.id) if held.subsidiary.id.isdecimal() else None
            raise await self._subsidiaries.explained(refusal, held.tran_date, subsidiary=subsidiary) from None
        posted = await read_back(self._posted(await read_back(self._written(command))))
        if posted is None:
            raise Unsure(f"invoice {command.record} was approved and does not show it yet")
        return posted

    async def find_posted(self, write: Write) -> port.InvoiceNumber | None:
        held = await self._held(write.command)
        return None if held is None else await self._posted(held)

    def _eid(self, command: DraftInvoice | PostInvoice) -> str:
        return f"eid:{self._ids.invoice(command.engagement, command.invoice)}"

    async def _held(self, command: DraftInvoice | PostInvoice) -> _Held | None:
        path = f"invoice/{self._eid(command)}"
        return await self._suitetalk.read_if_any(path, _Held, expandSubResources="true")

    async def _written(self, command: DraftInvoice | PostInvoice) -> _Held:
        held = await self._held(command)
        if held is None:
            raise Unsure("written, and not there yet")
        return held

    async def _bills_exactly(self, held: _Held, command: DraftInvoice) -> bool:
        time = Counter(line.doc.id for line in held.time.items if line.apply)
        code = await self._currencies.code(held.currency.id)
        fees = Counter(money_of(line.amount, code) for line in held.item.items)
        return (
            time == Counter(one.record for one in command.time)
            and fees == Counter(one.amount for one in command.milestones)
            and code == command.currency
        )

    async def _drafted(self, held: _Held) -> port.InvoiceDraft:
        code = await self._currencies.code(held.currency.id)
        total = money_of(held.total, code)
        net = money_of(held.sub_total if held.sub_total is not None else _net(held), code)
        return {
            "record": held.id,
            "net": port.money_json(net),
            "tax": port.money_json(total - net),
            "total": port.money_json(total),
        }

    async def _posted(self, held: _Held) -> port.InvoiceNumber | None:
        if held.approval_status.id != APPROVED or not held.tran_id:
            return None
        total: Money = money_of(held.total, await self._currencies.code(held.currency.id))
        return {"record": held.id, "number": held.tran_id, "total": port.money_json(total)}


def _net(held: _Held) -> Decimal:
    return held.total - (held.tax_total or Decimal(0))
