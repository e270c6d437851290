"""How a plan stands at the vendor: which workspace carries it, and which of its people and parts are there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.projects.v1 import Plan
from contracts.types import EngagementId
from services.adapterkit.families import Unavailable

from .api import Api
from .directory import ENGAGEMENT, StoryName, story_name
from .options import Options
from .wire import Envelope, Participation, Preference, Reference, Story, Workspace

__all__ = ["Crew", "Shell", "Standing", "find_shells", "read_standing"]


@dataclass(frozen=True, kw_only=True)
class Crew:
    """The users who take part: whoever manages and approves, and everyone else."""

    manager: str
    team: tuple[str, ...]

    @property
    def everyone(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([self.manager, *self.team]))


@dataclass(frozen=True, kw_only=True)
class Shell:
    """A workspace without regard to what is in it."""

    workspace: Workspace
    project_code: str | None

    def corrections(self, plan: Plan, crew: Crew) -> dict[str, object]:
        """The fields that it lacks of what time and approval need."""
        lacking: dict[str, object] = {}
        if self.project_code != plan.code:
            lacking["invoice_preference"] = {"project_code": plan.code}
        if not self.workspace.require_time_approvals:
            lacking["require_time_approvals"] = True
        if crew.manager not in self.workspace.approver_ids:
            lacking["approver_ids"] = [*self.workspace.approver_ids, crew.manager]
        return lacking


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What is in a workspace: stories by name, more than one where it holds a name twice, and seats by user."""

    stories: Mapping[StoryName, Sequence[str]]
    seats: Mapping[str, Participation]

    def absent(self, crew: Crew) -> list[str]:
        return [user for user in crew.everyone if user not in self.seats]

    def missing(self, names: Iterable[StoryName]) -> list[StoryName]:
        return [name for name in names if name not in self.stories]

    def doubled(self, names: Iterable[StoryName]) -> list[StoryName]:
        return [name for name in names if len(self.stories.get(name, ())) > 1]

    def complete(self, names: Sequence[StoryName], crew: Crew) -> bool:
        """Whether everyone and everything planned is there, once."""
        return not (self.absent(crew) or self.missing(names) or self.doubled(names))


async def find_shells(api: Api, options: Options, engagement: EngagementId) -> list[Shell]:
    """The workspaces that carry an engagement, archived ones too.

    `Unavailable` where the vendor lists others as well: it did not heed the filter, so absence would prove nothing.
    """
    model = {"model": ENGAGEMENT, "model_ref": engagement}
    pages = await api.read_all(
        "workspaces",
        include_archived="true",
        order="created_at:asc",
        include="external_references,workspace_invoice_preference,approvers",
        external_reference_service_name=options.service,
        # The vendor has used both spellings, and ignores a filter that it does not know.
        **{f"external_reference_{name}": value for name, value in model.items()},
        **{f"external_reference_service_{name}": value for name, value in model.items()},
    )
    return [shell for page in pages for shell in _shells(page, (options.service, ENGAGEMENT, engagement))]


def _shells(page: Envelope, wanted: tuple[str, str, str]) -> list[Shell]:
    references = page.side("external_references", Reference)
    preferences = page.side("workspace_invoice_preferences", Preference)
    shells = []
    for workspace in page.rows("workspaces", Workspace):
        held = [references[number] for number in workspace.external_reference_ids if number in references]
        if wanted not in [(one.service_name, one.service_model, one.service_model_ref) for one in held]:
            raise Unavailable("workspaces cannot be looked for: the vendor did not heed the filter")
        preference = preferences.get(workspace.workspace_invoice_preference_id or "")
        code = None if preference is None else preference.project_code
        shells.append(Shell(workspace=workspace, project_code=code))
    return shells


async def read_standing(api: Api, options: Options, workspace: str) -> Standing:
    """Everything of ours in a workspace, and everyone."""
    stories: dict[StoryName, list[str]] = {}
    seats: dict[str, Participation] = {}
    for page in await api.read_all(
        "stories", workspace_id=workspace, include="external_references", order="created_at:asc"
    ):
        references = page.side("external_references", Reference)
        for story in page.rows("stories", Story):
            if (name := story_name(story, references, options)) is not None:
                stories.setdefault(name, []).append(story.id)
    for page in await api.read_all(
        "participations", workspace_id=workspace, include="user", order="created_at:asc"
    ):
        seats.update((seat.user_id, seat) for seat in page.rows("participations", Participation))
    return Standing(stories=stories, seats=seats)
