"""Tasks open and close, milestones complete."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from contracts.projects.v1 import TaskStatusChanged
from contracts.timesheets.v1 import MilestoneCompleted
from contracts.types import ConnectionName
from services.adapterkit.families import Rejected
from services.time_adapter.connectors.kantata import Options
from services.time_adapter.connectors.kantata.directory import StoryName
from services.time_adapter.connectors.kantata.stories import completed_on, milestone_completed, task_status
from services.time_adapter.connectors.kantata.wire import StateChange, Story
from tests.support.kantata_account import ENGAGEMENT, Account, provision

KANTATA = ConnectionName("kantata")
PACIFIC = timezone(timedelta(hours=-8))
TASK = StoryName(engagement=ENGAGEMENT, kind="task", code="T1")
MILESTONE = StoryName(engagement=ENGAGEMENT, kind="milestone", code="M1")


def story(**fields: Any) -> Story:
    given = {
        "id": "90", "story_type": "task", "state": "started", "time_trackable": True, "archived": False,
        "updated_at": datetime(2026, 11, 16, 23, 30, tzinfo=PACIFIC),
    }  # fmt: skip
    return Story(**{**given, **fields})


def change(number: str, state: str, day: int) -> tuple[str, StateChange]:
    at = datetime(2026, 11, day, 22, tzinfo=PACIFIC)
    return number, StateChange(id=number, state=state, created_at=at)


@pytest.mark.parametrize(
    ("fields", "active"),
    [
        ({}, True),
        ({"state": "not started"}, True),
        ({"state": "completed"}, False),
        ({"state": "resolved"}, False),
        ({"time_trackable": False}, False),
        ({"time_trackable": None}, False),
        ({"archived": True}, False),
        ({"archived": None}, True),
    ],
)
def test_a_task_is_active_while_time_may_go_on_it(fields: dict[str, Any], active: bool):
    observed = task_status(KANTATA, story(**fields), TASK, Options())
    assert observed.record == "D-00042/T1"
    assert observed.contract == TaskStatusChanged(
        engagement=ENGAGEMENT, task="T1", version=0, active=active, connection="kantata"
    )


def test_which_states_close_a_story_can_be_configured():
    options = Options(closed_states=frozenset({"on hold"}))
    assert not task_status(KANTATA, story(state="on hold"), TASK, options).contract.active
    assert task_status(KANTATA, story(state="completed"), TASK, options).contract.active


def test_a_milestone_is_told_of_once_it_is_complete():
    done = story(story_type="milestone", state="completed")
    [observed] = milestone_completed(KANTATA, done, MILESTONE, {}, Options())
    assert observed.contract == MilestoneCompleted(
        engagement=ENGAGEMENT, milestone="M1", completed_on=date(2026, 11, 16), connection="kantata"
    )
    assert milestone_completed(KANTATA, story(state="started"), MILESTONE, {}, Options()) == []


def test_the_day_of_completion_is_that_of_the_last_change_into_a_closed_state():
    changes = dict([change("1", "completed", 3), change("2", "started", 4), change("3", "completed", 9)])
    closed = story(state="completed", story_state_change_ids=("1", "2", "3"))
    assert completed_on(closed, changes, Options()) == date(2026, 11, 9)


def test_without_changes_of_state_it_is_the_day_of_the_last_change_in_the_accounts_zone():
    assert completed_on(story(state="completed"), {}, Options()) == date(2026, 11, 16)
    abroad = story(updated_at=datetime(2026, 11, 17, 7, 30, tzinfo=UTC))
    assert completed_on(abroad, {}, Options()) == date(2026, 11, 17)


@pytest.fixture
async def project(account: Account) -> dict[str, Any]:
    return dict(await account.apply("provision_workspace", provision()))


async def test_new_tasks_are_observed_as_active(account: Account, project):
    observed = {one.record: one.contract.active for one in await account.poll("tasks")}
    assert observed == {"D-00042/T1": True, "D-00042/T2": True, "D-00042/T3": True}
    assert await account.poll("milestones") == []


async def test_only_what_changed_is_observed_later(account: Account, project):
    await account.poll("tasks")
    account.watch.move(minutes=10)
    for _ in range(2):
        await account.poll("tasks")
    account.ask("people-admin", "PUT", f"stories/{project['tasks']['T2']}", {"story": {"state": "completed"}})
    [observed] = await account.poll("tasks")
    assert (observed.record, observed.contract.active) == ("D-00042/T2", False)


async def test_a_completed_milestone_is_observed_and_a_reopened_one_is_not(account: Account, project):
    path = f"stories/{project['milestones']['M1']}"
    account.ask("people-admin", "PUT", path, {"story": {"state": "completed"}})
    [observed] = await account.poll("milestones")
    assert (observed.record, observed.contract.completed_on) == ("D-00042/M1", date(2026, 11, 16))
    assert {one.record for one in await account.poll("tasks")} == {"D-00042/T1", "D-00042/T2", "D-00042/T3"}
    account.watch.move(minutes=10)
    for _ in range(2):
        await account.poll("milestones")
    account.ask("people-admin", "PUT", path, {"story": {"state": "started"}})
    assert await account.poll("milestones") == []


async def test_stories_without_our_reference_are_not_observed(account: Account, project):
    for kind in ("task", "milestone"):
        account.make(
            "stories",
            "story",
            workspace_id=project["record"],
            title="Own",
            story_type=kind,
            state="completed",
        )
    assert len(await account.poll("tasks")) == 3
    assert await account.poll("milestones") == []


async def test_more_stories_than_a_page_are_read_in_several_polls(account: Account, project):
    for number in range(5):
        tasks = [
            {
                "workspace_id": project["record"], "title": "x", "story_type": "task",
                "external_reference": {
                    "service_name": "fairlead", "service_model": "task",
                    "service_model_ref": f"D-00042/X{number}-{index}",
                },
            }
            for index in range(90)
        ]  # fmt: skip
        account.ask("people-admin", "POST", "stories", {"stories": tasks})
        account.watch.move(seconds=11)
    observed = await account.poll("tasks")
    assert len({one.record for one in observed}) == 453


@pytest.mark.parametrize("feed", ["tasks", "milestones"])
async def test_a_watermark_of_something_else_is_refused(account: Account, feed: str):
    account.watermarks[feed] = "yesterday"
    with pytest.raises(Rejected, match="no watermark of a stories feed"):
        await account.poll(feed)
