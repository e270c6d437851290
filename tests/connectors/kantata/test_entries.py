"""Approved time is observed as it stands, whatever the vendor lets move and however it lists it."""

from datetime import date
from typing import Any

import pytest

from contracts.timesheets.v1 import TimeApproved, TimeWithdrawn
from services.adapterkit.families import Rejected, Throttled, Unauthorised, Unavailable
from tests.support.kantata_account import ENGAGEMENT, MANAGER, WORKER, Account, kantata_account, provision


@pytest.fixture
async def project(account: Account) -> dict[str, Any]:
    """A provisioned engagement whose making lies behind the feeds."""
    result = await account.apply("provision_workspace", provision())
    account.watch.move(minutes=10)
    return dict(result)


async def settle(account: Account) -> None:
    """Let time pass until the feed reads nothing again of what it has read."""
    await account.poll("entries")
    account.watch.move(hours=2)
    while await account.poll("entries"):
        account.watch.move(minutes=5)


def told(observed: list[Any]) -> list[tuple[str, bool]]:
    """What was reported: the record, and whether it stands as approved."""
    return [(one.record, not one.retracts) for one in observed]


async def test_an_approved_entry_is_observed_with_everything_that_finance_needs(account: Account, project):
    entry = account.log(project["record"], minutes=95, story_id=project["tasks"]["T2"], billable=True)
    account.approve(project["record"], entry)
    worker = next(one for one in account.firm.consultants if one.number == WORKER)
    [observed] = await account.poll("entries")
    assert observed.record == f"kantata:{entry}"
    assert not observed.retracts
    assert observed.contract == TimeApproved(
        entry=f"kantata:{entry}",
        revision=0,
        engagement=ENGAGEMENT,
        task="T2",
        worker=WORKER,
        labour_category=worker.labour_category,
        work_date=date(2026, 11, 10),
        minutes=95,
        billable=True,
        approver=MANAGER,
        connection="kantata",
        record=entry,
    )


@pytest.mark.parametrize("touches", [True, False])
async def test_approval_is_seen_whether_or_not_it_moves_the_entry(account: Account, project, touches: bool):
    account.vendor.control("configure", {"approval_touches_entries": touches})
    entry = account.log(project["record"])
    sheet = account.submit(project["record"], entry)
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", False)]
    await settle(account)
    account.decide(sheet, "approve")
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", True)]


@pytest.mark.parametrize("touches", [True, False])
@pytest.mark.parametrize(
    ("verb", "reason"),
    [("reject", "rejected: Wrong task on 3 Nov"), ("cancel", "cancelled: Wrong task on 3 Nov")],
)
async def test_an_approval_taken_back_withdraws_with_the_approvers_words(
    account: Account, project, verb: str, reason: str, touches: bool
):
    account.vendor.control("configure", {"approval_touches_entries": touches})
    entry = account.log(project["record"])
    sheet = account.approve(project["record"], entry)
    await settle(account)
    account.decide(sheet, verb, "Wrong task on 3 Nov")
    [observed] = await account.poll("entries")
    assert observed.retracts
    assert observed.contract == TimeWithdrawn(
        entry=f"kantata:{entry}", revision=0, engagement=ENGAGEMENT, reason=reason, connection="kantata"
    )


async def test_a_correction_is_observed_once_it_is_approved_again(account: Account, project):
    entry = account.log(project["record"], minutes=60)
    sheet = account.approve(project["record"], entry)
    await settle(account)
    account.decide(sheet, "reject", "It was ninety")
    body = {"time_entry": {"time_in_minutes": 90}}
    account.ask(f"people-{WORKER}", "PUT", f"time_entries/{entry}", body)
    account.approve(project["record"], entry)
    [observed] = await account.poll("entries")
    assert isinstance(observed.contract, TimeApproved)
    assert observed.contract.minutes == 90


async def test_an_entry_deleted_after_approval_is_withdrawn(account: Account, project):
    entry = account.log(project["record"])
    sheet = account.approve(project["record"], entry)
    await settle(account)
    account.decide(sheet, "cancel")
    account.ask(f"people-{WORKER}", "DELETE", f"time_entries/{entry}")
    [observed] = await account.poll("entries")
    assert observed.retracts
    assert (observed.contract.engagement, observed.contract.reason) == (ENGAGEMENT, "deleted")


async def test_a_deletion_that_reaches_the_feed_late_and_twice_is_reported_once(account: Account, project):
    account.vendor.control("configure", {"duplicate_every": 1, "late_every": 1, "late_by_seconds": 40})
    entry = account.log(project["record"])
    account.ask(f"people-{WORKER}", "DELETE", f"time_entries/{entry}")
    assert await account.poll("entries") == []
    account.watch.move(seconds=45)
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", False)]


