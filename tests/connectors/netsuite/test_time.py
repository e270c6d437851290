from datetime import date

import pytest

from services.adapterkit.families import Rejected, Throttled, Unauthorised, Unsure
from services.erp_adapter.connectors.netsuite import Options
from tests.support import netsuite_account
from tests.support.netsuite_account import Account, draft_invoice, post_time, reverse_time

RATE = 24_000  # a senior's hour in US cents, on the firm's standard card
JOB = "/job/{}"


async def test_one_revision_is_posted_priced_and_found(account: Account) -> None:
    _, project, tasks = await account.project()
    command = post_time(project, tasks["DESIGN"])
    assert await account.found("post_time", command) is None
    posted = await account.applied("post_time", command)
    assert posted["amount"] == {"amount": RATE * 90 // 60, "currency": "USD"}
    [held] = await account.held("timeBill")
    assert (held["id"], held["hours"], held["externalId"]) == (posted["record"], 90, "FL-kantata__85_-1")
    assert held["memo"] == "kantata:85#1"
    assert await account.found("post_time", command) == posted


async def test_the_same_revision_twice_is_one_time_bill(account: Account) -> None:
    _, project, tasks = await account.project()
    command = post_time(project, tasks["DESIGN"])
    assert await account.applied("post_time", command) == await account.applied("post_time", command)
    assert len(await account.held("timeBill")) == 1


async def test_a_posted_time_bill_stays_posted_when_its_value_cannot_be_read(account: Account) -> None:
    _, project, tasks = await account.project()
    await account.faults({"match": {"path": "*/suiteql"}, "do": {"status": 500}})
    posted = await account.applied("post_time", post_time(project, tasks["DESIGN"]))
    assert posted["amount"] is None
    assert [one["id"] for one in await account.held("timeBill")] == [posted["record"]]


async def test_a_hundred_revisions_go_in_one_call_and_come_back_in_order(account: Account) -> None:
    _, project, tasks = await account.project()
    commands = [post_time(project, tasks["DESIGN"], number, minutes=number) for number in range(1, 101)]
    outcomes = await account.apply("post_time", *commands)
    held = {one["externalId"]: one for one in await account.held("timeBill")}
    assert len(held) == 100
    for number, outcome in enumerate(outcomes, 1):
        assert not isinstance(outcome, Exception)
        assert held[f"FL-kantata__{number}_-1"]["id"] == outcome["record"]
        assert outcome["amount"] == {"amount": RATE * number // 60, "currency": "USD"}
    assert await account.calls("PUT", "/timeBill") == 1
    assert await account.calls("PUT", "/timeBill/{}") == 0


async def test_each_of_a_bulk_call_answers_for_itself(account: Account) -> None:
    _, project, tasks = await account.project()
    outcomes = await account.apply(
        "post_time",
        post_time(project, tasks["DESIGN"], 1),
        post_time(project, tasks["DESIGN"], 2, worker="EMP-9999"),
        post_time(project, tasks["DESIGN"], 3, posting_date=date(2026, 8, 31)),
        post_time(project, tasks["DESIGN"], 4, labour_category="WIZARD"),
        post_time(project, tasks["DESIGN"], 5),
    )
    assert [type(outcome) for outcome in outcomes] == [dict, Rejected, Rejected, Rejected, dict]
    categories = [getattr(outcome, "category", None) for outcome in outcomes]
    assert categories == [None, "data", "policy", "data", None]
    assert "EMP-9999" in str(outcomes[1])
    assert "USER_ERROR" in str(outcomes[2])
    assert len(await account.held("timeBill")) == 2


async def test_one_time_in_a_closed_period_is_refused_by_policy(account: Account) -> None:
    _, project, tasks = await account.project()
    command = post_time(project, tasks["DESIGN"], posting_date=date(2026, 8, 31))
    [outcome] = await account.apply("post_time", command)
    assert isinstance(outcome, Rejected)
    assert outcome.category == "policy"


async def test_what_an_older_job_refused_is_tried_anew_once_its_cause_is_gone(account: Account) -> None:
    """The key of a batch comes from its entries: without care NetSuite would bring the old refusal for ever."""
    _, project, tasks = await account.project()
    await account.change("accountingPeriod/eid:AP-US01-2026-10", {"closed": True})
    october = date(2026, 10, 5)
    commands = [
        post_time(project, tasks["DESIGN"], 1),
        post_time(project, tasks["DESIGN"], 2, posting_date=october),
    ]
    first = await account.apply("post_time", *commands)
    assert isinstance(first[1], Rejected)
    assert isinstance((await account.apply("post_time", *commands))[1], Rejected)
    await account.change("accountingPeriod/eid:AP-US01-2026-10", {"closed": False})
    second = await account.apply("post_time", *commands)
    assert second[0] == first[0]
    assert not isinstance(second[1], Exception)
    assert len(await account.held("timeBill")) == 2


async def test_a_batch_whose_acceptance_was_lost_is_the_same_job_again(account: Account) -> None:
    _, project, tasks = await account.project()
    commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
    await account.faults({"match": {"method": "PUT"}, "do": {"after_commit": "drop_response"}})
    assert [type(one) for one in await account.apply("post_time", *commands)] == [Unsure, Unsure]
    await account.faults()
    again = await account.apply("post_time", *commands)
    assert [type(one) for one in again] == [dict, dict]
    assert len(await account.held("timeBill")) == 2
    assert len(await account.held("asyncJob")) == 1


async def test_a_job_that_takes_too_long_leaves_its_entries_unsure_and_they_are_found_later() -> None:
    slow = Options(job_poll_seconds=0.02, job_wait_seconds=0.1)
    async with netsuite_account.account(slow) as account:
        _, project, tasks = await account.project()
        await account.configure(async_seconds=30)
        commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
        outcomes = await account.apply("post_time", *commands)
        assert [type(one) for one in outcomes] == [Unsure, Unsure]
        assert await account.found("post_time", commands[0]) is None
        account.watch.moved += 60
        assert await account.found("post_time", commands[0]) is not None


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_netsuite_is_waited_for_while_a_job_runs(account: Account, status: int) -> None:
    _, project, tasks = await account.project()
    await account.faults(
        {"match": {"path": "*/async/v1/job/*"}, "when": {"first": 1}, "do": {"status": status}}
    )
    commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
    assert [type(one) for one in await account.apply("post_time", *commands)] == [dict, dict]


async def test_a_throttled_batch_did_nothing(account: Account) -> None:
    _, project, tasks = await account.project()
    await account.configure(concurrency=0)
    commands = [post_time(project, tasks["DESIGN"], number) for number in (1, 2)]
    assert [type(one) for one in await account.apply("post_time", *commands)] == [Throttled, Throttled]
    assert await account.held("timeBill") == []


async def test_a_revoked_login_is_unauthorised(account: Account) -> None:
    _, project, tasks = await account.project()
    await account.people.post("/_sandbox/control/revoke", json={"token": "sandbox-integration-token"})
    [outcome] = await account.apply("post_time", post_time(project, tasks["DESIGN"]))
    assert isinstance(outcome, Unauthorised)


async def test_an_account_without_values_on_time_bills_still_posts() -> None:
    bare = Options(time_amount_column=None, time_invoice_column=None, job_poll_seconds=0.03)
    async with netsuite_account.account(bare) as account:
        _, project, tasks = await account.project()
        outcomes = await account.apply(
            "post_time", post_time(project, tasks["DESIGN"], 1), post_time(project, tasks["DESIGN"], 2)
        )
        assert [one["amount"] for one in outcomes if isinstance(one, dict)] == [None, None]


async def test_a_reversal_takes_the_time_bill_away_and_is_proved_by_its_absence(account: Account) -> None:
    _, project, tasks = await account.project()
    record = (await account.applied("post_time", post_time(project, tasks["DESIGN"])))["record"]
    command = reverse_time(record)
    assert await account.found("reverse_time", command) is None
    assert await account.applied("reverse_time", command) == {"record": record}
    assert await account.held("timeBill") == []
    assert await account.found("reverse_time", command) == {"record": record}
    assert await account.applied("reverse_time", command) == {"record": record}


async def test_a_reversal_whose_answer_was_lost_is_found(account: Account) -> None:
    _, project, tasks = await account.project()
    record = (await account.applied("post_time", post_time(project, tasks["DESIGN"])))["record"]
    await account.faults({"match": {"method": "DELETE"}, "do": {"after_commit": "drop_response"}})
    [outcome] = await account.apply("reverse_time", reverse_time(record))
    assert isinstance(outcome, Unsure)
    assert await account.found("reverse_time", reverse_time(record)) == {"record": record}


async def test_invoiced_time_is_not_taken_back(account: Account) -> None:
    customer, project, tasks = await account.project()
    record = (await account.applied("post_time", post_time(project, tasks["DESIGN"])))["record"]
    await account.applied("draft_invoice", draft_invoice(customer, project, [(85, record)]))
    [outcome] = await account.apply("reverse_time", reverse_time(record))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "policy"
    assert "on invoice" in outcome.why
    assert len(await account.held("timeBill")) == 1


async def test_a_reversal_never_takes_another_time_bill(account: Account) -> None:
    """The record says 85's and the command is about 86: what is deleted is what carries the external id."""
    _, project, tasks = await account.project()
    record = (await account.applied("post_time", post_time(project, tasks["DESIGN"])))["record"]
    [outcome] = await account.apply("reverse_time", reverse_time(record, number=86))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "conflict"
    assert len(await account.held("timeBill")) == 1
