"""The books as NetSuite holds them."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

import httpx

from ..people.desks import NetSuiteDesk
from ..people.desks.netsuite import now
from ..wire import Clock
from .arithmetic import NETSUITE
from .ledgers import (
    Customer,
    ErpLedger,
    Invoice,
    Line,
    Posting,
    Project,
    engagement_in,
    entry_in,
    minor,
)  # fmt: skip

__all__ = ["NetSuiteBooks"]

POSTED: Final = ("A", "B")
#: Rows to ask for at once. NetSuite carries a query out anew for each page, so questions that fit one page are cheap.
PACK: Final = 900
#: Lines of an invoice beside those over time: its main line, tax and fees.
FEW: Final = 10
#: An external id of a posting: `FL-kantata__85_-1` is revision 1 of `kantata:85`.
EXTERNAL_ID: Final = re.compile(r"[A-Z0-9]{1,8}-([a-z]+)__([a-z0-9]+)_-(\d+)")
TIME: Final = (
    "SELECT id, externalid, memo, employee, customer, hours, rate, invoice FROM timebill WHERE {} ORDER BY id"
)
LINES: Final = (
    "SELECT transaction, id, source, item, rate, memo, foreignamount, mainline, taxline FROM transactionline"
    " WHERE transaction IN ({}) ORDER BY transaction, id"
)

Row = Mapping[str, str]


class NetSuiteBooks:
    """Read with people's credentials, through SuiteQL."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, clock: Clock = now) -> None:
        self._desk = NetSuiteDesk(url, http=http, clock=clock)

    async def read(self) -> ErpLedger:
        """Customers, projects, time and invoices."""
        entities, people = await self._external("subsidiary"), await self._external("employee")
        customers = await self._external("customer")
        projects = {
            row["id"]: Project(
                record=row["id"],
                engagement=engagement_in(row.get("externalid")),
                entity=entities.get(row.get("subsidiary", ""), ""),
                active=row["isinactive"] == "F",
            )
            for row in await self._desk.rows(
                "SELECT id, externalid, isinactive, subsidiary FROM job ORDER BY id"
            )
        }
        postings = await self._postings(projects, people)
        return ErpLedger(
            name="netsuite",
            arithmetic=NETSUITE,
            customers=[Customer(record=key, reference=name) for key, name in customers.items()],
            projects=list(projects.values()),
            postings=postings,
            invoices=await self._invoices(projects, entities, postings),
        )

    async def _external(self, table: str) -> dict[str, str]:
        """External id by internal id."""
        rows = await self._desk.rows(f"SELECT id, externalid FROM {table} ORDER BY id")  # noqa: S608
        return {row["id"]: row["externalid"] for row in rows if "externalid" in row}

    async def _postings(self, projects: Mapping[str, Project], people: Mapping[str, str]) -> list[Posting]:
        counted = await self._desk.rows("SELECT customer, COUNT(*) AS many FROM timebill GROUP BY customer")
        many = {row["customer"]: int(row["many"]) for row in counted if "customer" in row}
        chosen = [f"customer IN ({', '.join(pack)})" for pack in _packed(many)]
        rows = [
            row
            for which in ("customer IS NULL", *chosen)
            for row in await self._desk.rows(TIME.format(which))
        ]
        made = (_posting(row, projects, people) for row in sorted(rows, key=lambda row: int(row["id"])))
        return [posting for posting in made if posting.entry or posting.engagement]

    async def _invoices(
        self, projects: Mapping[str, Project], entities: Mapping[str, str], postings: Sequence[Posting]
    ) -> list[Invoice]:
        rows = await self._desk.rows(
            "SELECT id, externalid, tranid, status, job, currency, subsidiary, foreigntotal, foreignamountunpaid,"
            " foreignamountpaid, taxtotal FROM transaction WHERE type = 'CustInvc' ORDER BY id"
        )
        currencies = {key: await self._currency(key) for key in sorted({row["currency"] for row in rows})}
        billed = Counter(posting.invoice for posting in postings)
        lines = await self._lines({row["id"]: billed[row["id"]] + FEW for row in rows})
        return [
            _invoice(row, currencies[row["currency"]], projects, entities, lines.get(row["id"], ()))
            for row in rows
        ]

    async def _lines(self, invoices: Mapping[str, int]) -> dict[str, list[Row]]:
        """The lines of invoices before tax, by invoice; `invoices` says about how many each has."""
        found: dict[str, list[Row]] = {}
        for pack in _packed(invoices):
            for row in await self._desk.rows(LINES.format(", ".join(pack))):
                if row["mainline"] == "F" and row["taxline"] == "F":
                    found.setdefault(row["transaction"], []).append(row)
        return found

    async def _currency(self, key: str) -> str:
        return str((await self._desk.read(f"currency/{key}"))["symbol"])


def _packed(many: Mapping[str, int]) -> Iterator[list[str]]:
    """Keys in packs of about a page's rows; a key with more rows has a pack of its own."""
    pack, rows = list[str](), 0
    for key, count in many.items():
        if pack and rows + count > PACK:
            yield pack
            pack, rows = [], 0
        pack.append(key)
        rows += count
    if pack:
        yield pack


def _posting(row: Row, projects: Mapping[str, Project], people: Mapping[str, str]) -> Posting:
    entry, revision = entry_in(row.get("memo"))
    if not entry and (named := EXTERNAL_ID.fullmatch(row.get("externalid", ""))):
        entry, revision = f"{named[1]}:{named[2]}", int(named[3])
    project = projects.get(row.get("customer", ""))
    return Posting(
        record=row["id"],
        entry=entry,
        revision=revision,
        engagement="" if project is None else project.engagement,
        person=people.get(row["employee"], ""),
        minutes=round(Decimal(row["hours"]) * 60),
        rate=Decimal(row["rate"]) if "rate" in row else None,
        invoice=row.get("invoice", ""),
    )


def _invoice(
    row: Row,
    currency: str,
    projects: Mapping[str, Project],
    entities: Mapping[str, str],
    lines: Sequence[Row],
) -> Invoice:
    project = projects.get(row.get("job", ""))
    return Invoice(
        record=row["id"],
        number=row.get("tranid", ""),
        reference=row.get("externalid", ""),
        engagement="" if project is None else project.engagement,
        entity=entities.get(row["subsidiary"], ""),
        currency=currency,
        posted=row["status"] in POSTED,
        tax=minor(row["taxtotal"], currency),
        total=minor(row["foreigntotal"], currency),
        paid=minor(row["foreignamountpaid"], currency),
        open=minor(row["foreignamountunpaid"], currency),
        lines=tuple(_line(line, currency) for line in lines),
    )


def _line(row: Row, currency: str) -> Line:
    """Lines over time have a source and an item, expenses only a source, fees only an item."""
    timed = "source" in row and "item" in row
    return Line(
        amount=-minor(row["foreignamount"], currency),
        what=row.get("memo", ""),
        postings=(row["source"],) if timed else (),
        fee="source" not in row,
        rate=Decimal(row["rate"]) if "rate" in row else None,
    )
