"""Delivery managers: complete milestones, close tasks and open them again."""

import httpx

from ..firm import Deal
from .workspaces import Absent, Story, Workspaces

__all__ = ["DeliveryManagers"]


class DeliveryManagers:
    """Each deal's manager, at the deal's workspace."""

    def __init__(self, kantata_url: str, *, http: httpx.AsyncClient) -> None:
        self._workspaces = Workspaces(kantata_url, http=http)

    async def complete_milestone(self, deal: Deal) -> str | None:
        """Complete the first milestone that is not; gives its title, or None where none is left."""
        stories = await self._workspaces.stories(await self._workspaces.need(deal))
        waiting = [story for story in stories if story.kind == "milestone" and story.state != "completed"]
        if not waiting:
            return None
        await self._mark(deal, waiting[0], "completed")
        return waiting[0].title

    async def close_task(self, deal: Deal, title: str) -> None:
        """No more time is expected on this task; raises `Absent`."""
        await self._mark(deal, await self._task(deal, title), "completed")

    async def reopen_task(self, deal: Deal, title: str) -> None:
        """Time is expected again; raises `Absent`."""
        await self._mark(deal, await self._task(deal, title), "reopened")

    async def _task(self, deal: Deal, title: str) -> Story:
        for story in await self._workspaces.stories(await self._workspaces.need(deal)):
            if story.kind == "task" and story.title == title:
                return story
        raise Absent(f"{deal.number} has no task {title!r}")

    async def _mark(self, deal: Deal, story: Story, state: str) -> None:
        desk = self._workspaces.approver(deal, await self._workspaces.need(deal))
        await desk.change("stories", story.id, {"story": {"state": state}})
