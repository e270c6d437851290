"""People do their work in the vendors' systems, under their own names."""

from datetime import date
from random import Random
from typing import Any

import httpx
import pytest

from services.sandbox.people import Absent, Consultants, Refused, week_of

MONDAY, FRIDAY, SUNDAY = date(2026, 11, 2), date(2026, 11, 6), date(2026, 11, 8)


async def entries(town: Any) -> list[dict[str, Any]]:
    return list(await town.documents("kantata", "time_entries"))


async def test_a_won_deal_carries_its_hand_over(town: Any) -> None:
    deal = town.hourly
    before = await town.sales.standing(deal)
    await town.sales.win(deal)
    after = await town.sales.standing(deal)
    assert (before.stage, after.stage) == ("Negotiation/Review", "Closed Won")
    (row,) = [row for row in await town.documents("salesforce", "Opportunity")
              if row["Deal_Number__c"] == deal.number]  # fmt: skip
    assert (row["Legal_Entity__c"], row["Team__c"]) == (deal.entity, ";".join(deal.team))
    users = {row["Id"]: row["Name"] for row in await town.documents("salesforce", "User")}
    assert users[row["LastModifiedById"]] == "Sally Sales"


async def test_a_gap_in_the_hand_over_is_left_and_filled(town: Any) -> None:
    deal, gap = town.hourly, ("Legal_Entity__c", "Rate_Card__c")

    async def shown() -> list[Any]:
        rows = await town.documents("salesforce", "Opportunity")
        return [[row[name] for name in gap] for row in rows if row["Deal_Number__c"] == deal.number]

    await town.sales.win_incomplete(deal, gap)
    assert await shown() == [[None, None]]
    assert (await town.sales.standing(deal)).stage == "Closed Won"
    await town.sales.complete(deal)
    assert await shown() == [[deal.entity, deal.rate_card]]


async def test_sales_reads_what_came_back(town: Any) -> None:
    deal, digits = town.hourly, town.firm.entity(town.hourly.entity).exponent
    notes = {"Project_Code__c": "P-1", "Invoiced_Amount__c": 1234.5 if digits else 1234,
             "Handover_Problem__c": "No start date"}  # fmt: skip
    await town.clerk.crm.change("Opportunity", "Deal_Number__c", deal.number, notes)
    standing = await town.sales.standing(deal)
    assert (standing.project_code, standing.problem, standing.paid) == ("P-1", "No start date", None)
    assert standing.invoiced == (123_450 if digits else 1234)


