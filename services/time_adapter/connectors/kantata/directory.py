"""What other systems call the vendor's records: employee numbers of users, engagements and tasks of ours."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from bus.clock import Clock
from contracts.types import EngagementId, TaskCode, WorkerId

from .api import Api
from .options import Options
from .wire import Envelope, Reference, Role, Story, User, Workspace

__all__ = ["ENGAGEMENT", "MILESTONE", "TASK", "Directory", "Person", "StoryName", "person", "story_name"]

#: Service models of our references.
ENGAGEMENT, TASK, MILESTONE = "engagement", "task", "milestone"

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Person:
    """A user: the employee number, the role by default, and whether the account still lets them in."""

    user: str
    worker: WorkerId | None
    role: str | None
    active: bool


@dataclass(frozen=True, kw_only=True)
class StoryName:
    """Which task or milestone of an engagement a story is."""

    engagement: EngagementId
    kind: Literal["task", "milestone"]
    code: str

    @property
    def task(self) -> TaskCode | None:
        return TaskCode(self.code) if self.kind == TASK else None

    @property
    def ref(self) -> str:
        """As the reference carries it."""
        return f"{self.engagement}/{self.code}"


class Shelf(Generic[T]):
    """What is known about records by id, for some seconds; that there is nothing to know is known as well."""

    def __init__(
        self, fetch: Callable[[Sequence[str]], Awaitable[Mapping[str, T]]], clock: Clock, keep: float
    ) -> None:
        self._fetch, self._clock, self._keep = fetch, clock, keep
        self._known: dict[str, tuple[T | None, float]] = {}

    async def look_up(self, ids: Iterable[str]) -> dict[str, T]:
        """The records that there are; asks the vendor for those that are not known, or no longer."""
        wanted = list(dict.fromkeys(ids))
        now = self._clock.monotonic()
        stale = [number for number in wanted if self._known.get(number, (None, float("-inf")))[1] <= now]
        if stale:
            found = await self._fetch(stale)
            self.learn({number: found.get(number) for number in stale})
        held = ((number, self._known[number][0]) for number in wanted)
        return {number: record for number, record in held if record is not None}

    def learn(self, records: Mapping[str, T | None]) -> None:
        """Take in what the vendor has just shown."""
        until = self._clock.monotonic() + self._keep
        self._known.update((number, (record, until)) for number, record in records.items())


class Directory:
    """Resolves ids of users, workspaces and stories, remembering for `directory_seconds`."""

    def __init__(self, api: Api, options: Options, clock: Clock) -> None:
        self._api, self._options, self._clock = api, options, clock
        keep = options.directory_seconds
        self._people: Shelf[Person] = Shelf(self._fetch_people, clock, keep)
        self._workspaces: Shelf[EngagementId] = Shelf(self._fetch_workspaces, clock, keep)
        self._stories: Shelf[StoryName] = Shelf(self._fetch_stories, clock, keep)
        self._staff: dict[WorkerId, list[Person]] = {}
        self._staff_until = float("-inf")

    async def people(self, users: Iterable[str]) -> dict[str, Person]:
        """Users by id."""
        return await self._people.look_up(users)

    async def engagements(self, workspaces: Iterable[str]) -> dict[str, EngagementId]:
        """The engagements of those workspaces that carry one, archived or not."""
        return await self._workspaces.look_up(workspaces)

    async def stories(self, stories: Iterable[str]) -> dict[str, StoryName]:
        """The tasks and milestones that those stories are."""
        return await self._stories.look_up(stories)

    async def staff(self, workers: Iterable[WorkerId]) -> dict[WorkerId, list[Person]]:
        """The active users with these employee numbers; reads everyone on the account where one is not known."""
        wanted = set(workers)
        if self._clock.monotonic() >= self._staff_until or not wanted <= self._staff.keys():
            await self._read_staff()
        return {worker: self._staff[worker] for worker in wanted if worker in self._staff}

    async def _read_staff(self) -> None:
        pages = await self._api.read_all(
            "users", on_my_account="true", include="external_references,role", order="alphabetical:asc"
        )
        everyone = [found for page in pages for found in self._persons(page)]
        self._people.learn({found.user: found for found in everyone})
        self._staff = {}
        for found in everyone:
            if found.worker is not None and found.active:
                self._staff.setdefault(found.worker, []).append(found)
        self._staff_until = self._clock.monotonic() + self._options.directory_seconds

    async def _fetch_people(self, ids: Sequence[str]) -> dict[str, Person]:
        pages = await self._api.read_only(
            "users", ids, include="external_references,role", order="alphabetical:asc"
        )
        return {found.user: found for page in pages for found in self._persons(page)}

    def _persons(self, page: Envelope) -> list[Person]:
        references, roles = page.side("external_references", Reference), page.side("roles", Role)
        return [person(user, references, roles, self._options) for user in page.rows("users", User)]

    async def _fetch_workspaces(self, ids: Sequence[str]) -> dict[str, EngagementId]:
        pages = await self._api.read_only(
            "workspaces", ids, include_archived="true", include="external_references", order="created_at:asc"
        )
        found = {}
        for page in pages:
            references = page.side("external_references", Reference)
            for workspace in page.rows("workspaces", Workspace):
                for reference in _held(workspace.external_reference_ids, references):
                    if (reference.service_name, reference.service_model) == (
                        self._options.service,
                        ENGAGEMENT,
                    ):
                        found[workspace.id] = EngagementId(reference.service_model_ref)
        return found

    async def _fetch_stories(self, ids: Sequence[str]) -> dict[str, StoryName]:
        pages = await self._api.read_only(
            "stories", ids, include="external_references,workspace", order="created_at:asc"
        )
        found = {}
        for page in pages:
            references = page.side("external_references", Reference)
            for story in page.rows("stories", Story):
                if (name := story_name(story, references, self._options)) is not None:
                    found[story.id] = name
        return found


def person(
    user: User, references: Mapping[str, Reference], roles: Mapping[str, Role], options: Options
) -> Person:
    """A user as the firm knows them."""
    wanted = (options.worker_service, options.worker_model)
    numbers = [
        reference.service_model_ref
        for reference in _held(user.external_reference_ids, references)
        if (reference.service_name, reference.service_model) == wanted
    ]
    role = roles.get(user.role_id or "")
    return Person(
        user=user.id,
        worker=WorkerId(numbers[0]) if numbers else None,
        role=None if role is None else role.name,
        active=not user.disabled,
    )


def story_name(story: Story, references: Mapping[str, Reference], options: Options) -> StoryName | None:
    """Which task or milestone of ours a story is: its reference reads `<engagement>/<code>`.

    Codes have no slash, engagement ids may.
    """
    for reference in _held(story.external_reference_ids, references):
        engagement, slash, code = reference.service_model_ref.rpartition("/")
        if reference.service_name != options.service or not (engagement and slash and code):
            continue
        if reference.service_model == TASK:
            return StoryName(engagement=EngagementId(engagement), kind="task", code=code)
        if reference.service_model == MILESTONE:
            return StoryName(engagement=EngagementId(engagement), kind="milestone", code=code)
    return None


def _held(ids: Iterable[str], references: Mapping[str, Reference]) -> list[Reference]:
    return [references[number] for number in ids if number in references]
