"""Feeds of what changed since the last poll: projects whose status moved, invoices that were paid or voided.

The watermark is the moment of the last change seen, as NetSuite writes it (`2026-11-20T10:11:12Z`); a poll reads
back from it by the overlap. While a long read is under way it is `<moment>/<id>` of the last row, and the next
poll goes on behind exactly that row.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar

from contracts.invoices.v1 import InvoiceChanged
from contracts.projects.v1 import ProjectState, ProjectStatusChanged
from contracts.types import ConnectionName, Money, RecordId
from services.adapterkit.connector import Observed, Page
from services.adapterkit.families import Rejected

from .currencies import Currencies
from .external_ids import ExternalIds
from .money import money_of
from .options import Options
from .suitetalk import LARGEST_PAGE, Row, SuiteTalk

__all__ = ["Changes", "InvoiceRow", "ProjectRow", "project_state"]

MOMENT = "%Y-%m-%dT%H:%M:%SZ"
CHANGED = 'TO_CHAR(lastmodifieddate, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\') AS changed'
SINCE = 'TO_TIMESTAMP(?, \'YYYY-MM-DD"T"HH24:MI:SS"Z"\')'
FIRST = "2000-01-01T00:00:00Z"


class _Changed(Row, frozen=True, kw_only=True):
    changed: datetime
    externalid: str


class ProjectRow(_Changed, frozen=True, kw_only=True):
    isinactive: str = "F"
    allowtime: str = "T"
    entitystatus: str | int | None = None


class InvoiceRow(_Changed, frozen=True, kw_only=True):
    status: str
    currency: int
    foreigntotal: Decimal
    foreignamountunpaid: Decimal = Decimal(0)


C = TypeVar("C", bound=_Changed)


def project_state(row: ProjectRow, options: Options) -> ProjectState:
    """Whether work may be booked: an inactive project is closed, one that takes no time is on hold."""
    status = str(row.entitystatus)
    if row.isinactive == "T" or status in options.closed_project_statuses:
        return "closed"
    if row.allowtime == "F" or status in options.held_project_statuses:
        return "on-hold"
    return "active"


class Changes:
    """Reads only records that carry an external id of ours."""

    def __init__(
        self,
        suitetalk: SuiteTalk,
        currencies: Currencies,
        ids: ExternalIds,
        options: Options,
        connection: ConnectionName,
    ) -> None:
        self._suitetalk, self._currencies, self._ids = suitetalk, currencies, ids
        self._options, self._connection = options, connection

    async def projects(self, watermark: str | None) -> Page:
        """Projects whose record changed, each with the status it has now."""
        select = f"SELECT id, externalid, isinactive, allowtime, entitystatus, {CHANGED} FROM job"  # noqa: S608
        return await self._poll(select, "", ProjectRow, watermark, self._project)

    async def invoices(self, watermark: str | None) -> Page:
        """Invoices whose record changed, each with what is paid of it now."""
        columns = f"id, externalid, status, currency, foreigntotal, foreignamountunpaid, {CHANGED}"
        select = f"SELECT {columns} FROM transaction"  # noqa: S608
        return await self._poll(select, "type = 'CustInvc' AND ", InvoiceRow, watermark, self._invoice)

    async def _poll(
        self,
        select: str,
        where: str,
        row: type[C],
        watermark: str | None,
        observe: Callable[[C], Awaitable[Observed | None]],
    ) -> Page:
        at, _, after = (watermark or FIRST).partition("/")
        start = at if after else _earlier(at, self._options.overlap_seconds)
        where = f"{where}externalid LIKE ? AND lastmodifieddate >= {SINCE}"
        params: list[str | int] = [f"{self._ids.prefix}-%", start]
        if after:
            where = f"{where} AND (lastmodifieddate > {SINCE} OR id > ?)"
            params += [start, int(after)]
        q = f"{select} WHERE {where} ORDER BY lastmodifieddate, id"
        rows, more = await self._suitetalk.query(q, params, row, LARGEST_PAGE)
        observed = [one for found in rows if (one := await observe(found)) is not None]
        if rows and more:
            return Page(observed=observed, watermark=f"{rows[-1].changed:{MOMENT}}/{rows[-1].id}", more=True)
        last = max([at, *(f"{found.changed:{MOMENT}}" for found in rows)])
        return Page(observed=observed, watermark=last)

    async def _project(self, row: ProjectRow) -> Observed | None:
        engagement = self._ids.read_project(row.externalid)
        if engagement is None:
            return None
        state = project_state(row, self._options)
        contract = ProjectStatusChanged(
            engagement=engagement, version=0, state=state, connection=self._connection
        )
        return Observed(record=str(row.id), contract=contract)

    async def _invoice(self, row: InvoiceRow) -> Observed | None:
        ours = self._ids.read_invoice(row.externalid)
        if ours is None:
            return None
        # Some accounts write the status with the type before it: CustInvc:A.
        letter = row.status.rpartition(":")[2]
        if letter not in self._options.invoice_states:
            raise Rejected(
                f"invoice {row.id} has status {row.status}, which invoice_states does not name", "policy"
            )
        currency = await self._currencies.code(row.currency)
        total, unpaid = money_of(row.foreigntotal, currency), money_of(row.foreignamountunpaid, currency)
        state = self._options.invoice_states[letter]
        contract = InvoiceChanged(
            invoice=ours[1],
            engagement=ours[0],
            version=0,
            record=RecordId(str(row.id)),
            state=state,
            total=total,
            paid=total - unpaid if state in ("open", "paid") else Money(amount=0, currency=currency),
            connection=self._connection,
        )
        return Observed(record=str(row.id), contract=contract)


def _earlier(moment: str, seconds: int) -> str:
    """A moment of NetSuite's so much before another."""
    read = datetime.strptime(moment, MOMENT)  # noqa: DTZ007
    return f"{read - timedelta(seconds=seconds):{MOMENT}}"
