"""Approvers: decide on timesheets, and take decisions back."""

from collections.abc import Sequence

import httpx

from ..firm import Deal
from .workspaces import Workspaces

__all__ = ["Approvers"]


class Approvers:
    """Who approves in each project: its manager where the project names one, else the administrator."""

    def __init__(self, kantata_url: str, *, http: httpx.AsyncClient) -> None:
        self._workspaces = Workspaces(kantata_url, http=http)

    async def approve(self, deal: Deal, *, words: str = "Approved") -> list[str]:
        """Approve every timesheet of the deal that waits, all at once; gives their ids."""
        workspace = await self._workspaces.need(deal)
        waiting = await self._workspaces.office.all(
            "timesheet_submissions", workspace_id=workspace.id, statuses="new"
        )
        sheets = [row["id"] for row in waiting.rows]
        if sheets:
            await self._decide(deal, "timesheet_approvals", sheets, words)
        return sheets

    async def reject(self, deal: Deal, sheets: Sequence[str], *, words: str) -> None:
        """Send timesheets back with a reason; those approved before lose their approval."""
        await self._decide(deal, "timesheet_rejections", sheets, words)

    async def withdraw(self, deal: Deal, entry: str, *, minutes: int | None = None) -> str | None:
        """Take back the approval of an entry's timesheet, correct the entry, and approve the timesheet anew.

        The entry gets `minutes`, or is deleted where there are none. Gives the id of the new timesheet; None where
        nothing is left to approve.
        """
        workspace, office = await self._workspaces.need(deal), self._workspaces.office
        found = await office.one("time_entries", entry, include="user,active_submission")
        sheet, person = found["active_submission_id"], (await self._workspaces.employees())[found["user_id"]]
        lines = await office.all("time_entries", with_timesheet_id=sheet)
        await self._decide(deal, "timesheet_cancellations", [sheet], "To be corrected")
        desk, left = self._workspaces.desk(person), [row["id"] for row in lines.rows]
        if minutes is None:
            await desk.delete("time_entries", entry)
            left.remove(entry)
        else:
            await desk.change("time_entries", entry, {"time_entry": {"time_in_minutes": minutes}})
        if not left:
            return None
        again = {"workspace_id": workspace.id, "title": f"{deal.name[:80]}, corrected", "line_item_ids": left}
        (made,) = await desk.create("timesheet_submissions", {"timesheet_submission": again})
        await self._decide(deal, "timesheet_approvals", [made], "Approved as corrected")
        return made

    async def _decide(self, deal: Deal, path: str, sheets: Sequence[str], words: str) -> None:
        workspace = await self._workspaces.need(deal)
        body = {"resolution": {"submission_ids": list(sheets), "description": words}}
        await self._workspaces.approver(deal, workspace).create(path, body)
