"""Our keys in Tryton's texts, which have no unique index: a comment's first line, the start of a description.

    project      FL-<engagement>
    plan task    FL-<engagement>/task/<task>
    priced task  FL-<engagement>/task/<task>/<labour category>
    milestone    FL-<engagement>/milestone/<milestone>
    time line    <entry>#<revision> | <text>

Each part is percent-encoded, so that keys are injective and readable; what people write behind a key is theirs.
"""

import re
from urllib.parse import quote, unquote

from contracts.types import EngagementId, MilestoneCode, TaskCode

__all__ = [
    "PREFIX", "SET_ASIDE", "described", "engagement_in", "line_reference", "milestone_key", "posting_key",
    "priced_key", "project_key", "same_key", "task_key",
]  # fmt: skip

PREFIX = "FL-"
#: Marks the task below a priced one that time waits in while other time is billed.
SET_ASIDE = f"{PREFIX}/set-aside"

_PROJECT = re.compile(rf"{PREFIX}([^/\s]+)")
_LINE = re.compile(r"^(\S+:\S+#\d+) \|")


def project_key(engagement: EngagementId) -> str:
    return f"{PREFIX}{_part(engagement)}"


def task_key(engagement: EngagementId, task: TaskCode) -> str:
    return f"{project_key(engagement)}/task/{_part(task)}"


def priced_key(task: str, category: str) -> str:
    """The key of the priced task below the plan task whose key is `task`."""
    return f"{task}/{_part(category)}"


def milestone_key(engagement: EngagementId, milestone: MilestoneCode) -> str:
    return f"{project_key(engagement)}/milestone/{_part(milestone)}"


def same_key(comment: str | None, key: str) -> bool:
    """Whether a comment stands for `key`: its first line is it."""
    return comment is not None and comment.partition("\n")[0].rstrip() == key


def engagement_in(comment: str | None) -> EngagementId | None:
    """The engagement that a project's comment names; None for a project that is not ours."""
    first = (comment or "").partition("\n")[0].rstrip()
    found = _PROJECT.fullmatch(first)
    return EngagementId(unquote(found[1])) if found else None


def posting_key(entry: str, revision: int) -> str:
    """The start of a time line's description."""
    return f"{quote(entry, safe=':')}#{revision}"


def described(key: str, text: str) -> str:
    return f"{key} | {text}"


def line_reference(description: str | None) -> str | None:
    """`<entry>#<revision>` of a posting of ours; None for a time line that people entered."""
    found = _LINE.match(description or "")
    return unquote(found[1]) if found else None


def _part(text: str) -> str:
    return quote(text, safe="")
