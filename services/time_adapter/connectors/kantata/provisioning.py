"""Makes a plan bookable: one workspace per engagement with its people and stories, completed where a try broke off.

The vendor knows no idempotency key, so everything is looked for by its external reference before it is made, and
what is reported is what the vendor shows afterwards. Finding the workspace alone proves nothing: its parts come in
later requests, stories last.
"""

from collections.abc import Hashable, Sequence

from bus.clock import Clock
from contracts.projects.v1 import Plan, ProvisionWorkspace
from contracts.types import EngagementId
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Rejected, Unsure

from ..port import Workspace as Provisioned
from . import plan as bodies
from .api import Api
from .directory import Directory, StoryName
from .options import Options
from .standing import Crew, Shell, Standing, find_shells, read_standing
from .wire import Participation, RateCard, RateCardSet

__all__ = ["Provisioning"]

#: Stories in one bulk request.
MOST_STORIES = 300


class Provisioning:
    """The verb `provision_workspace`."""

    def __init__(self, api: Api, directory: Directory, options: Options, clock: Clock) -> None:
        self._api, self._directory, self._options = api, directory, options
        self._made = Lately(clock, options.settle_lag_seconds)

    async def apply(self, writes: Sequence[Write]) -> list[Applied]:
        """Provision each workspace, or raise the family that it failed with."""
        return [await self._provision(write.command) for write in writes]

    async def find(self, write: Write) -> Applied | None:
        """What was provisioned, once it is all there and nothing is there twice."""
        command: ProvisionWorkspace = write.command
        shells = await find_shells(self._api, self._options, command.engagement)
        if len(shells) != 1:
            return None
        try:
            crew = await self._crew(command.plan)
        except Rejected:
            return None
        workspace = shells[0].workspace.id
        standing = await read_standing(self._api, self._options, workspace)
        names = list(bodies.named_stories(command.engagement, command.plan))
        return _reported(workspace, standing, names) if standing.complete(names, crew) else None

    async def _provision(self, command: ProvisionWorkspace) -> Applied:
        names = list(bodies.named_stories(command.engagement, command.plan))
        if sliced := [name.code for name in names if "/" in name.code]:
            raise Rejected(f"a code must not contain a slash: {', '.join(sliced)}")
        crew = await self._crew(command.plan)
        shell = await self._shell(command, crew)
        workspace = shell.workspace.id
        standing = await read_standing(self._api, self._options, workspace)
        if doubled := standing.doubled(names):
            raise Rejected(f"several stories carry {', '.join(name.ref for name in doubled)}", "conflict")
        if not shell.workspace.archived:
            await self._complete(shell, standing, command, crew)
            standing = await read_standing(self._api, self._options, workspace)
        elif not standing.complete(names, crew):
            raise Rejected(f"workspace {workspace} is archived and lacks parts of the plan", "conflict")
        if not standing.complete(names, crew):
            raise Unsure(f"workspace {workspace} was written, but is not shown complete yet")
        return _reported(workspace, standing, names)

    async def _crew(self, plan: Plan) -> Crew:
        """The users behind the employee numbers; `Rejected` where one has none, or several."""
        workers = list(dict.fromkeys([plan.manager, *plan.team]))
        staff = await self._directory.staff(workers)
        if unknown := [worker for worker in workers if worker not in staff]:
            raise Rejected(f"no active user carries employee number {', '.join(unknown)}")
        for worker, people in staff.items():
            if len(people) > 1:
                users = ", ".join(person.user for person in people)
                raise Rejected(f"employee number {worker} is carried by several users: {users}", "conflict")
        return Crew(
            manager=staff[plan.manager][0].user, team=tuple(staff[worker][0].user for worker in plan.team)
        )

    async def _shell(self, command: ProvisionWorkspace, crew: Crew) -> Shell:
        """The one workspace of the engagement, made where there is none."""
        shells = await find_shells(self._api, self._options, command.engagement)
        if not shells and command.engagement not in self._made:
            await self._create(command, crew)
            shells = await find_shells(self._api, self._options, command.engagement)
        return _single(shells, command.engagement)

    async def _create(self, command: ProvisionWorkspace, crew: Crew) -> None:
        card = await self._rate_card(command.plan) if self._options.rate_cards else None
        body = bodies.workspace(command, approver=crew.manager, rate_card=card, options=self._options)
        await self._api.write("POST", "workspaces", {"workspace": body})
        self._made.add(command.engagement)

    async def _rate_card(self, plan: Plan) -> str:
        """The card in the plan's currency, of the set titled like the plan's rate card."""
        found = []
        for page in await self._api.read_all("rate_card_sets", include="rate_cards", order="created_at:asc"):
            cards = page.side("rate_cards", RateCard)
            for group in page.rows("rate_card_sets", RateCardSet):
                if group.title == plan.rate_card:
                    held = [cards[number] for number in group.rate_card_ids if number in cards]
                    found += [card.id for card in held if card.currency == plan.currency]
        if len(found) != 1:
            many = "several rate cards" if found else "no rate card"
            raise Rejected(f"{many} in {plan.currency} titled {plan.rate_card}")
        return found[0]

    async def _complete(
        self, shell: Shell, standing: Standing, command: ProvisionWorkspace, crew: Crew
    ) -> None:
        """Write what is missing, and nothing that is there: what approval needs, then people, then stories."""
        number = shell.workspace.id
        if corrections := shell.corrections(command.plan, crew):
            await self._api.write("PUT", f"workspaces/{number}", {"workspace": corrections})
        await self._seat(number, standing, crew)
        named = bodies.named_stories(command.engagement, command.plan)
        missing = [name for name in standing.missing(named) if name not in self._made]
        for start in range(0, len(missing), MOST_STORIES):
            some = missing[start : start + MOST_STORIES]
            stories = [bodies.story(number, name, named[name], command.plan, self._options) for name in some]
            await self._api.write("POST", "stories", {"stories": stories})
            self._made.add(*some)

    async def _seat(self, workspace: str, standing: Standing, crew: Crew) -> None:
        seats = dict(standing.seats)
        for user in standing.absent(crew):
            if (workspace, user) not in self._made:
                body = {"participation": bodies.seat(workspace, user)}
                made = await self._api.write("POST", "participations", body)
                seats.update((seat.user_id, seat) for seat in made.rows("participations", Participation))
                self._made.add((workspace, user))
        leader = seats.get(crew.manager)
        if leader is not None and not leader.is_team_lead:
            # The vendor takes `team_lead` on a change of a participation only.
            lead = {"participation": {"team_lead": True}}
            await self._api.write("PUT", f"participations/{leader.id}", lead)


class Lately:
    """What the vendor said it has made, for as long as it may yet fail to show it: absence proves nothing then."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock, self._seconds = clock, seconds
        self._until: dict[Hashable, float] = {}

    def __contains__(self, key: Hashable) -> bool:
        return self._until.get(key, float("-inf")) > self._clock.monotonic()

    def add(self, *keys: Hashable) -> None:
        now = self._clock.monotonic()
        kept = {key: until for key, until in self._until.items() if until > now}
        self._until = kept | dict.fromkeys(keys, now + self._seconds)


def _single(shells: Sequence[Shell], engagement: EngagementId) -> Shell:
    if not shells:
        raise Unsure(f"the workspace of {engagement} was written, but is not shown yet")
    if len(shells) > 1:
        numbers = ", ".join(shell.workspace.id for shell in shells)
        raise Rejected(f"several workspaces carry {engagement}: {numbers}", "conflict")
    return shells[0]


def _reported(workspace: str, standing: Standing, names: Sequence[StoryName]) -> Applied:
    result: Provisioned = {
        "record": workspace,
        "tasks": {name.code: standing.stories[name][0] for name in names if name.kind == "task"},
        "milestones": {name.code: standing.stories[name][0] for name in names if name.kind == "milestone"},
    }
    return result
