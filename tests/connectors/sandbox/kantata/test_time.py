"""Time entries: who may write them, when they are closed, and how they are filtered."""

import time

import pytest


def test_time_is_priced_by_the_role_on_the_rate_card(office):
    entry = office.integration.one(f"time_entries/{office.log()}")
    consultant = office.firm.consultants[0]
    assert entry["rate_in_cents"] == office.firm.rate_cards[0].rates[consultant.labour_category]
    assert entry["cost_rate_in_cents"] == consultant.cost_rate
    assert entry["currency"] == "USD"


def test_a_rate_on_the_participation_goes_before_the_rate_card(office):
    place = office.integration.one("participations", user_id=office.users["EMP-0001"])["id"]
    office.integration.ask("PUT", f"participations/{place}", {"participation": {"rate_in_cents": 11_100}})
    assert office.integration.one(f"time_entries/{office.log()}")["rate_in_cents"] == 11_100


def test_an_edit_moves_updated_at_and_keeps_created_at(office):
    entry = office.log()
    office.clock.pass_(minutes=5)
    office.worker.ask("PUT", f"time_entries/{entry}", {"time_entry": {"time_in_minutes": 75}})
    shown = office.integration.one(f"time_entries/{entry}")
    assert shown["time_in_minutes"] == 75
    assert shown["created_at"] == "2026-11-16T09:00:00-08:00"
    assert shown["updated_at"] == "2026-11-16T09:05:00-08:00"


def test_somebody_elses_user_id_is_silently_ignored_without_financial_access(office):
    other = office.users["EMP-0002"]
    own = office.log(user_id=other)
    assert (
        office.integration.get(f"time_entries/{own}", include="user")["time_entries"][own]["user_id"]
        == (office.users["EMP-0001"])
    )
    fields = {"workspace_id": office.project, "date_performed": "2026-11-10", "time_in_minutes": 5}
    proxied = office.integration.make("time_entries", "time_entry", **fields, user_id=other)
    assert office.integration.ids("time_entries", with_user_ids=other) == [proxied]


def test_only_participants_enter_time_and_only_on_trackable_tasks(office):
    fields = {"workspace_id": office.project, "date_performed": "2026-11-10", "time_in_minutes": 5}
    office.caller("people-EMP-0005").ask("POST", "time_entries", {"time_entry": fields}, 422)
    office.integration.ask("PUT", f"stories/{office.task}", {"story": {"time_trackable": False}})
    office.worker.ask("POST", "time_entries", {"time_entry": {**fields, "story_id": office.task}}, 422)


def test_time_on_a_completed_task_is_the_firms_business_not_the_vendors(office):
    office.integration.ask("PUT", f"stories/{office.task}", {"story": {"state": "completed"}})
    entry = office.log(story_id=office.task)
    assert office.integration.one(f"time_entries/{entry}")["approved"] is False


def test_billable_defaults_to_the_task(office):
    office.integration.ask("PUT", f"stories/{office.task}", {"story": {"billable": False}})
    entry = office.log(story_id=office.task)
    assert office.integration.one(f"time_entries/{entry}")["billable"] is False
    assert office.integration.one(f"time_entries/{office.log()}")["billable"] is True


def test_people_do_not_touch_each_others_time(office):
    office.integration.make(
        "participations", "participation", workspace_id=office.project, user_id=office.users["EMP-0003"]
    )
    entry = office.log()
    stranger = office.caller("people-EMP-0003")
    stranger.ask("PUT", f"time_entries/{entry}", {"time_entry": {"notes": "x"}}, 403)
    stranger.ask("DELETE", f"time_entries/{entry}", None, 403)
    office.approver.ask("PUT", f"time_entries/{entry}", {"time_entry": {"notes": "x"}})


@pytest.mark.parametrize("verb", ["cancel", "reject"])
def test_approved_time_is_closed_until_its_submission_is_undone(office, verb):
    entry = office.log()
    sheet = office.submit(entry)
    office.decide(sheet, "approve")
    change = {"time_entry": {"time_in_minutes": 5}}
    office.worker.ask("PUT", f"time_entries/{entry}", change, 422)
    office.worker.ask("DELETE", f"time_entries/{entry}", None, 422)
    office.decide(sheet, verb)
    assert office.integration.one(f"time_entries/{entry}")["approved"] is False
    office.worker.ask("PUT", f"time_entries/{entry}", change)


