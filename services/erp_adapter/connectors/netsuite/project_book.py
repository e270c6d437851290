"""Projects by their internal ids: whose they are, and in which currency their time is priced."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from contracts.types import EngagementId

from .currencies import Currencies
from .external_ids import ExternalIds
from .suitetalk import LARGEST_PAGE, Row, SuiteTalk

__all__ = ["KnownProject", "ProjectBook"]


class _Job(Row, frozen=True, kw_only=True):
    externalid: str | int | None = None
    currency: int
    subsidiary: int


@dataclass(frozen=True, kw_only=True)
class KnownProject:
    """`engagement` is None for a project that is not ours; `subsidiary` is an internal id."""

    engagement: EngagementId | None
    currency: str
    subsidiary: int


class ProjectBook:
    """Remembers projects: NetSuite fixes a project's currency and subsidiary once there is time on it."""

    def __init__(self, suitetalk: SuiteTalk, currencies: Currencies, ids: ExternalIds) -> None:
        self._suitetalk, self._currencies, self._ids = suitetalk, currencies, ids
        self._known: dict[int, KnownProject] = {}

    async def look_up(self, records: Collection[int | None]) -> Mapping[int | None, KnownProject]:
        """Those of the records that are projects; at most 1000 at once."""
        unknown = sorted({record for record in records if record is not None} - self._known.keys())
        assert len(unknown) <= LARGEST_PAGE, "one page holds no more"
        if unknown:
            marks = ", ".join("?" for _ in unknown)
            q = f"SELECT id, externalid, currency, subsidiary FROM job WHERE id IN ({marks})"  # noqa: S608
            rows, _ = await self._suitetalk.query(q, unknown, _Job)
            for row in rows:
                self._known[row.id] = KnownProject(
                    engagement=self._ids.read_project(str(row.externalid)),
                    currency=await self._currencies.code(row.currency),
                    subsidiary=row.subsidiary,
                )
        return {record: self._known[record] for record in records if record in self._known}
