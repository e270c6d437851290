"""Time bills: priced, checked against project, task, employee and period, and removable until billed."""

from typing import Any

import pytest

from services.sandbox.netsuite import TOKENS

PEOPLE = TOKENS[1]


def rate(account: Any, entity: str, category: str) -> int:
    card = next(card for card in account.firm.rate_cards if card.entity == entity)
    return card.rates[category]


def refusal(account: Any, body: dict[str, Any]) -> str:
    response = account.send("POST", "timeBill", body)
    error = account.detail(response)
    assert (response.status, error["o:errorCode"]) == (400, "USER_ERROR")
    return str(error["detail"])


def test_time_without_a_rate_is_priced_from_the_projects_rate_card(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project()))
    shown = account.read(f"timeBill/{made}")
    assert shown["hours"] == "1:30"
    assert shown["rate"] == rate(account, "US01", "SENIOR") / 100
    assert shown["amount"] == rate(account, "US01", "SENIOR") / 100 * 1.5
    assert shown["approvalStatus"] == {"id": "3", "refName": "Approved"}
    assert (shown["posted"], shown["isBillable"], shown["currency"]["refName"]) == (True, True, "USD")


def test_yen_have_no_minor_unit(account: Any) -> None:
    project = account.project(entity="JP01")
    made = account.make("timeBill", account.time(project, entity="JP01", hours="0:20", rate=10001))
    assert account.read(f"timeBill/{made}")["amount"] == 3334.0


def test_amounts_round_half_up(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project(), hours="0:30", rate=0.01))
    assert account.read(f"timeBill/{made}")["amount"] == 0.01


@pytest.mark.parametrize(
    ("written", "shown"), [("0:05", "0:05"), ("12:00", "12:00"), (7.5, "7:30"), (2, "2:00")]
)
def test_durations_are_whole_minutes(account: Any, written: Any, shown: str) -> None:
    made = account.make("timeBill", account.time(account.project(), hours=written))
    assert account.read(f"timeBill/{made}")["hours"] == shown


@pytest.mark.parametrize("written", ["1:75", "1.5h", 0.333, True])
def test_a_duration_that_is_none_is_refused(account: Any, written: Any) -> None:
    response = account.send("POST", "timeBill", account.time(account.project(), hours=written))
    assert account.detail(response)["o:errorPath"] == "hours"


@pytest.mark.parametrize("written", ["-1:30", "0:00", -2])
def test_time_that_is_not_positive_is_refused(account: Any, written: Any) -> None:
    assert "greater than zero" in refusal(account, account.time(account.project(), hours=written))


def test_changed_time_is_priced_again(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project()))
    account.send("PATCH", f"timeBill/{made}", {"hours": "2:00", "item": account.eid("ITEM-ANALYST")})
    shown = account.read(f"timeBill/{made}")
    assert (shown["rate"], shown["amount"]) == (
        rate(account, "US01", "ANALYST") / 100,
        rate(account, "US01", "ANALYST") / 50,
    )


def test_a_stated_rate_stays_when_the_time_changes(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project(), rate=99.5))
    account.send("PATCH", f"timeBill/{made}", {"item": account.eid("ITEM-ANALYST"), "hours": "2:00"})
    shown = account.read(f"timeBill/{made}")
    assert (shown["rate"], shown["amount"]) == (99.5, 199.0)


def test_billable_time_without_any_price_is_refused(account: Any) -> None:
    project = account.project()
    assert "Rate" in refusal(account, account.time(project, item=account.eid("ITEM-EXPENSE")))
    made = account.make("timeBill", account.time(project, item=account.eid("ITEM-EXPENSE"), isBillable=False))
    assert "amount" not in account.read(f"timeBill/{made}")


def test_a_project_needs_a_service_item(account: Any) -> None:
    assert "Service Item" in refusal(account, account.time(account.project(), item=None))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"isInactive": True}, "PRJ00001 is inactive"), ({"allowTime": False}, "does not allow time")],
)
def test_a_closed_project_takes_no_time(account: Any, change: dict[str, bool], words: str) -> None:
    project = account.project()
    account.send("PATCH", f"job/{project}", change)
    assert words in refusal(account, account.time(project))


