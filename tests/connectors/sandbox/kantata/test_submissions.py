"""The life of a timesheet: submitted, approved, rejected with a reason, resubmitted, cancelled."""


def test_a_submission_gathers_one_persons_week_in_one_project(office):
    entries = [office.log(60), office.log(90, day="2026-11-11")]
    sheet = office.submit(*entries, comment="Busy week")
    body = office.integration.get(f"timesheet_submissions/{sheet}", include="time_entries,user,workspace")
    shown = body["timesheet_submissions"][sheet]
    assert (shown["status"], shown["start_date"], shown["end_date"]) == (
        "pending",
        "2026-11-08",
        "2026-11-14",
    )
    assert (shown["time_entry_ids"], shown["comment"]) == (entries, "Busy week")
    assert (shown["user_id"], shown["workspace_id"]) == (office.users["EMP-0001"], office.project)
    rate = body["time_entries"][entries[0]]["rate_in_cents"]
    assert shown["line_item_total_in_cents"] == rate * 150 // 60


def test_time_is_submitted_once_within_a_week_and_only_by_its_owner(office):
    entry = office.log()
    office.submit(entry)
    for lines in ([entry], [office.log(day="2026-11-03"), office.log(day="2026-11-12")], [], ["123456789"]):
        body = {"workspace_id": office.project, "title": "Again", "line_item_ids": lines}
        office.worker.ask("POST", "timesheet_submissions", {"timesheet_submission": body}, 422)
    mine = {"workspace_id": office.project, "title": "Not mine", "line_item_ids": [office.log()]}
    office.approver.ask("POST", "timesheet_submissions", {"timesheet_submission": mine}, 422)


def test_approval_marks_the_time_without_moving_its_updated_at(office):
    entry = office.log()
    sheet = office.submit(entry)
    office.clock.pass_(hours=1)
    answer = office.decide(sheet, "approve", "Fine")["timesheet_submissions"][sheet]
    assert (answer["status"], answer["resolution_description"]) == ("approved", "Fine")
    assert answer["current_resolution_creator_id"] == office.users["EMP-0002"]
    assert answer["updated_at"] == "2026-11-16T10:00:00-08:00"
    shown = office.integration.get(f"time_entries/{entry}", include="active_submission")
    assert shown["time_entries"][entry]["approved"] is True
    assert shown["time_entries"][entry]["active_submission_id"] == sheet
    assert shown["time_entries"][entry]["updated_at"] == "2026-11-16T09:00:00-08:00"


def test_approval_moves_updated_at_where_it_is_told_to(office):
    office.vendor.control("configure", {"approval_touches_entries": True})
    entry = office.log()
    sheet = office.submit(entry)
    office.clock.pass_(hours=1)
    office.decide(sheet, "approve")
    assert office.integration.ids("time_entries", updated_after="2026-11-16T17:30:00Z") == [entry]
    events = office.integration.get("subscribed_events", event_types="time_entry:updated")
    assert events["count"] == 1


def test_a_rejection_says_why_and_resubmitting_makes_a_new_submission(office):
    entry = office.log()
    old = office.submit(entry)
    office.decide(old, "reject", "Wrong task on 10 Nov")
    shown = office.worker.one(f"timesheet_submissions/{old}")
    assert (shown["status"], shown["current_resolution_description"]) == ("rejected", "Wrong task on 10 Nov")
    freed = office.worker.get(f"time_entries/{entry}", include="active_submission,recent_submission")
    assert freed["time_entries"][entry]["active_submission_id"] is None
    assert freed["time_entries"][entry]["recent_submission_id"] == old
    new = office.submit(entry)
    assert new != old
    assert office.worker.one(f"timesheet_submissions/{old}")["status"] == "rejected"
    body = office.worker.get("timesheet_submissions", only=old, include="time_entries")
    assert body["timesheet_submissions"][old]["time_entry_ids"] == []


def test_decisions_from_a_wrong_state_are_refused(office):
    sheet = office.submit(office.log())
    office.decide(sheet, "approve")
    office.decide(sheet, "approve", status=422)
    office.decide(sheet, "cancel")
    for verb in ("approve", "reject", "cancel"):
        office.decide(sheet, verb, status=422)


def test_consultants_withdraw_but_do_not_approve_their_own_time(office):
    sheet = office.submit(office.log())
    office.worker.ask("PUT", f"timesheet_submissions/{sheet}/approve", None, 403)
    assert office.worker.one(f"timesheet_submissions/{sheet}")["permissions"] == {
        "can_approve": False,
        "can_reject": False,
        "can_cancel": True,
    }
    office.worker.ask("PUT", f"timesheet_submissions/{sheet}/cancel")
    assert office.worker.one(f"timesheet_submissions/{sheet}")["status"] == "cancelled"


def test_several_submissions_are_decided_together_or_not_at_all(office):
    first, second = office.submit(office.log()), office.submit(office.log())
    body = {"resolution": {"submission_ids": [first, second], "description": "Good"}}
    made = office.approver.ask("POST", "timesheet_approvals", body)["resolutions"]
    assert {(one["type"], one["target_id"], one["description"]) for one in made.values()} == {
        ("approval", first, "Good"),
        ("approval", second, "Good"),
    }
    third = office.submit(office.log())
    body["resolution"]["submission_ids"] = [third, first]
    office.approver.ask("POST", "timesheet_approvals", body, 422)
    assert office.worker.one(f"timesheet_submissions/{third}")["status"] == "pending"
    office.approver.ask("POST", "timesheet_rejections", body)
    assert office.worker.one(f"timesheet_submissions/{first}")["status"] == "rejected"
    body["resolution"]["submission_ids"] = [second]
    office.approver.ask("POST", "timesheet_cancellations", body)
    assert office.worker.one(f"timesheet_submissions/{second}")["status"] == "cancelled"


def test_the_status_filter_calls_pending_new(office):
    waiting, done = office.submit(office.log()), office.submit(office.log())
    office.decide(done, "approve")
    ask = office.integration.ids
    assert ask("timesheet_submissions", statuses="new") == [waiting]
    assert ask("timesheet_submissions", statuses="approved,rejected") == [done]
    office.integration.get("timesheet_submissions", status=400, statuses="pending")


def test_decided_submissions_are_found_by_when_they_changed(office):
    first, second = office.submit(office.log()), office.submit(office.log())
    office.clock.pass_(hours=1)
    office.decide(second, "approve")
    office.clock.pass_(hours=1)
    office.decide(first, "approve")
    query = {"updated_after": "2026-11-16T17:00:00Z", "order": "updated_at:asc"}
    assert office.integration.ids("timesheet_submissions", **query) == [second, first]
    body = office.integration.get("timesheet_submissions", include="resolutions", **query)
    assert len(body["resolutions"]) == 2


def test_submitted_time_may_be_corrected_but_not_moved(office):
    entry = office.log()
    office.submit(entry)
    office.worker.ask("PUT", f"time_entries/{entry}", {"time_entry": {"notes": "clearer"}})
    move = {"time_entry": {"user_id": office.users["EMP-0002"]}}
    office.approver.ask("PUT", f"time_entries/{entry}", move, 422)
