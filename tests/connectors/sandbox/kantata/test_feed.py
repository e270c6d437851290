"""The change feed and the external references."""

import pytest


def refer(office, subject_type, subject_id, status=200, **fields):
    reference = {
        "subject_type": subject_type,
        "subject_id": subject_id,
        "service_name": "erp",
        "service_model": "journal_line",
        "service_model_ref": "JV-1001/3",
        **fields,
    }
    body = {"external_reference": reference}
    return office.integration.ask("POST", "external_references/create_or_update", body, status)


def test_one_reference_per_subject_and_service_is_created_then_updated(office):
    entry = office.log()
    first = refer(office, "TimeEntry", entry, status=200)["results"]
    again = refer(office, "TimeEntry", entry, service_model_ref="JV-1002/1")
    assert again["results"] == first
    (kept,) = again["external_references"].values()
    assert (kept["service_model_ref"], kept["status"]) == ("JV-1002/1", "pending")
    refer(office, "TimeEntry", entry, service_name="tax")
    listed = office.integration.get("external_references", subject_type="TimeEntry", service_name="erp")
    assert listed["count"] == 1
    assert (
        office.integration.get("external_references", subject_type="TimeEntry", subject_id=entry)["count"]
        == 2
    )


def test_references_are_found_by_what_they_refer_to(office):
    entry = office.log()
    refer(office, "TimeEntry", entry)
    query = {"subject_type": "TimeEntry", "service_name": "erp", "service_model_ref": "JV-1001/3"}
    assert office.integration.one("external_references", **query)["subject_id"] == entry
    assert office.integration.ids("external_references", **{**query, "service_model_ref": "JV-9"}) == []


def test_a_reference_needs_a_subject_type_to_be_listed_and_a_subject_to_be_kept(office):
    office.integration.get("external_references", status=400)
    answer = refer(office, "TimeEntry", "999999999", status=422)
    assert answer["errors"][0]["field"] == "subject_id"
    office.integration.ask(
        "POST",
        "external_references/create_or_update",
        {"external_reference": {"subject_type": "TimeEntry"}},
        422,
    )


def test_an_entry_can_be_written_with_its_reference(office):
    reference = {"service_name": "erp", "service_model": "line", "service_model_ref": "7"}
    entry = office.log(external_reference=reference)
    body = office.integration.get(f"time_entries/{entry}", include="external_references")
    (kept,) = body["external_references"].values()
    assert body["time_entries"][entry]["external_reference_ids"] == [kept["id"]]
    assert (kept["subject_type"], kept["subject_id"]) == ("TimeEntry", entry)
    office.worker.ask("DELETE", f"time_entries/{entry}", None, 204)
    assert office.integration.ids("external_references", subject_type="TimeEntry") == []


def test_references_of_submissions_tell_timesheets_and_expense_reports_apart(office):
    sheet = office.submit(office.log())
    lunch = {"workspace_id": office.project, "date": "2026-11-10", "amount_in_cents": 5, "category": "Meals"}
    report = office.worker.make(
        "expense_report_submissions",
        "expense_report_submission",
        workspace_id=office.project,
        title="Trip",
        line_item_ids=[office.worker.make("expenses", "expense", **lunch)],
    )
    refer(office, "Submission", sheet)
    assert report != sheet
    assert office.integration.ids("timesheet_submissions", has_external_references="true") == [sheet]
    assert office.integration.ids("expense_report_submissions", has_external_references="true") == []


def test_the_feed_tells_of_creates_updates_and_deletes(office):
    entry = office.log(60)
    office.clock.pass_(seconds=1)
    office.worker.ask("PUT", f"time_entries/{entry}", {"time_entry": {"time_in_minutes": 75}})
    office.clock.pass_(seconds=1)
    office.worker.ask("DELETE", f"time_entries/{entry}", None, 204)
    query = {"subject_type": "TimeEntry", "subject_id": entry, "order": "created_at:asc"}
    plain = office.integration.get("subscribed_events", include="subject", **query)
    events = [plain["subscribed_events"][result["id"]] for result in plain["results"]]
    assert [event["event_type"] for event in events] == [
        "time_entry:created",
        "time_entry:updated",
        "time_entry:deleted",
    ]
    assert all("payload_changes" not in event and event["subject_ref"] is None for event in events)
    assert {event["user_id"] for event in events} == {office.users["EMP-0001"]}
    full = office.integration.get(
        "subscribed_events", optional_fields="current_payload,previous_payload,payload_changes", **query
    )
    _, updated, deleted = (full["subscribed_events"][result["id"]] for result in full["results"])
    assert updated["payload_changes"]["time_in_minutes"] == [60, 75]
    assert updated["current_payload"]["workspace_id"] == office.project
    assert deleted["current_payload"] is None
    assert deleted["previous_payload"]["time_in_minutes"] == 75


