"""Posting invoices: Tryton numbers them and books them."""

from contracts.invoices.v1 import PostInvoice
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected, Unsure

from ..port import InvoiceNumber, money_json
from .directory import Directory
from .invoices import Invoice
from .rpc import Rpc, Warned
from .values import number

__all__ = ["Posting"]

#: The name of the warning of a date that lies after today in the company's time zone; a digest comes before it.
FUTURE_DATE = ".invoice_date_future"


class Posting:
    """Posting twice does no harm: Tryton refuses the second, and it is looked up before."""

    def __init__(self, rpc: Rpc, directory: Directory) -> None:
        self._rpc, self._directory = rpc, directory

    async def post(self, write: Write) -> InvoiceNumber:
        """Post the draft. An invoice date in the future is confirmed; any other warning is for a person."""
        command: PostInvoice = write.command
        invoice = await self._ordered(command)
        if invoice.standing == "draft":
            await self._refuse_closed(invoice)
            await self._press(invoice)
            invoice = await self._ordered(command)
        return _numbered(invoice)

    async def find(self, write: Write) -> InvoiceNumber | None:
        """The number, where the invoice has been posted."""
        command: PostInvoice = write.command
        invoice = await self._ordered(command)
        return None if invoice.standing == "draft" else _numbered(invoice)

    async def _ordered(self, command: PostInvoice) -> Invoice:
        domain = [["id", "=", number(command.record, "invoice") or 0], ["type", "=", "out"]]
        found = await self._rpc.rows(Invoice, domain)
        if not found or found[0].reference != command.invoice:
            raise Rejected(f"{command.record} does not carry the reference {command.invoice}", "conflict")
        if found[0].standing == "void":
            raise Rejected(f"invoice {found[0].name} is cancelled", "conflict")
        return found[0]

    async def _press(self, invoice: Invoice) -> None:
        try:
            await self._rpc.press("account.invoice", "post", [invoice.id], company=invoice.company)
        except Warned as warning:
            if not warning.name.endswith(FUTURE_DATE):
                raise
            await self._rpc.accept(warning.name)
            await self._rpc.press("account.invoice", "post", [invoice.id], company=invoice.company)

    async def _refuse_closed(self, invoice: Invoice) -> None:
        """Tryton refuses a closed period in words only; asked before, it is told from wrong data."""
        companies = (await self._directory.companies()).values()
        company = next((one for one in companies if one.id == invoice.company), None)
        if company is None:
            raise Rejected(f"invoice {invoice.name} belongs to no company that this connection serves")
        if invoice.invoice_date is not None:
            for why in (await self._directory.closed(company, [invoice.invoice_date.date])).values():
                raise Rejected(why, "policy")


def _numbered(invoice: Invoice) -> InvoiceNumber:
    if invoice.number is None:
        raise Unsure(f"{invoice.record} is {invoice.state} and has no number")
    return {"record": invoice.record, "number": invoice.number, "total": money_json(invoice.total)}
