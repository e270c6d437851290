"""Drafting invoices, one at a time: asked twice at once, Tryton bills a project twice without a word."""

from collections.abc import Collection, Mapping

from contracts.invoices.v1 import DraftInvoice
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected, Unsure

from ..port import InvoiceDraft, money_json
from . import bodies
from .directory import Company, Directory
from .invoices import Invoice
from .keys import project_key, same_key
from .locks import Locks
from .rpc import Row, Rpc
from .selection import Milestones, Selection, Time
from .values import Span, number
from .works import Work

__all__ = ["Billing"]


class _Charge(Row, frozen=True, kw_only=True):
    """A line of an invoice, and what it charges for; it charges for nothing when another draft took its time."""

    model = "account.invoice.line"
    fields = ("project_invoice_timesheet_duration", "project_invoice_works")

    project_invoice_timesheet_duration: Span | None
    project_invoice_works: tuple[int, ...]

    @property
    def empty(self) -> bool:
        return self.project_invoice_timesheet_duration is None and not self.project_invoice_works


class Billing:
    """A draft is made, compared with the order, and given our reference last: only that makes it found."""

    def __init__(self, rpc: Rpc, directory: Directory, locks: Locks) -> None:
        self._rpc, self._directory, self._locks = rpc, directory, locks

    async def draft(self, write: Write) -> InvoiceDraft:
        """Draft exactly what is asked for; raises `Rejected` with the difference, and then leaves no draft behind."""
        command: DraftInvoice = write.command
        company = await self._directory.company(command.legal_entity)
        async with self._locks.of(command.project_record):
            if (known := await self._known(command, company)) is not None:
                return _figures(known)
            project = await self._project(command, company)
            invoice = await self._bill(project, company, _selection(self._rpc, company, project, command))
            body = bodies.invoice(command)
            await self._rpc.write("account.invoice", [invoice], body, company=company.id)
            made = await self._known(command, company)
        if made is None:
            raise Unsure(f"Tryton does not show {command.invoice} yet")
        return _figures(made)

    async def find(self, write: Write) -> InvoiceDraft | None:
        """The invoice that carries our reference; raises `Unsure` where several do."""
        command: DraftInvoice = write.command
        known = await self._known(command, await self._directory.company(command.legal_entity))
        return _figures(known) if known else None

    async def _known(self, command: DraftInvoice, company: Company) -> Invoice | None:
        domain = [["company", "=", company.id], ["type", "=", "out"], ["reference", "=", command.invoice]]
        found = await self._rpc.rows(Invoice, domain, company=company.id)
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise Unsure(f"invoices {names} carry the reference {command.invoice}")
        return found[0] if found else None

    async def _project(self, command: DraftInvoice, company: Company) -> Work:
        if command.currency != company.currency:
            raise Rejected(
                f"{company.entity} bills projects in {company.currency}, not in {command.currency}"
            )
        domain = [["id", "=", number(command.project_record, "project") or 0], ["company", "=", company.id]]
        found = await self._rpc.rows(Work, domain, company=company.id)
        if not found or not same_key(found[0].comment, project_key(command.engagement)):
            raise Rejected(f"{command.project_record} is not the project of {command.engagement}", "conflict")
        return found[0]

    async def _bill(self, project: Work, company: Company, selection: Selection) -> int:
        """Make the draft, or take over the one that an attempt which was cut off has left."""
        await selection.release()
        holders = await selection.holders()
        invoice = await self._left_behind(project, company, selection, holders)
        if invoice is None:
            invoice = await self._made(project, company, selection, holders.keys())
        await self._discard_twins(project, company, invoice)
        return invoice

    async def _made(
        self, project: Work, company: Company, selection: Selection, asked: Collection[int]
    ) -> int:
        try:
            await selection.isolate()
            await self._rpc.press("project.work", "invoice", [project.id], company=company.id)
            invoice = await self._compared(project, company, selection, asked)
        except Rejected:
            await selection.release()
            await selection.withdraw()
            raise
        await selection.release()
        return invoice

    async def _left_behind(
        self, project: Work, company: Company, selection: Selection, holders: Mapping[int, int | None]
    ) -> int | None:
        """The draft that carries exactly the order already. A draft of ours that does not is deleted."""
        held = sorted({invoice for invoice in holders.values() if invoice is not None})
        rows = await self._rpc.rows(Invoice, [["id", "in", held]], company=company.id) if held else []
        for row in rows:
            if not _is_unfinished(row, project):
                count = sum(invoice == row.id for invoice in holders.values())
                said = f"{count} of {len(holders)} items are on invoice {row.name} already"
                raise Rejected(said, "conflict")
        whole = len(rows) == 1 and None not in holders.values()
        if whole and set(await selection.carried(rows[0].id)) == holders.keys():
            return rows[0].id
        if rows:
            await self._rpc.delete("account.invoice", held, company=company.id)
        return None

    async def _compared(
        self, project: Work, company: Company, selection: Selection, asked: Collection[int]
    ) -> int:
        """The new draft, where it carries the order, no more and no less; else it is deleted."""
        holders = await selection.holders()
        held = sorted({invoice for invoice in holders.values() if invoice is not None})
        carried = {item for invoice in held for item in await selection.carried(invoice)}
        if len(held) == 1 and carried == set(asked):
            return held[0]
        rows = await self._rpc.rows(Invoice, [["id", "in", held]], company=company.id) if held else []
        if ours := [row.id for row in rows if _is_unfinished(row, project)]:
            await self._rpc.delete("account.invoice", ours, company=company.id)
        raise Rejected(_difference(set(asked), carried, len(held)), "conflict")

    async def _discard_twins(self, project: Work, company: Company, invoice: int) -> None:
        """Delete what a second billing of the project left that ran at the same time: drafts that lost their time."""
        domain = [
            ["company", "=", company.id], ["type", "=", "out"], ["state", "=", "draft"], ["id", "!=", invoice],
            ["party", "=", project.party], ["description", "=", project.name], ["reference", "=", None],
            ["create_uid", "=", project.create_uid],
        ]  # fmt: skip
        for twin in await self._rpc.rows(Invoice, domain, company=company.id):
            lines = await self._rpc.rows(_Charge, [["invoice", "=", twin.id]], company=company.id)
            if all(line.empty for line in lines):
                await self._rpc.delete("account.invoice", [twin.id], company=company.id)