async def test_without_the_event_add_on_deletions_are_not_asked_for():
    async with kantata_account(deletions=False) as account:
        await account.poll("entries")
        assert await account.calls("GET", "subscribed_events") == 0
        account.watch.move(days=1)
        await account.poll("entries")


async def test_an_entry_in_several_lists_is_reported_once(account: Account, project):
    account.vendor.control("configure", {"approval_touches_entries": True})
    entry = account.log(project["record"])
    sheet = account.approve(project["record"], entry)
    account.decide(sheet, "reject")
    account.approve(project["record"], entry)
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", True)]


async def test_other_projects_are_counted_and_not_reported(account: Account, project):
    other = account.make("workspaces", "workspace", title="Internal", creator_role="maven")
    account.make("participations", "participation", workspace_id=other, user_id=account.user(WORKER))
    account.log(other)
    gone = account.log(other)
    account.ask(f"people-{WORKER}", "DELETE", f"time_entries/{gone}")
    assert await account.poll("entries") == []
    assert account.connector.counters.foreign_entries == 2


async def test_an_entry_moved_out_of_the_engagement_is_withdrawn_from_it(account: Account, project):
    other = account.make("workspaces", "workspace", title="Internal", creator_role="maven")
    account.make("participations", "participation", workspace_id=other, user_id=account.user(WORKER))
    entry = account.log(project["record"])
    sheet = account.approve(project["record"], entry)
    await settle(account)
    account.decide(sheet, "cancel")
    account.ask(f"people-{WORKER}", "PUT", f"time_entries/{entry}", {"time_entry": {"workspace_id": other}})
    [observed] = await account.poll("entries")
    assert observed.retracts
    assert observed.contract.engagement == ENGAGEMENT


async def test_entries_in_archived_workspaces_are_still_observed(account: Account, project):
    entry = account.log(project["record"])
    account.approve(project["record"], entry)
    account.ask("people-admin", "PUT", f"workspaces/{project['record']}", {"workspace": {"archived": True}})
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", True)]


async def test_time_without_task_and_people_without_number_are_observed_as_such(account: Account, project):
    admin = next(user for user in account.held("users") if user["full_name"] == "Kantata Administrator")
    account.make("participations", "participation", workspace_id=project["record"], user_id=admin["id"])
    entry = account.make(
        "time_entries", "time_entry", workspace_id=project["record"], date_performed="2026-11-10",
        time_in_minutes=30, user_id=admin["id"],
    )  # fmt: skip
    sheet = account.make(
        "timesheet_submissions", "timesheet_submission", workspace_id=project["record"], title="Week",
        line_item_ids=[entry], user_id=admin["id"],
    )  # fmt: skip
    account.ask("people-admin", "PUT", f"timesheet_submissions/{sheet}/approve", {})
    [observed] = await account.poll("entries")
    contract = observed.contract
    assert (contract.task, contract.worker, contract.labour_category, contract.approver) == (
        None, None, None, None,
    )  # fmt: skip


async def test_time_on_a_milestone_or_a_task_that_is_not_ours_has_no_task(account: Account, project):
    own = account.make("stories", "story", workspace_id=project["record"], title="Extra", story_type="task")
    entry = account.log(project["record"], story_id=own)
    account.approve(project["record"], entry)
    [observed] = await account.poll("entries")
    assert observed.contract.task is None


async def test_repeated_polls_observe_the_same_and_fall_silent(account: Account, project):
    entry = account.log(project["record"])
    account.approve(project["record"], entry)
    first = await account.poll("entries")
    assert await account.poll("entries") == first
    account.watch.move(minutes=5)
    await account.poll("entries")
    assert await account.poll("entries") == first  # the deep reading
    assert await account.poll("entries") == []


async def test_what_was_reported_is_read_again_a_few_times_and_not_at_every_poll(account: Account, project):
    account.approve(project["record"], account.log(project["record"]))
    read = 0
    for _ in range(60):
        read += len(await account.poll("entries"))
        account.watch.move(seconds=1)
        account.log(project["record"])
    for _ in range(60):
        read += len(await account.poll("entries"))
        account.watch.move(seconds=15)
    assert read < 60 * 8


async def test_nothing_is_missed_when_our_clock_is_wrong_by_hours(account: Account, project):
    for skew in (-7200.0, 0.0, 7200.0):
        account.watch.skew = skew
        await account.poll("entries")
        account.watch.move(seconds=30)
        entry = account.log(project["record"])
        account.approve(project["record"], entry)
        assert (f"kantata:{entry}", True) in told(await account.poll("entries"))
        account.watch.move(hours=1)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC", "Asia/Tokyo"])
