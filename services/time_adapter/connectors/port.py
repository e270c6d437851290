"""What every time connector offers: its verbs, its feeds, and what an applied write reports.

A verb takes one command of `contracts` (named beside it) and reports plain JSON of the shape below.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, get_args

from contracts import Contract
from contracts.projects.v1 import ProvisionWorkspace
from contracts.timesheets.v1 import AnnotateTime

__all__ = ["COMMANDS", "FEEDS", "VERBS", "FeedName", "Shown", "VerbName", "Workspace"]

VerbName = Literal["provision_workspace", "annotate_time"]
VERBS: Final[tuple[VerbName, ...]] = get_args(VerbName)

#: `entries` observes TimeApproved and TimeWithdrawn, `tasks` TaskStatusChanged, `milestones` MilestoneCompleted.
FeedName = Literal["entries", "tasks", "milestones"]
FEEDS: Final[tuple[FeedName, ...]] = get_args(FeedName)

#: The command that each verb carries out.
COMMANDS: Final[Mapping[VerbName, type[Contract]]] = {
    "provision_workspace": ProvisionWorkspace,
    "annotate_time": AnnotateTime,
}


class Workspace(TypedDict):
    """`provision_workspace`: the workspace's record, and the record of each task and milestone by its code."""

    record: str
    tasks: dict[str, str]
    milestones: dict[str, str]


class Shown(TypedDict):
    """`annotate_time`: nothing to report; the time system shows the annotation."""
