"""Time as Kantata holds it, archived workspaces too."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from ..people.desks import KantataDesk
from .ledgers import TimeEntry, TimeLedger, Workspace

__all__ = ["KantataTime"]

SERVICE: Final = ("fairlead", "engagement")


class KantataTime:
    """Read by the administrator. `connection` is what references to entries start with."""

    def __init__(self, url: str, *, http: httpx.AsyncClient, connection: str = "kantata") -> None:
        self._desk, self._connection = KantataDesk(url, http=http), connection

    async def read(self) -> TimeLedger:
        """All workspaces and all entries, approved or not."""
        people = {
            row["subject_id"]: row["service_model_ref"]
            for row in (
                await self._desk.all("external_references", subject_type="User", service_name="hcm")
            ).rows
        }
        workspaces = await self._workspaces()
        engagements = {workspace.record: workspace.engagement for workspace in workspaces}
        entries = await self._desk.all(
            "time_entries", from_archived_workspaces="true", include="user,workspace"
        )
        return TimeLedger(
            workspaces=workspaces,
            entries=[
                TimeEntry(
                    entry=f"{self._connection}:{row['id']}",
                    engagement=engagements.get(row["workspace_id"], ""),
                    workspace=row["workspace_id"],
                    person=people.get(row["user_id"], ""),
                    minutes=row["time_in_minutes"],
                    approved=row["approved"],
                )
                for row in entries.rows
            ],
        )

    async def _workspaces(self) -> list[Workspace]:
        found = await self._desk.all("workspaces", include_archived="true", include="external_references")
        references = found.included.get("external_references", {})
        return [
            Workspace(
                record=row["id"],
                engagement=_engagement([references[key] for key in row["external_reference_ids"]]),
                archived=row["archived"],
            )
            for row in found.rows
        ]


def _engagement(references: list[Mapping[str, Any]]) -> str:
    ours = (
        one["service_model_ref"]
        for one in references
        if (one["service_name"], one["service_model"]) == SERVICE
    )
    return next(ours, "")