async def test_offsets_of_the_account_do_not_matter(account: Account, project, zone: str):
    account.vendor.control("configure", {"time_zone": zone})
    entry = account.log(project["record"])
    account.approve(project["record"], entry)
    assert told(await account.poll("entries")) == [(f"kantata:{entry}", True)]


async def test_a_backlog_is_read_in_bounded_polls_without_gap_or_repeat(account: Account, project):
    made = []
    for _ in range(30):
        body = {
            "time_entries": [
                {"workspace_id": project["record"], "date_performed": "2026-11-10", "time_in_minutes": 5}
            ]
            * 50
        }
        answer = account.ask(f"people-{WORKER}", "POST", "time_entries", body)
        entries = [result["id"] for result in answer["results"]]
        account.approve(project["record"], *entries[:25])
        made += entries
        account.watch.move(seconds=7)
    feed = next(feed for feed in account.connector.feeds() if feed.name == "entries")
    seen: dict[str, bool] = {}
    watermark, more, polls = None, True, 0
    while more:
        page = await feed.poll(watermark)
        assert len(page.observed) <= 1000
        assert len({one.record for one in page.observed}) == len(page.observed)
        seen.update(told(list(page.observed)))
        watermark, more, polls = page.watermark, page.more, polls + 1
    assert set(seen) == {f"kantata:{number}" for number in made}
    assert sum(seen.values()) == 30 * 25
    assert 3 <= polls <= 20


async def test_more_changes_in_one_second_than_fit_a_page_are_all_read_in_bounded_polls(
    account: Account, project
):
    line = {"workspace_id": project["record"], "date_performed": "2026-11-10", "time_in_minutes": 5}
    made = set()
    for _ in range(210):
        answer = account.ask(f"people-{WORKER}", "POST", "time_entries", {"time_entries": [line] * 6})
        entries = [result["id"] for result in answer["results"]]
        account.approve(project["record"], *entries)
        made.update(f"kantata:{number}" for number in entries)
    feed = next(feed for feed in account.connector.feeds() if feed.name == "entries")
    for _ in range(2):
        seen, watermark, more, polls = set(), account.watermarks.get("entries"), True, 0
        while more:
            page = await feed.poll(watermark)
            assert len(page.observed) <= 1000
            seen.update(one.record for one in page.observed)
            watermark, more, polls = page.watermark, page.more, polls + 1
        assert seen == made
        assert polls <= 8
        account.watermarks["entries"] = watermark


@pytest.mark.parametrize("watermark", ['{"marks": {}}', "{}", "[]", "yesterday"])
async def test_a_watermark_of_something_else_is_refused(account: Account, watermark: str):
    account.watermarks["entries"] = watermark
    with pytest.raises(Rejected, match="no watermark of the entries feed"):
        await account.poll("entries")


async def test_names_are_asked_for_once_and_again_when_they_are_old(account: Account, project):
    for _ in range(3):
        account.approve(project["record"], account.log(project["record"]))
        account.watch.move(seconds=30)
        await account.poll("entries")
    assert await account.calls("GET", "workspaces") == 3  # two for provisioning, one for the feed
    account.watch.move(hours=1)
    account.approve(project["record"], account.log(project["record"]))
    await account.poll("entries")
    assert await account.calls("GET", "workspaces") == 4


async def test_faults_are_told_apart(account: Account, project):
    account.log(project["record"])
    lists = "/api/v1/time_entries"
    await account.faults({"match": {"path": lists}, "do": {"status": 504}})
    with pytest.raises(Unavailable):
        await account.poll("entries")
    await account.faults({"match": {"path": lists}, "do": {"status": 429}})
    with pytest.raises(Throttled) as waits:
        await account.poll("entries")
    assert waits.value.retry_after is None
    await account.faults({"match": {"path": lists}, "do": {"body": "<html>hello</html>"}})
    with pytest.raises(Unavailable):
        await account.poll("entries")
    await account.faults({"match": {"path": lists}, "do": {"before_commit": "drop_connection"}})
    with pytest.raises(Unavailable):
        await account.poll("entries")
    await account.faults()
    account.vendor.control("revoke", {"token": "integration-kantata"})
    with pytest.raises(Unauthorised):
        await account.poll("entries")


async def test_a_failed_poll_loses_nothing(account: Account, project):
    entry = account.log(project["record"])
    account.approve(project["record"], entry)
    await account.faults({"match": {"path": "/api/v1/stories"}, "do": {"status": 504}})
    entry = account.log(project["record"], story_id=project["tasks"]["T1"])
    with pytest.raises(Unavailable):
        await account.poll("entries")
    await account.faults()
    assert len(await account.poll("entries")) == 2
