"""Envelope, paging, order, filters and errors, as the vendor's clients see them."""

import json
from urllib.parse import urlencode

from services.sandbox.wire import Headers, Request


def test_a_list_has_totals_ordered_results_and_a_map_by_string_id(office):
    entry = office.log(200)
    body = office.integration.get("time_entries")
    assert list(body) == ["count", "meta", "results", "time_entries"]
    assert body["count"] == 1
    assert body["meta"] == {"count": 1, "page_count": 1, "page_number": 1, "page_size": 20}
    assert body["results"] == [{"key": "time_entries", "id": entry}]
    assert body["time_entries"][entry]["time_in_minutes"] == 200
    assert isinstance(body["time_entries"][entry]["id"], str)


def test_association_ids_show_only_when_included(office):
    entry = office.log(story_id=office.task)
    bare = office.integration.one(f"time_entries/{entry}")
    assert not {"workspace_id", "user_id", "story_id", "active_submission_id"} & set(bare)
    body = office.integration.get(
        f"time_entries/{entry}", include="workspace,user,story,role,active_submission"
    )
    shown = body["time_entries"][entry]
    assert shown["workspace_id"] == office.project
    assert shown["active_submission_id"] is None
    assert body["users"][shown["user_id"]]["full_name"] == office.firm.consultants[0].name
    assert body["stories"][office.task]["title"] == "Design"
    assert body["roles"][shown["role_id"]]["name"] == office.firm.consultants[0].labour_category
    assert body["workspaces"][office.project]["currency_base_unit"] == 100
    assert body["timesheet_submissions"] == {}


def test_side_loaded_records_do_not_count_as_results(office):
    parent = office.task
    child = office.integration.make(
        "stories", "story", workspace_id=office.project, title="Sub", story_type="task", parent_id=parent
    )
    body = office.integration.get("stories", only=parent, include="sub_stories")
    assert [result["id"] for result in body["results"]] == [parent]
    assert set(body["stories"]) == {parent, child}


def test_optional_fields_come_when_asked_for(office):
    entry = office.log()
    assert "user_can_edit" not in office.worker.one(f"time_entries/{entry}")
    assert (
        office.worker.one(f"time_entries/{entry}", optional_fields="user_can_edit")["user_can_edit"] is True
    )


def test_timestamps_carry_the_offset_of_the_account(office):
    entry = office.log()
    assert office.integration.one(f"time_entries/{entry}")["updated_at"] == "2026-11-16T09:00:00-08:00"
    office.vendor.control("configure", {"time_zone": "Asia/Tokyo"})
    assert office.integration.one(f"time_entries/{entry}")["updated_at"] == "2026-11-17T02:00:00+09:00"


def test_creates_answer_200_and_deletes_204_without_a_body(office):
    entry = office.log()
    answer = office.worker.raw("DELETE", f"time_entries/{entry}")
    assert (answer.status, answer.body) == (204, b"")
    office.worker.get(f"time_entries/{entry}", status=404)


def test_pages_tile_the_whole_list_without_gap_or_overlap(office):
    made = [office.log(minutes) for minutes in range(1, 46)]
    seen = []
    for page in (1, 2, 3):
        body = office.integration.get("time_entries", order="updated_at:asc", per_page=20, page=page)
        assert (body["count"], body["meta"]["page_count"], body["meta"]["page_number"]) == (45, 3, page)
        seen += [result["id"] for result in body["results"]]
    assert seen == made
    assert office.integration.ids("time_entries", order="updated_at:asc", page=4, per_page=20) == []


def test_limit_and_offset_set_page_and_per_page_aside(office):
    made = [office.log(minutes) for minutes in range(1, 11)]
    query = {"order": "created_at:asc", "limit": 3, "offset": 4, "page": 1, "per_page": 200}
    assert office.integration.ids("time_entries", **query) == made[4:7]


def test_a_page_never_holds_more_than_200(office):
    body = {
        "time_entries": [
            {"workspace_id": office.project, "date_performed": "2026-11-09", "time_in_minutes": 5}
            for _ in range(100)
        ]
    }
    for _ in range(3):
        office.worker.ask("POST", "time_entries", body)
    answer = office.integration.get("time_entries", per_page=1000)
    assert (answer["count"], answer["meta"]["page_size"], len(answer["results"])) == (300, 200, 200)


