"""What comes back may be anything: it never becomes a result, a wrong record or an exception of ours."""

from typing import Any

import pytest

from services.adapterkit.families import Family, Unavailable, Unsure
from services.erp_adapter.connectors.netsuite import Options
from tests.support import netsuite_account
from tests.support.netsuite_account import (
    Account,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
    reverse_time,
)

BODIES: list[Any] = [
    "<html>Welcome</html>",
    "",
    "null",
    "[]",
    {"items": "none"},
    {"items": [{"id": {}}], "hasMore": False},
    {"items": [{"id": "1", "externalid": "FL-D-1", "changed": "yesterday"}], "hasMore": False},
    {"items": [], "hasMore": True},
    {"id": "1", "total": "NaN"},
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("feed", ["periods", "rate-cards", "projects", "invoices"])
async def test_a_feed_never_misreads_a_success(account: Account, feed: str, body: Any) -> None:
    await account.faults({"do": {"status": 200, "body": body}})
    try:
        page = await account.poll(feed)
    except Unavailable:
        return
    assert page.observed == []


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
async def test_a_look_up_never_misreads_a_success(account: Account, body: Any) -> None:
    await account.faults({"do": {"status": 200, "body": body}})
    looks = {
        "ensure_customer": ensure_customer(),
        "post_time": post_time("5", "6"),
        "draft_invoice": draft_invoice("9", "5"),
        "post_invoice": post_invoice("7"),
        "reverse_time": reverse_time("901"),
    }
    for verb, command in looks.items():
        try:
            assert await account.found(verb, command) is None
        except (Unavailable, Unsure):
            continue


@pytest.mark.parametrize("status", [200, 201, 204])
async def test_a_write_without_a_record_is_unsure(account: Account, status: int) -> None:
    _, project, tasks = await account.project()
    await account.faults({"match": {"method": "PUT"}, "do": {"status": status, "body": "<html>"}})
    commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
    assert [type(one) for one in await account.apply("post_time", commands[0])] == [Unsure]
    assert [type(one) for one in await account.apply("post_time", *commands)] == [Unsure, Unsure]


@pytest.mark.parametrize(
    "location", ["https://evil.example/", "/timeBill/9x", "javascript:1;", "/timeBill/-9"]
)
async def test_an_address_that_names_no_record_is_not_believed(account: Account, location: str) -> None:
    await account.faults(
        {"match": {"method": "PUT"}, "do": {"status": 204, "headers": {"Location": location}}}
    )
    [outcome] = await account.apply("post_time", post_time("5", "6"))
    assert isinstance(outcome, Unsure)


async def test_a_job_that_never_says_what_it_did_leaves_its_entries_unsure() -> None:
    async with netsuite_account.account(Options(job_poll_seconds=0.02, job_wait_seconds=0.1)) as account:
        _, project, tasks = await account.project()
        silent = {"status": 200, "body": {"completed": []}}
        await account.faults({"match": {"path": "*/async/v1/job/*"}, "do": silent})
        commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
        outcomes = await account.apply("post_time", *commands)
        assert [type(one) for one in outcomes] == [Unsure, Unsure]


async def test_a_row_of_another_entry_is_not_taken_for_ours(account: Account) -> None:
    row = {"id": "1", "externalid": "FL-kantata__86_-1", "customer": "5"}
    await account.faults({"do": {"status": 200, "body": {"items": [row], "hasMore": False}}})
    with pytest.raises(Unavailable, match="not asked for"):
        await account.found("post_time", post_time("5", "6"))


async def test_two_records_under_one_external_id_are_for_a_person(account: Account) -> None:
    rows = [{"id": str(number), "externalid": "FL-kantata__85_-1", "customer": "5"} for number in (1, 2)]
    await account.faults({"do": {"status": 200, "body": {"items": rows, "hasMore": False}}})
    with pytest.raises(Unsure, match="share"):
        await account.found("post_time", post_time("5", "6"))


async def test_a_proxys_404_is_no_proof_that_a_record_is_gone(account: Account) -> None:
    await account.faults({"do": {"status": 404, "body": "<html>Not found</html>"}})
    [outcome] = await account.apply("reverse_time", reverse_time("901"))
    assert isinstance(outcome, Unsure)
    with pytest.raises(Family):
        await account.found("reverse_time", reverse_time("901"))


async def test_a_page_repeated_for_ever_ends_the_read(account: Account) -> None:
    row = {"id": "5", "externalid": "US01", "fiscalcalendar": "1"}
    await account.faults({"do": {"status": 200, "body": {"items": [row], "hasMore": True}}})
    with pytest.raises(Unavailable, match="came after"):
        await account.poll("periods")