def test_invoiced_time_is_closed_and_so_is_its_submission(office):
    entry = office.log(60)
    sheet = office.submit(entry)
    body = {"invoice": {"workspace_id": office.project, "time_entry_ids": [entry]}}
    office.integration.ask("POST", "invoices", body, 422)
    office.decide(sheet, "approve")
    invoice = office.integration.make("invoices", "invoice", **body["invoice"])
    rate = office.integration.one(f"time_entries/{entry}")["rate_in_cents"]
    assert office.integration.one(f"invoices/{invoice}")["balance_in_cents"] == rate
    assert office.integration.ids("time_entries", invoiced="false") == [entry]
    assert office.integration.ids("time_entries", uninvoiced="true") == []
    office.decide(sheet, "reject", status=422)
    office.integration.ask("PUT", f"invoices/{invoice}/cancel")
    assert office.integration.ids("time_entries", uninvoiced="true") == [entry]
    office.decide(sheet, "reject")


def test_locks_are_saturdays_move_forward_and_wait_for_approval(office):
    entry = office.log(day="2026-11-05")

    def lock(day, status):
        office.integration.ask("POST", "line_item_locks", {"line_item_lock": {"locked_to": day}}, status)

    lock("2026-11-06", 422)
    lock("2026-11-07", 422)
    office.decide(office.submit(entry), "approve")
    lock("2026-11-07", 200)
    lock("2026-10-31", 422)
    fields = {"workspace_id": office.project, "date_performed": "2026-11-07", "time_in_minutes": 5}
    office.worker.ask("POST", "time_entries", {"time_entry": fields}, 422)
    office.worker.ask("POST", "time_entries", {"time_entry": {**fields, "date_performed": "2026-11-08"}})
    office.approver.ask("POST", "line_item_locks", {"line_item_lock": {"locked_to": "2026-11-14"}}, 403)


def test_several_entries_are_deleted_together_or_not_at_all(office):
    first, second, closed = office.log(), office.log(), office.log()
    office.decide(office.submit(closed), "approve")
    before = office.integration.ids("time_entries", order="created_at:asc")
    office.worker.ask("DELETE", "time_entries", None, 422, ids=f"{first},{closed}")
    assert office.integration.ids("time_entries", order="created_at:asc") == before
    office.worker.ask("DELETE", "time_entries", {"ids": f"{first},{second}"}, 204)
    assert office.integration.ids("time_entries") == [closed]


def test_the_approved_filter_ignores_its_value_and_lets_approval_free_projects_through(office):
    approved, waiting = office.log(), office.log()
    office.decide(office.submit(approved), "approve")
    assert office.integration.ids("time_entries", approved="false") == [approved]
    change = {"workspace": {"require_time_approvals": False}}
    office.integration.ask("PUT", f"workspaces/{office.project}", change)
    assert set(office.integration.ids("time_entries", approved="true")) == {approved, waiting}


def test_updated_after_is_exclusive_and_reads_any_offset(office):
    first = office.log()
    office.clock.pass_(seconds=1)
    second = office.log()
    ask = office.integration.ids
    assert ask("time_entries", updated_after="2026-11-16T17:00:00Z") == [second]
    assert ask("time_entries", updated_after="2026-11-16T09:00:00-08:00") == [second]
    assert ask("time_entries", updated_after="2026-11-16T18:00:00+01:00") == [second]
    assert ask("time_entries", updated_before="2026-11-16T17:00:01Z") == [first]
    assert ask("time_entries", updated_after="2026-11-16T16:59:59Z", order="date_performed:asc") == [
        first,
        second,
    ]