def test_an_inactive_employee_books_no_time(account: Any) -> None:
    body = account.time(account.project())
    account.send("PATCH", f"employee/eid:{body['employee']['externalId']}", {"isInactive": True}, pair=PEOPLE)
    assert "is inactive" in refusal(account, body)


def test_a_completed_or_foreign_task_takes_no_time(account: Any) -> None:
    project, other = account.project("E-1"), account.project("E-2")
    task = account.make("projectTask", {"title": "Build", "project": {"id": project}})
    assert "does not belong" in refusal(account, account.time(other, caseTaskEvent={"id": task}))
    account.make("timeBill", account.time(project, caseTaskEvent={"id": task}))
    account.send("PATCH", f"projectTask/{task}", {"status": "COMPLETE"})
    assert "is complete" in refusal(account, account.time(project, "T-2", caseTaskEvent={"id": task}))


def test_only_assignees_book_where_the_project_says_so(account: Any) -> None:
    project = account.project(limitTimeToAssignees=True)
    task = account.make("projectTask", {"title": "Build", "project": {"id": project}})
    body = account.time(project, caseTaskEvent={"id": task})
    assert "not assigned" in refusal(account, body)
    account.send("PATCH", f"projectTask/{task}", {"assignee": {"items": [{"resource": body["employee"]}]}})
    account.make("timeBill", body)


def test_non_billable_tasks_make_non_billable_time(account: Any) -> None:
    project = account.project()
    task = account.make(
        "projectTask", {"title": "Travel", "project": {"id": project}, "nonBillableTask": True}
    )
    made = account.make("timeBill", account.time(project, caseTaskEvent={"id": task}))
    assert account.read(f"timeBill/{made}")["isBillable"] is False


@pytest.mark.parametrize(
    ("day", "words"), [("2026-09-30", "closed accounting period 2026-09"), ("2020-01-01", "not within")]
)
def test_time_needs_an_open_period(account: Any, day: str, words: str) -> None:
    assert words in refusal(account, account.time(account.project(), tranDate=day))


def test_time_cannot_move_out_of_or_into_a_closed_period(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project(), tranDate="2026-10-05"))
    assert account.send("PATCH", f"timeBill/{made}", {"tranDate": "2026-09-05"}).status == 400
    account.send("PATCH", "accountingPeriod/eid:AP-US01-2026-10", {"closed": True}, pair=PEOPLE)
    assert account.send("PATCH", f"timeBill/{made}", {"tranDate": "2026-11-05"}).status == 400


def test_closing_one_entitys_period_leaves_the_others_open(account: Any) -> None:
    account.send("PATCH", "accountingPeriod/eid:AP-US01-2026-11", {"closed": True}, pair=PEOPLE)
    assert "closed" in refusal(account, account.time(account.project("E-1")))
    account.make("timeBill", account.time(account.project("E-2", entity="GB01"), "T-2", entity="GB01"))


def test_approved_time_that_is_not_billed_can_be_deleted(account: Any) -> None:
    made = account.make("timeBill", account.time(account.project()))
    assert account.send("DELETE", f"timeBill/{made}").status == 204
    assert account.query("SELECT id FROM timebill")["items"] == []


def test_time_waits_for_approval_unless_said_otherwise(account: Any) -> None:
    body = account.time(account.project())
    del body["approvalStatus"]
    shown = account.read(f"timeBill/{account.make('timeBill', body)}")
    assert (shown["approvalStatus"]["id"], shown["posted"]) == ("1", False)


def test_approved_billable_time_shows_as_a_charge(account: Any) -> None:
    project = account.project()
    made = account.make("timeBill", account.time(project))
    account.make("timeBill", account.time(project, "T-2", isBillable=False))
    assert [item["id"] for item in account.read("charge")["items"]] == [made]
    shown = account.read(f"charge/{made}")
    assert (shown["quantity"], shown["stage"]["id"], shown["billTo"]["id"]) == (
        1.5,
        "READY_FOR_BILLING",
        project,
    )
    assert account.send("POST", "charge", {}).status == 405