def _selection(rpc: Rpc, company: Company, project: Work, command: DraftInvoice) -> Selection:
    """How the project is billed decides what can be asked for."""
    if project.invoice_method == "timesheet" and command.time and not command.milestones:
        return Time(rpc, company, project, command)
    if project.invoice_method == "effort" and command.milestones and not command.time:
        return Milestones(rpc, company, project, command)
    asked = f"{len(command.time)} postings and {len(command.milestones)} milestones"
    raise Rejected(f"project {project.id} is billed by {project.invoice_method}: it cannot bill {asked}")


def _is_unfinished(invoice: Invoice, project: Work) -> bool:
    """A draft that an attempt of ours made and did not finish: people's drafts are not touched."""
    return invoice.state == "draft" and not invoice.reference and invoice.create_uid == project.create_uid


def _difference(asked: Collection[int], carried: Collection[int], drafts: int) -> str:
    lacking, extra = sorted(set(asked) - set(carried)), sorted(set(carried) - set(asked))
    said = [f"Tryton billed something else, on {drafts} drafts"]
    if lacking:
        said.append(f"not billed: {_some(lacking)}")
    if extra:
        said.append(f"not asked for: {_some(extra)}")
    return "; ".join(said)


def _some(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:10])) + (f" and {len(ids) - 10} more" if len(ids) > 10 else "")


def _figures(invoice: Invoice) -> InvoiceDraft:
    return {
        "record": invoice.record,
        "net": money_json(invoice.net),
        "tax": money_json(invoice.tax),
        "total": money_json(invoice.total),
    }