def test_time_is_filtered_by_project_people_days_and_submission(office):
    early, late = office.log(day="2026-11-03"), office.log(day="2026-11-12", billable=False)
    sheet = office.submit(late)
    ask = office.integration.ids
    assert ask("time_entries", date_performed_between="2026-11-01:2026-11-03") == [early]
    assert ask("time_entries", workspace_id=office.project, with_user_ids=office.users["EMP-0001"]) == [
        late,
        early,
    ]
    assert ask("time_entries", workspace_id="1") == []
    assert ask("time_entries", in_active_submission="false") == [early]
    assert ask("time_entries", with_timesheet_id=sheet) == [late]
    assert ask("time_entries", billable="false") == [late]
    office.decide(sheet, "reject")
    assert ask("time_entries", with_timesheet_id=sheet) == []
    assert ask("time_entries", with_recent_timesheet_ids=sheet) == [late]


def test_what_is_not_yet_posted_is_found_by_the_missing_reference(office):
    posted, waiting = office.log(), office.log()
    reference = {"service_name": "erp", "service_model": "journal", "service_model_ref": "JV-1"}
    body = {"external_reference": {**reference, "subject_type": "TimeEntry", "subject_id": posted}}
    office.integration.ask("POST", "external_references/create_or_update", body)
    ask = office.integration.ids
    assert ask("time_entries", without_external_reference_service_name="erp") == [waiting]
    assert set(ask("time_entries", without_external_reference_service_name="tax")) == {posted, waiting}
    assert ask("time_entries", has_external_references="true") == [posted]
    assert ask("time_entries", external_reference_service_name="erp") == [posted]


def test_expenses_are_entered_reported_and_closed(office):
    fields = {"workspace_id": office.project, "date": "2026-11-10", "amount_in_cents": 4_250}
    office.worker.ask("POST", "expenses", {"expense": fields}, 422)
    lunch = office.worker.make("expenses", "expense", **fields, category="Meals")
    report = office.worker.make(
        "expense_report_submissions",
        "expense_report_submission",
        workspace_id=office.project,
        title="Trip",
        line_item_ids=[lunch],
    )
    shown = office.integration.get(f"expense_report_submissions/{report}", include="expenses,user")
    assert shown["expense_report_submissions"][report]["line_item_total_in_cents"] == 4_250
    assert shown["expense_report_submissions"][report]["expense_ids"] == [lunch]
    office.approver.ask("PUT", f"expense_report_submissions/{report}/approve")
    assert office.integration.one(f"expenses/{lunch}")["approved"] is True
    office.worker.ask("PUT", f"expenses/{lunch}", {"expense": {"notes": "x"}}, 422)
    reference = {"service_name": "erp", "service_model": "bill", "service_model_ref": "B-1", "locked": True}
    body = {"external_reference": {**reference, "subject_type": "Expense", "subject_id": lunch}}
    office.integration.ask("POST", "external_references/create_or_update", body)
    office.approver.ask("PUT", f"expense_report_submissions/{report}/reject", None, 422)


def quickest(action):
    """The best of five runs in seconds, so that a busy machine does not decide."""
    runs = []
    for _ in range(5):
        started = time.perf_counter()
        action()
        runs.append(time.perf_counter() - started)
    return min(runs)


def test_a_page_of_what_changed_does_not_look_at_all_twenty_thousand_entries(office):
    one = {"workspace_id": office.project, "date_performed": "2026-11-09", "time_in_minutes": 5}
    batch = {"time_entries": [one] * 100}
    started = time.perf_counter()
    for _ in range(200):
        office.worker.ask("POST", "time_entries", batch)
    assert 20_000 / (time.perf_counter() - started) > 1_000
    office.clock.pass_(minutes=1)
    changed = office.log()

    def page(since, **query):
        return office.integration.get(
            "time_entries", updated_after=since, order="updated_at:asc", per_page=200, **query
        )

    near = quickest(lambda: page("2026-11-16T17:00:00Z"))
    deep = quickest(lambda: page("2026-11-16T16:00:00Z", page=70))
    assert [result["id"] for result in page("2026-11-16T17:00:00Z")["results"]] == [changed]
    assert page("2026-11-16T16:00:00Z", page=70)["count"] == 20_001
    assert near < deep / 5
    assert deep < 0.5
