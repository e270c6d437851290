"""The books as Tryton holds them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import httpx

from ..people.desks import TrytonDesk
from .arithmetic import TRYTON
from .ledgers import Customer, ErpLedger, Invoice, Line, Posting, Project, engagement_in, entry_in, minor

__all__ = ["TrytonBooks"]

POSTED: Final = ("posted", "paid")
FEE: Final = "ITEM-FIXED-FEE"
MINUTE: Final = 60

Row = Mapping[str, Any]


class TrytonBooks:
    """Read as `receivables`, through JSON-RPC; `url` is the server's, without the database.

    Projects are known by the first line of their comment, time by its description. What hangs anywhere below
    a project is that project's.
    """

    def __init__(self, url: str, password: str, *, http: httpx.AsyncClient) -> None:
        self._desk = TrytonDesk(url, "receivables", password, http=http)

    async def read(self) -> ErpLedger:
        """Customers, projects, time and invoices of all companies."""
        works = await self._desk.rows(
            "project.work", [],
            ["comment", "name", "type", "parent", "company.party.code", "status.progress", "invoice_line"],
        )  # fmt: skip
        projects = {row["id"]: _project(row) for row in works if row["type"] == "project"}
        parents = {row["id"]: row["parent"] for row in works}
        engagements = {
            row["id"]: projects[root].engagement
            for row in works
            if (root := _root(row["id"], parents)) in projects
        }
        times = await self._desk.rows(
            "timesheet.line", [],
            ["description", "employee.party.code", "duration", "work.origin", "invoice_line",
             "invoice_line.invoice"],
        )  # fmt: skip
        postings = [_posting(row, engagements) for row in times]
        parties = await self._desk.rows("party.party", [["code", "like", "C-%"]], ["code"])
        return ErpLedger(
            name="tryton",
            arithmetic=TRYTON,
            customers=[Customer(record=str(row["id"]), reference=row["code"]) for row in parties],
            projects=list(projects.values()),
            postings=[posting for posting in postings if posting.entry or posting.engagement],
            invoices=await self._invoices(works, times, engagements),
        )

    async def _invoices(
        self, works: Sequence[Row], times: Sequence[Row], engagements: Mapping[int, str]
    ) -> list[Invoice]:
        rows = await self._desk.rows(
            "account.invoice", [["type", "=", "out"], ["state", "!=", "cancelled"]],
            ["number", "state", "reference", "description", "company.party.code", "currency.code", "tax_amount",
             "total_amount", "amount_to_pay"],
        )  # fmt: skip
        lines = await self._desk.rows(
            "account.invoice.line", [["invoice.type", "=", "out"], ["type", "=", "line"]],
            ["invoice", "unit_price", "amount", "description", "product.code"],
        )  # fmt: skip
        over: dict[int, list[Row]] = {}
        for time in times:
            over.setdefault(time["invoice_line"], []).append(time)
        # An invoice is its project's by the work on its lines, else by the name that Tryton describes it with.
        owner = {work["invoice_line"]: engagements.get(work["id"], "") for work in works}
        owner |= {time["invoice_line"]: engagements.get(_work(time), "") for time in times}
        named = {work["name"]: engagements[work["id"]] for work in works if work["type"] == "project"}
        by_invoice: dict[int, list[Row]] = {}
        for line in lines:
            by_invoice.setdefault(line["invoice"], []).append(line)
        made = []
        for row in rows:
            own = by_invoice.get(row["id"], [])
            engagement = next((owner[line["id"]] for line in own if owner.get(line["id"])), "")
            made.append(_invoice(row, engagement or named.get(row["description"], ""), own, over))
        return made


def _root(work: int, parents: Mapping[int, int | None]) -> int:
    while (above := parents.get(work)) is not None:
        work = above
    return work


def _project(row: Row) -> Project:
    return Project(
        record=str(row["id"]),
        engagement=engagement_in((row["comment"] or "").partition("\n")[0].rstrip()),
        entity=row["company."]["party."]["code"],
        active=row["status."]["progress"] != 1,
    )


def _work(time: Row) -> int:
    """The task that time is on; 0 where it is on none."""
    model, _, key = (time["work."]["origin"] or "").partition(",")
    return int(key) if model == "project.work" else 0


def _posting(row: Row, engagements: Mapping[int, str]) -> Posting:
    entry, revision = entry_in(row["description"])
    billed = row.get("invoice_line.") or {}
    return Posting(
        record=str(row["id"]),
        entry=entry,
        revision=revision,
        engagement=engagements.get(_work(row), ""),
        person=row["employee."]["party."]["code"],
        minutes=round(row["duration"].total_seconds() / MINUTE),
        rate=None,
        invoice=str(billed.get("invoice") or ""),
    )


def _invoice(row: Row, engagement: str, lines: Sequence[Row], over: Mapping[int, Sequence[Row]]) -> Invoice:
    currency, posted = row["currency."]["code"], row["state"] in POSTED
    total, open_ = minor(row["total_amount"], currency), minor(row["amount_to_pay"] or 0, currency)
    # A draft owes nothing yet.
    open_ = open_ if posted else total
    return Invoice(
        record=str(row["id"]),
        number=row["number"] or "",
        reference=row["reference"] or "",
        engagement=engagement,
        entity=row["company."]["party."]["code"],
        currency=currency,
        posted=posted,
        tax=minor(row["tax_amount"], currency),
        total=total,
        paid=total - open_,
        open=open_,
        lines=tuple(_line(line, over.get(line["id"], ()), currency) for line in lines),
    )


def _line(row: Row, times: Sequence[Row], currency: str) -> Line:
    product = (row.get("product.") or {}).get("code")
    return Line(
        amount=minor(row["amount"], currency),
        what=row["description"] or "",
        postings=tuple(str(time["id"]) for time in times),
        fee=product == FEE and not times,
        rate=Decimal(row["unit_price"]),
    )
