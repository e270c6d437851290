"""What the vendor's external references make of users and stories, and entries of what they point to."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.types import ConnectionName
from services.time_adapter.connectors.kantata import Options
from services.time_adapter.connectors.kantata.bookings import Booking, Sighting, decision, observation
from services.time_adapter.connectors.kantata.directory import person, story_name
from services.time_adapter.connectors.kantata.entries import deleted_from
from services.time_adapter.connectors.kantata.wire import (
    Entry,
    Event,
    Payload,
    Reference,
    Role,
    Story,
    Submission,
    User,
)

ROLES = {"3": Role(id="3", name="SENIOR")}


def references(*rows: tuple[str, str, str]) -> dict[str, Reference]:
    return {
        str(number): Reference(id=str(number), service_name=name, service_model=model, service_model_ref=ref)
        for number, (name, model, ref) in enumerate(rows, 1)
    }


@pytest.mark.parametrize(
    ("rows", "worker"),
    [
        ([("hcm", "worker", "EMP-0001")], "EMP-0001"),
        ([("payroll", "worker", "P-1"), ("hcm", "worker", "EMP-0001")], "EMP-0001"),
        ([("hcm", "position", "X")], None),
        ([], None),
    ],
)
def test_a_users_employee_number(rows: list[tuple[str, str, str]], worker: str | None):
    held = references(*rows)
    read = person(User(id="7", role_id="3", external_reference_ids=tuple(held)), held, ROLES, Options())
    assert (read.worker, read.role, read.active) == (worker, "SENIOR", True)


def test_references_of_others_in_the_same_answer_are_not_the_users():
    held = references(("hcm", "worker", "EMP-0001"))
    assert person(User(id="7", disabled=True), held, ROLES, Options()).worker is None
    assert not person(User(id="7", disabled=True), held, ROLES, Options()).active


@pytest.mark.parametrize(
    ("row", "named"),
    [
        (("fairlead", "task", "D-00042/T1"), ("D-00042", "task", "T1")),
        (("fairlead", "milestone", "D-00042/M1"), ("D-00042", "milestone", "M1")),
        (("fairlead", "task", "EU/D-1/T1"), ("EU/D-1", "task", "T1")),
        (("fairlead", "issue", "D-00042/T1"), None),
        (("jira", "task", "D-00042/T1"), None),
        (("fairlead", "task", "D-00042"), None),
        (("fairlead", "task", "/T1"), None),
        (("fairlead", "task", "D-00042/"), None),
    ],
)
def test_which_task_or_milestone_a_story_is(row: tuple[str, str, str], named: tuple[str, str, str] | None):
    story = Story(
        id="90", story_type="task", state="new", updated_at=datetime(2026, 11, 1, tzinfo=UTC),
        external_reference_ids=("1",),
    )  # fmt: skip
    name = story_name(story, references(row), Options())
    assert (name and (name.engagement, name.kind, name.code)) == named


def entry(**fields: Any) -> Entry:
    given = {
        "id": "85", "date_performed": date(2026, 11, 10), "time_in_minutes": 90, "billable": True,
        "approved": True, "workspace_id": "10",
    }  # fmt: skip
    return Entry(**{**given, **fields})


@pytest.mark.parametrize("creator", ["7", 7])
def test_the_approver_is_whoever_resolved_the_active_timesheet(creator: str | int):
    sheet = Submission(id="1", status="approved", current_resolution_creator_id=creator)
    assert Sighting(entry=entry(), active=sheet).approver == "7"
    assert Sighting(entry=entry(), recent=sheet).approver is None


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        (None, "not submitted"),
        (Submission(id="1", status="pending"), "pending"),
        (Submission(id="1", status="rejected", resolution_description="Wrong task"), "rejected: Wrong task"),
    ],
)
def test_why_time_is_not_approved(sheet: Submission | None, said: str):
    sighting = Sighting(entry=entry(approved=False), recent=sheet)
    assert decision(sighting) == said
    observed = observation(ConnectionName("kantata"), Booking(sighting=sighting, engagement="D-1"))
    assert observed.retracts
    assert observed.contract.reason == said


def test_minutes_and_day_are_as_booked():
    booking = Booking(sighting=Sighting(entry=entry(billable=False)), engagement="D-1", worker="EMP-0001")
    contract = observation(ConnectionName("clock"), booking).contract
    assert (contract.entry, contract.record, contract.minutes, contract.billable) == (
        "clock:85",
        "85",
        90,
        False,
    )
    assert contract.work_date == date(2026, 11, 10)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        (Payload(workspace_id="10"), None, "10"),
        (Payload(workspace_id=10), None, "10"),
        (None, Payload(workspace_id="10"), "10"),
        (Payload(), Payload(workspace_id="10"), "10"),
        (None, None, None),
    ],
)
def test_where_a_deleted_entry_was(before: Payload | None, after: Payload | None, place: str | None):
    event = Event(
        id="1",
        event_type="time_entry:deleted",
        subject_id="85",
        previous_payload=before,
        current_payload=after,
    )
    assert deleted_from(event) == place
