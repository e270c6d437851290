"""The firm's legal entities as NetSuite's subsidiaries, and whether their books are closed on a day."""

from collections.abc import Mapping
from datetime import date

from services.adapterkit.families import Family, Rejected

from .options import Options
from .suitetalk import Row, SuiteTalk

__all__ = ["Subsidiaries"]


class _Subsidiary(Row, frozen=True, kw_only=True):
    externalid: str | int | None = None
    fiscalcalendar: str | int | None = None

    @property
    def calendar(self) -> str:
        return "" if self.fiscalcalendar is None else str(self.fiscalcalendar)


class Subsidiaries:
    """Subsidiaries by entity code; read anew each time, since finance adds some and moves calendars."""

    def __init__(self, suitetalk: SuiteTalk, options: Options) -> None:
        self._suitetalk, self._options = suitetalk, options

    async def calendars(self) -> Mapping[str, str]:
        """The fiscal calendar of each configured entity that exists; empty text where calendars are shared."""
        held = {str(row.externalid): row.calendar for row in await self._all()}
        return {code: held[code] for code in self._options.legal_entities if code in held}

    async def explained(
        self, refusal: Rejected, day: date, *, entity: str | None = None, subsidiary: int | None = None
    ) -> Rejected:
        """The refusal, as one of policy where the books are closed on `day`.

        The books are those of an entity code or of a subsidiary's internal id. NetSuite words a closed period
        like any other USER_ERROR, and words are not to be relied on.
        """
        if refusal.category != "data":
            return refusal
        try:
            closed = await self._is_closed(day, entity, subsidiary)
        except Family:  # the refusal stands, whatever becomes of the question behind it
            return refusal
        return Rejected(refusal.why, "policy") if closed else refusal

    async def _is_closed(self, day: date, entity: str | None, subsidiary: int | None) -> bool:
        at = day.isoformat()
        where = "startdate <= TO_DATE(?, 'YYYY-MM-DD') AND enddate >= TO_DATE(?, 'YYYY-MM-DD')"
        where, params = f"{where} AND closed = 'T' AND isquarter = 'F' AND isyear = 'F'", [at, at]
        if self._options.fiscal_calendars:
            rows = await self._all()
            calendars = [
                row.calendar for row in rows if str(row.externalid) == entity or row.id == subsidiary
            ]
            if not calendars:
                return False
            where, params = f"{where} AND fiscalcalendar = ?", [*params, calendars[0]]
        q = f"SELECT id FROM accountingperiod WHERE {where}"  # noqa: S608
        closed, _ = await self._suitetalk.query(q, params, Row)
        return bool(closed)

    async def _all(self) -> list[_Subsidiary]:
        columns = "id, externalid, fiscalcalendar" if self._options.fiscal_calendars else "id, externalid"
        select = f"SELECT {columns} FROM subsidiary"  # noqa: S608
        return await self._suitetalk.rows(select, "isinactive = 'F'", [], _Subsidiary)