async def test_consultants_book_their_own_realistic_days(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    booked = await town.consultants.book(deal, MONDAY, SUNDAY)
    kept = {row["id"]: row for row in await entries(town)}
    assert set(kept) == {one.id for one in booked}
    days = {(one.person, one.day) for one in booked}
    assert days == {(person, date(2026, 11, day)) for person in deal.team for day in range(2, 7)}
    users = await town.employees()
    for person, day in days:
        own = [one for one in booked if (one.person, one.day) == (person, day)]
        assert 2 <= len(own) <= 4
        assert all(one.minutes % 15 == 0 and one.minutes > 0 for one in own)
        assert 420 <= sum(one.minutes for one in own) <= 540
        assert {users[kept[one.id]["user_id"]] for one in own} == {person}
    tasks = set(town.clerk.tasks[deal.number][: len(town.firm.package(deal.package).tasks)])
    assert {row["story_id"] for row in kept.values()} <= tasks


async def test_one_seed_books_one_month(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    made = []
    for _ in range(2):
        consultants = Consultants(town.urls["kantata"], Random(3), http=town.http)
        made.append(await consultants.book(deal, MONDAY, FRIDAY))
    first, second = ([(one.person, one.day, one.minutes) for one in booked] for booked in made)
    assert first == second


async def test_a_completed_task_is_not_booked_on(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    closed, *others = town.firm.package(deal.package).tasks
    await town.delivery.close_task(deal, closed)
    await town.consultants.book(deal, MONDAY, FRIDAY)
    assert town.clerk.tasks[deal.number][0] not in {row["story_id"] for row in await entries(town)}
    for task in others:
        await town.delivery.close_task(deal, task)
    with pytest.raises(Absent, match="no open task"):
        await town.consultants.book(deal, MONDAY, FRIDAY)
    await town.delivery.reopen_task(deal, closed)
    assert await town.consultants.book(deal, MONDAY, MONDAY)


async def test_a_deal_without_a_workspace_is_waited_for_and_absent(town: Any) -> None:
    waits: list[float] = []

    async def pause(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 2:
            await town.clerk.provision(town.hourly)

    found = await town.consultants.wait(town.hourly, within_s=30, pause=pause)
    assert len(waits) == 2
    assert (found.engagement, set(found.members)) == (f"E-{town.hourly.number}", set(town.hourly.team))
    assert found.leads == {town.hourly.manager}
    assert await town.consultants.workspace(town.fixed) is None
    with pytest.raises(Absent, match=town.fixed.number):
        await town.consultants.wait(town.fixed, within_s=1, pause=pause)


async def test_each_person_hands_in_one_timesheet_a_week_and_the_manager_approves(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    await town.consultants.book(deal, MONDAY, date(2026, 11, 13))
    sheets = await town.consultants.submit(deal, MONDAY)
    assert len(sheets) == len(deal.team)
    assert await town.consultants.submit(deal, FRIDAY) == []
    assert await town.approvers.approve(deal) == sheets
    assert await town.approvers.approve(deal) == []
    first, last = week_of(MONDAY)
    users = await town.employees()
    for row in await entries(town):
        assert row["approved"] is (first.isoformat() <= row["date_performed"] <= last.isoformat())
    deciders = {users[row["user_id"]] for row in await town.documents("kantata", "resolutions")}
    assert deciders == {deal.manager}


async def test_a_rejected_timesheet_can_be_handed_in_again(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    await town.consultants.book(deal, MONDAY, MONDAY)
    sheets = await town.consultants.submit(deal, MONDAY)
    await town.approvers.reject(deal, sheets[:1], words="Which workshop?")
    again = await town.consultants.submit(deal, MONDAY)
    assert len(again) == 1
    assert set(await town.approvers.approve(deal)) == {*sheets[1:], *again}
    assert all(row["approved"] for row in await entries(town))


@pytest.mark.parametrize("minutes", [45, None])
async def test_a_withdrawn_entry_is_corrected_or_deleted_and_the_rest_approved_anew(
    town: Any, minutes: int | None
) -> None:
    deal = town.hourly
    await town.win(deal)
    await town.work(deal, MONDAY, FRIDAY)
    before = {row["id"]: row for row in await entries(town)}
    wrong = next(iter(before))
    sheet = await town.approvers.withdraw(deal, wrong, minutes=minutes)
    after = {row["id"]: row for row in await entries(town)}
    assert all(row["approved"] for row in after.values())
    if minutes is None:
        assert set(after) == set(before) - {wrong}
    else:
        assert (after[wrong]["time_in_minutes"], after[wrong]["active_submission_id"]) == (45, sheet)


async def test_the_last_entry_of_a_timesheet_leaves_nothing_to_approve(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    workspace = await town.consultants.workspace(deal)
    person = deal.team[0]
    kantata = town.clerk.kantata
    users = {number: user for user, number in (await town.employees()).items()}
    line = {"workspace_id": workspace.id, "date_performed": "2026-11-02", "time_in_minutes": 60,
            "user_id": users[person]}  # fmt: skip
    (entry,) = await kantata.create("time_entries", {"time_entry": line})
    await town.consultants.submit(deal, MONDAY)
    await town.approvers.approve(deal)
    assert await town.approvers.withdraw(deal, entry) is None
    assert await entries(town) == []


async def test_milestones_are_completed_one_after_another(town: Any) -> None:
    deal = town.fixed
    await town.win(deal)
    titles = [title for title, _ in town.firm.package(deal.package).milestones]
    done = [await town.delivery.complete_milestone(deal) for _ in range(len(titles) + 1)]
    assert done == [*titles, None]
    stories = await town.documents("kantata", "stories")
    assert {row["title"] for row in stories if row["state"] == "completed"} == set(titles)
    with pytest.raises(Absent, match="no task"):
        await town.delivery.close_task(deal, titles[0])


async def test_finance_books_partial_payments_and_then_the_rest(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    await town.work(deal, MONDAY, MONDAY)
    await town.clerk.post(deal)
    await town.clerk.bill(deal)
    (invoice,) = await town.finance.open_invoices()
    assert invoice.project == f"FL-E-{deal.number}"
    await town.finance.pay_all(partial_first=True)
    payments = await town.documents("netsuite", "customerPayment")
    assert [row["payment"] for row in payments] == [invoice.open // 2, invoice.open - invoice.open // 2]
    assert {row["lastModifiedBy"] for row in payments} == {"9002"}
    assert await town.finance.open_invoices() == []


async def test_what_is_throttled_is_asked_again(town: Any) -> None:
    await town.win(town.hourly)
    throttle = {
        "match": {"method": "POST", "path": "*/time_entries"},
        "when": {"first": 2},
        "do": {"status": 429},
    }
    await town.faults("kantata", throttle)
    booked = await town.consultants.book(town.hourly, MONDAY, MONDAY, people=town.hourly.team[:1])
    assert {row["id"] for row in await entries(town)} == {one.id for one in booked}


async def test_a_write_whose_answer_was_lost_is_not_sent_again(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    lost = {"match": {"method": "POST", "path": "*/time_entries"}, "do": {"after_commit": "drop_response"}}
    await town.faults("kantata", lost)
    with pytest.raises(httpx.TransportError):
        await town.consultants.book(deal, MONDAY, MONDAY, people=deal.team[:1])
    sent = [call for call in await town.calls("kantata")
            if (call["method"], call["status"]) == ("POST", "dropped")]  # fmt: skip
    assert [call["count"] for call in sent] == [1]


async def test_a_refusal_says_what_the_vendor_said(town: Any) -> None:
    with pytest.raises(Refused, match="does not exist") as refusal:
        await town.finance.close_period("US01", "1999-01")
    assert refusal.value.status == 404


async def test_an_ended_session_is_opened_anew(town: Any) -> None:
    await town.sales.win(town.hourly)
    (await town.http.post(f"{town.urls['salesforce']}/_sandbox/control/expire_tokens")).raise_for_status()
    assert (await town.sales.standing(town.hourly)).stage == "Closed Won"
