"""The account of every minute reads all approved time of our workspaces, and nothing else."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.ledgers.v1 import LedgerLine
from services.adapterkit.families import Unavailable
from services.time_adapter.connectors.kantata.ledger import parts
from tests.support.kantata_account import ENGAGEMENT, WORKER, Account, provision

START, END = date(2026, 11, 1), date(2026, 11, 30)


@pytest.fixture
async def project(account: Account) -> dict[str, Any]:
    return dict(await account.apply("provision_workspace", provision()))


async def lines(account: Account, start: date = START, end: date = END) -> list[LedgerLine]:
    return [line async for line in account.connector.ledger(start, end)]


async def test_a_line_says_what_the_vendor_holds(account: Account, project):
    entry = account.log(project["record"], minutes=95, date_performed="2026-11-10")
    account.approve(project["record"], entry)
    assert await lines(account) == [
        LedgerLine(
            kind="approved-time",
            record=entry,
            reference=f"kantata:{entry}",
            engagement=ENGAGEMENT,
            day=date(2026, 11, 10),
            minutes=95,
            state="approved",
        )
    ]


async def test_only_approved_time_of_our_workspaces_counts(account: Account, project):
    other = account.make("workspaces", "workspace", title="Internal", creator_role="maven")
    account.make("participations", "participation", workspace_id=other, user_id=account.user(WORKER))
    account.log(other)
    account.log(project["record"])
    rejected = account.log(project["record"])
    account.decide(account.approve(project["record"], rejected), "reject")
    assert await lines(account) == []


async def test_a_workspace_without_approvals_has_no_approved_time(account: Account, project):
    """The vendor's own filter calls all of it approved."""
    account.log(project["record"])
    body = {"workspace": {"require_time_approvals": False}}
    account.ask("people-admin", "PUT", f"workspaces/{project['record']}", body)
    assert account.ask("people-admin", "GET", "time_entries", approved="true")["count"] == 1
    assert await lines(account) == []


async def test_archived_workspaces_are_included(account: Account, project):
    entry = account.log(project["record"])
    account.approve(project["record"], entry)
    account.ask("people-admin", "PUT", f"workspaces/{project['record']}", {"workspace": {"archived": True}})
    assert [line.record for line in await lines(account)] == [entry]


async def test_both_ends_of_the_range_are_included(account: Account, project):
    days = ("2026-11-01", "2026-11-02", "2026-11-03", "2026-11-04")
    entries = [account.log(project["record"], date_performed=day) for day in days]
    account.approve(project["record"], *entries)
    got = await lines(account, date(2026, 11, 2), date(2026, 11, 3))
    assert [line.record for line in got] == entries[1:3]
    assert [line.record for line in await lines(account, date(2026, 11, 4), date(2026, 11, 4))] == [
        entries[3]
    ]
    assert await lines(account, date(2026, 11, 4), date(2026, 11, 3)) == []


async def test_many_entries_are_read_once_each_however_they_fall(account: Account, project):
    made = []
    for number in range(9):
        day = date(2026, 11, 2) + timedelta(days=number % 4)
        line = {
            "workspace_id": project["record"],
            "date_performed": day.isoformat(),
            "time_in_minutes": number + 1,
        }
        answer = account.ask(f"people-{WORKER}", "POST", "time_entries", {"time_entries": [line] * 100})
        entries = [result["id"] for result in answer["results"]]
        account.approve(project["record"], *entries)
        made += entries
    got = await lines(account)
    assert sorted(line.record for line in got) == sorted(made)
    assert sum(line.minutes for line in got) == 100 * sum(range(1, 10))


async def test_a_list_that_contradicts_itself_is_unavailable(account: Account, project):
    line = {"workspace_id": project["record"], "date_performed": "2026-11-10", "time_in_minutes": 5}
    for _ in range(3):
        account.ask(f"people-{WORKER}", "POST", "time_entries", {"time_entries": [line] * 100})
    first = account.ask(
        "people-admin",
        "GET",
        "time_entries",
        per_page=200,
        page=1,
        order="created_at:asc",
        include="workspace",
    )
    await account.faults({"match": {"path": "/api/v1/time_entries"}, "do": {"body": first}})
    with pytest.raises(Unavailable, match="changed while it was read"):
        await lines(account, date(2026, 11, 10), date(2026, 11, 10))


async def test_a_gateway_timeout_is_unavailable(account: Account, project):
    await account.faults({"do": {"status": 504}})
    with pytest.raises(Unavailable):
        await lines(account)


@given(days=st.integers(2, 800), count=st.integers(201, 10**7))
def test_ranges_are_cut_into_shorter_ones_without_gap_or_overlap(days: int, count: int):
    last = START + timedelta(days=days - 1)
    cut = parts(START, last, count=count)
    assert len(cut) >= 2
    covered = [first + timedelta(days=n) for first, end in cut for n in range((end - first).days + 1)]
    assert covered == [START + timedelta(days=n) for n in range(days)]
