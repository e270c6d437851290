"""Where a deal is delivered: its workspace in Kantata, found the way people find it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from ..firm import Deal
from .desks import KantataDesk
from .desks.wire import Pause

__all__ = ["Absent", "Story", "Workspace", "Workspaces", "engagement_of"]

#: What the integration calls itself on the workspaces it makes.
SERVICE: Final = "fairlead"
LOOK_AGAIN: Final = 0.5


class Absent(Exception):
    """What a person looks for in Kantata is not there."""


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """`members` and `leads` (who approve) are employee numbers."""

    id: str
    engagement: str
    members: frozenset[str]
    leads: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Story:
    id: str
    title: str
    kind: str
    state: str


def engagement_of(deal: Deal) -> str:
    """The engagement that a won deal becomes."""
    return f"E-{deal.number}"


class Workspaces:
    """Finds workspaces and opens desks for the people in them."""

    def __init__(self, kantata_url: str, *, http: httpx.AsyncClient) -> None:
        self._url, self._http = kantata_url, http
        self.office = KantataDesk(kantata_url, http=http)
        self._known: dict[str, Workspace] = {}
        self._users: dict[str, str] = {}

    def desk(self, employee: str) -> KantataDesk:
        """Signed in as this employee."""
        return KantataDesk(self._url, f"people-{employee}", http=self._http)

    def approver(self, deal: Deal, workspace: Workspace) -> KantataDesk:
        """The deal's manager where the manager may approve, else another who may, else the administrator."""
        may = sorted(workspace.leads, key=lambda number: (number != deal.manager, number))
        return self.desk(may[0]) if may else self.office

    async def employees(self) -> Mapping[str, str]:
        """Employee number by user id."""
        if not self._users:
            kept = await self.office.all("external_references", subject_type="User", service_name="hcm")
            self._users = {row["subject_id"]: row["service_model_ref"] for row in kept.rows}
        return self._users

    async def find(self, deal: Deal) -> Workspace | None:
        """The workspace of a deal, where there is one by now."""
        engagement = engagement_of(deal)
        if engagement in self._known:
            return self._known[engagement]
        found = await self.office.all(
            "workspaces",
            external_reference_service_name=SERVICE,
            external_reference_service_model_ref=engagement,
            include="participations,approvers",
        )
        if not found.rows:
            return None
        row, employees = found.rows[0], await self.employees()
        seats = [found.included["participations"][key] for key in row["participation_ids"]]
        leads = {*row["approver_ids"], *(seat["user_id"] for seat in seats if seat["is_team_lead"])}
        self._known[engagement] = Workspace(
            id=row["id"],
            engagement=engagement,
            members=frozenset(employees[seat["user_id"]] for seat in seats if seat["user_id"] in employees),
            leads=frozenset(employees[user] for user in leads if user in employees),
        )
        return self._known[engagement]

    async def need(self, deal: Deal) -> Workspace:
        """The workspace of a deal; raises `Absent`."""
        found = await self.find(deal)
        if found is None:
            raise Absent(f"{deal.number} has no workspace yet")
        return found

    async def wait(self, deal: Deal, *, within_s: float = 60.0, pause: Pause = asyncio.sleep) -> Workspace:
        """Look until the workspace and its tasks are there; raises `Absent` after `within_s` seconds."""
        for _ in range(max(1, int(within_s / LOOK_AGAIN))):
            found = await self.find(deal)
            if found is not None and found.members and await self.stories(found):
                return found
            self._known.pop(engagement_of(deal), None)
            await pause(LOOK_AGAIN)
        return await self.need(deal)

    async def stories(self, workspace: Workspace) -> list[Story]:
        """Its tasks and milestones, oldest first, as they stand now."""
        kept = await self.office.all("stories", workspace_id=workspace.id)
        return [
            Story(id=row["id"], title=row["title"], kind=row["story_type"], state=row["state"])
            for row in kept.rows
            if not row["archived"]
        ]