def test_order_needs_a_known_field_and_a_direction(office):
    office.integration.get("time_entries", status=400, order="updated_at")
    office.integration.get("time_entries", status=400, order="notes:asc")
    office.integration.get("time_entries", status=400, page="zero")


def test_time_is_listed_by_day_performed_descending_unless_told(office):
    late, early = office.log(day="2026-11-12"), office.log(day="2026-11-02")
    assert office.integration.ids("time_entries") == [late, early]
    assert office.integration.ids("time_entries", order="date_performed:asc") == [early, late]


def test_only_drops_ids_it_cannot_find(office):
    entry = office.log()
    assert office.integration.ids("time_entries", only=f"{entry},999999999") == [entry]


def test_bad_filter_values_are_refused_and_unknown_filters_ignored(office):
    office.log()
    bad = office.integration.get("time_entries", status=400, updated_after="yesterday")
    assert bad["errors"][0]["type"] == "system"
    office.integration.get("time_entries", status=400, date_performed_between="2026-11-01")
    assert office.integration.get("time_entries", no_such_filter="x")["count"] == 1


def test_bad_records_list_every_problem_with_its_field(office):
    body = {"time_entry": {"workspace_id": office.project, "time_in_minutes": "many"}}
    answer = office.worker.ask("POST", "time_entries", body, 422)
    assert {(error["type"], error["field"]) for error in answer["errors"]} == {
        ("validation", "time_in_minutes"),
        ("validation", "date_performed"),
    }


def test_bodies_that_are_not_json_or_lack_their_key_are_malformed(office):
    headers = Headers({"authorization": "Bearer people-EMP-0001", "content-type": "application/json"})
    broken = Request(method="POST", path="/api/v1/time_entries", headers=headers, body=b"{")
    assert office.vendor.answer(broken).status == 400
    office.worker.ask("POST", "time_entries", {"entry": {}}, 400)


def test_rails_form_bodies_are_read_like_json(office):
    form = {
        "time_entry[workspace_id]": office.project,
        "time_entry[date_performed]": "2026-11-10",
        "time_entry[time_in_minutes]": "90",
        "time_entry[billable]": "false",
    }
    headers = Headers(
        {"authorization": "Bearer people-EMP-0001", "content-type": "application/x-www-form-urlencoded"}
    )
    answer = office.vendor.answer(
        Request(
            method="POST",
            path="/api/v1/time_entries.json",
            headers=headers,
            body=urlencode(form).encode(),
        )
    )
    (entry,) = json.loads(answer.body)["time_entries"].values()
    assert (entry["time_in_minutes"], entry["billable"]) == (90, False)


def test_every_answer_has_a_request_id(office):
    first, second = (office.integration.raw("GET", "users/me") for _ in range(2))
    assert len(first.headers.get("x-request-id")) == 32
    assert first.headers.get("x-request-id") != second.headers.get("x-request-id")


def test_bulk_creates_keep_all_or_nothing_and_have_a_limit(office):
    good = {"workspace_id": office.project, "date_performed": "2026-11-09", "time_in_minutes": 5}
    office.worker.ask("POST", "time_entries", {"time_entries": [good] * 101}, 400)
    office.worker.ask("POST", "time_entries", {"time_entries": [good, {**good, "time_in_minutes": 0}]}, 422)
    assert office.integration.get("time_entries")["count"] == 0
    made = office.worker.ask("POST", "time_entries", {"time_entries": [good] * 100})
    assert (made["count"], len(made["time_entries"])) == (100, 100)
    story = {"workspace_id": office.project, "title": "x", "story_type": "task"}
    office.integration.ask("POST", "stories", {"stories": [story] * 301}, 400)
    assert office.integration.ask("POST", "stories", {"stories": [story] * 300})["count"] == 300


def test_a_limit_answers_429_without_headers_until_the_minute_is_over(office):
    office.vendor.control("configure", {"limits": {"workspaces:list": 2}})
    for _ in range(2):
        office.integration.get("workspaces")
    refused = office.integration.raw("GET", "workspaces")
    assert refused.status == 429
    assert set(refused.headers) == {"content-type", "x-request-id"}
    office.integration.get(f"workspaces/{office.project}")
    office.clock.pass_(minutes=1)
    office.integration.get("workspaces")