def test_the_feed_tells_of_submissions_and_not_of_marks_on_their_time(office):
    before = office.integration.get("subscribed_events", event_types="time_entry:updated")["count"]
    sheet = office.submit(office.log(), office.log())
    office.decide(sheet, "approve")
    body = office.integration.get(
        "subscribed_events", subject_type="TimesheetSubmission", subject_id=sheet, include="subject"
    )
    types = sorted(event["event_type"] for event in body["subscribed_events"].values())
    assert types == [
        "timesheet:created",
        "timesheet:time_entry_added",
        "timesheet:time_entry_added",
        "timesheet:updated",
    ]
    assert body["timesheet_submissions"][sheet]["status"] == "approved"
    assert office.integration.get("subscribed_events", event_types="time_entry:updated")["count"] == before


def test_the_feed_is_narrowed_by_moment_person_and_most_recent(office):
    entry = office.log()
    office.clock.pass_(seconds=10)
    office.approver.ask("PUT", f"time_entries/{entry}", {"time_entry": {"notes": "a"}})
    office.clock.pass_(seconds=10)
    office.worker.ask("PUT", f"time_entries/{entry}", {"time_entry": {"notes": "b"}})
    ask = office.integration.ids
    query = {"subject_type": "TimeEntry", "subject_id": entry, "order": "created_at:asc"}
    created, first, last = ask("subscribed_events", **query)
    assert ask("subscribed_events", created_after="2026-11-16T17:00:05Z", **query) == [first, last]
    assert ask("subscribed_events", user_ids=office.users["EMP-0002"], **query) == [first]
    assert ask("subscribed_events", most_recent="true", **query) == [last]
    assert ask("subscribed_events", most_recent_by_event_type="true", **query) == [created, last]
    both = {"most_recent": "true", "most_recent_by_event_type": "true"}
    office.integration.get("subscribed_events", status=400, **both)
    office.integration.get("subscribed_events", status=400, subject_id=entry)


def test_the_feed_forgets_after_nine_days(office):
    office.log()
    office.clock.pass_(days=9)
    assert office.integration.get("subscribed_events", event_types="time_entry:created")["count"] == 1
    office.clock.pass_(seconds=1)
    assert office.integration.get("subscribed_events")["count"] == 0
    kept = len(office.vendor.ledger["subscribed_events"])
    office.log(day="2026-11-20")
    assert len(office.vendor.ledger["subscribed_events"]) == kept - 1


def test_events_come_twice_and_late_where_told(office):
    office.vendor.control("configure", {"duplicate_every": 1})
    entry = office.log()
    query = {"subject_type": "TimeEntry", "subject_id": entry}
    assert len(set(office.integration.ids("subscribed_events", **query))) == 2
    office.vendor.control("configure", {"duplicate_every": 0, "late_every": 1, "late_by_seconds": 30})
    slow = office.log()
    office.vendor.control("configure", {"late_every": 0})
    office.clock.pass_(seconds=10)
    quick = office.log()
    query = {"event_types": "time_entry:created", "order": "created_at:asc"}

    def subjects():
        body = office.integration.get("subscribed_events", **query)
        return [body["subscribed_events"][result["id"]]["subject_id"] for result in body["results"]]

    assert subjects() == [entry, entry, quick]
    office.clock.pass_(seconds=20)
    assert subjects() == [entry, entry, quick, slow]
    last = office.integration.get("subscribed_events", subject_type="TimeEntry", subject_id=slow)
    (event,) = last["subscribed_events"].values()
    assert event["subject_changed_at"] < event["created_at"]


def test_refused_changes_leave_no_event(office):
    before = len(office.vendor.ledger["subscribed_events"])
    good = {"workspace_id": office.project, "date_performed": "2026-11-09", "time_in_minutes": 5}
    bad = {**good, "story_id": "1"}
    office.worker.ask("POST", "time_entries", {"time_entries": [good, bad]}, 422)
    assert len(office.vendor.ledger["subscribed_events"]) == before


@pytest.mark.parametrize(
    "event_type",
    ["time_entry:deleted", "timesheet:time_entry_added", "line_item_lock:created", "invoice:updated"],
)
def test_event_types_are_listed(office, event_type):
    assert event_type in office.integration.get("subscribed_events/event_types")["subscribed_event_types"]
