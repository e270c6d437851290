from typing import Any

from contracts.types import Money
from services.adapterkit.families import Rejected, Unsure
from tests.support.netsuite_account import (
    Account,
    create_project,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
)


async def billed(account: Account) -> tuple[str, str, list[tuple[int, str]]]:
    """A project with two posted entries of 360 dollars each."""
    customer, project, tasks = await account.project()
    commands = [post_time(project, tasks["DESIGN"], number) for number in (85, 86)]
    outcomes: list[Any] = await account.apply("post_time", *commands)
    return customer, project, [(85, outcomes[0]["record"]), (86, outcomes[1]["record"])]


def usd(amount: int) -> dict[str, Any]:
    return {"amount": amount, "currency": "USD"}


async def test_a_draft_bills_exactly_the_postings_and_milestones_asked_for(account: Account) -> None:
    customer, project, entries = await billed(account)
    command = draft_invoice(customer, project, entries[:1], [("AGREED", 400_000)])
    drafted = await account.applied("draft_invoice", command)
    assert {name: drafted[name] for name in ("net", "tax", "total")} == {
        "net": usd(436_000),
        "tax": usd(0),
        "total": usd(436_000),
    }
    [held] = await account.held("invoice")
    assert [line["doc"] for line in held["time"]] == [entries[0][1]]
    assert held["approvalStatus"] == "1"
    assert held["otherRefNum"] == "PO-100200"


async def test_the_same_draft_twice_is_one_invoice_with_its_lines_once(account: Account) -> None:
    customer, project, entries = await billed(account)
    command = draft_invoice(customer, project, entries, [("AGREED", 400_000), ("LIVE", 600_000)])
    first = await account.applied("draft_invoice", command)
    assert await account.applied("draft_invoice", command) == first
    assert await account.found("draft_invoice", command) == first
    [held] = await account.held("invoice")
    assert (len(held["item"]), len(held["time"])) == (2, 2)


async def test_a_draft_that_bills_something_else_is_no_proof_and_is_put_right(account: Account) -> None:
    customer, project, entries = await billed(account)
    await account.applied("draft_invoice", draft_invoice(customer, project, entries, [("AGREED", 1)]))
    command = draft_invoice(customer, project, entries[1:], [("AGREED", 400_000)])
    assert await account.found("draft_invoice", command) is None
    drafted = await account.applied("draft_invoice", command)
    assert drafted["net"] == usd(436_000)
    [held] = await account.held("invoice")
    assert [line["doc"] for line in held["time"]] == [entries[1][1]]
    assert len(held["item"]) == 1


async def test_a_lost_answer_leaves_one_draft_that_is_found(account: Account) -> None:
    customer, project, entries = await billed(account)
    command = draft_invoice(customer, project, entries, [("AGREED", 400_000)])
    await account.faults({"match": {"method": "PUT"}, "do": {"after_commit": "drop_response"}})
    [outcome] = await account.apply("draft_invoice", command)
    assert isinstance(outcome, Unsure)
    await account.faults()
    found = await account.found("draft_invoice", command)
    assert found == await account.applied("draft_invoice", command)
    assert len(await account.held("invoice")) == 1


async def test_a_draft_that_cannot_be_read_back_is_unsure(account: Account) -> None:
    customer, project, entries = await billed(account)
    command = draft_invoice(customer, project, entries)
    await account.faults(
        {"match": {"method": "GET", "path": "*/invoice/*"}, "when": {"nth": [2]}, "do": {"status": 503}}
    )
    [outcome] = await account.apply("draft_invoice", command)
    assert isinstance(outcome, Unsure)
    assert len(await account.held("invoice")) == 1


async def test_time_is_billed_once(account: Account) -> None:
    customer, project, entries = await billed(account)
    await account.applied("draft_invoice", draft_invoice(customer, project, entries))
    [outcome] = await account.apply(
        "draft_invoice", draft_invoice(customer, project, entries, invoice="INV-8")
    )
    assert isinstance(outcome, Rejected)
    assert "USER_ERROR" in outcome.why
    assert len(await account.held("invoice")) == 1


async def test_an_invoice_into_a_closed_period_is_refused_by_policy(account: Account) -> None:
    customer, project, entries = await billed(account)
    await account.change("accountingPeriod/eid:AP-US01-2026-11", {"closed": True})
    [outcome] = await account.apply("draft_invoice", draft_invoice(customer, project, entries))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "policy"


async def test_tax_and_currency_are_the_subsidiarys(account: Account) -> None:
    """Japanese tax is a tenth; a yen has no minor unit."""
    tokyo: dict[str, Any] = {"legal_entity": "JP01", "currency": "JPY"}
    made = await account.applied("ensure_customer", ensure_customer(**tokyo))
    value = Money(amount=1_500_000, currency="JPY")
    plain = {"rate_card": "RC-JP01-STD", "contract_value": value, "milestones": (), "billing_schedule": ()}
    project = await account.applied("create_project", create_project(made["record"], **tokyo, **plain))
    time = post_time(
        project["record"], project["tasks"]["DESIGN"], worker=account.worker("JP01"), legal_entity="JP01"
    )
    posted = await account.applied("post_time", time)
    assert posted["amount"] == {"amount": 50_250, "currency": "JPY"}
    command = draft_invoice(made["record"], project["record"], [(85, posted["record"])], **tokyo)
    drafted = await account.applied("draft_invoice", command)
    assert [drafted[name]["amount"] for name in ("net", "tax", "total")] == [50_250, 5_025, 55_275]


async def test_posting_gives_the_number_and_a_second_time_the_same(account: Account) -> None:
    customer, project, entries = await billed(account)
    record = (await account.applied("draft_invoice", draft_invoice(customer, project, entries)))["record"]
    command = post_invoice(record)
    assert await account.found("post_invoice", command) is None
    posted = await account.applied("post_invoice", command)
    assert posted == {"record": record, "number": "INV000001", "total": usd(72_000)}
    assert await account.applied("post_invoice", command) == posted
    assert await account.found("post_invoice", command) == posted
    assert await account.calls("PATCH", "/invoice/{}") == 1


async def test_a_posted_invoice_still_proves_its_draft(account: Account) -> None:
    customer, project, entries = await billed(account)
    command = draft_invoice(customer, project, entries)
    drafted = await account.applied("draft_invoice", command)
    await account.applied("post_invoice", post_invoice(drafted["record"]))
    assert await account.found("draft_invoice", command) == drafted
    assert await account.applied("draft_invoice", command) == drafted


async def test_posting_in_a_period_closed_meanwhile_is_refused_by_policy(account: Account) -> None:
    customer, project, entries = await billed(account)
    record = (await account.applied("draft_invoice", draft_invoice(customer, project, entries)))["record"]
    await account.change("accountingPeriod/eid:AP-US01-2026-11", {"closed": True})
    [outcome] = await account.apply("post_invoice", post_invoice(record))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "policy"


async def test_an_approval_whose_answer_was_lost_is_found_with_its_number(account: Account) -> None:
    customer, project, entries = await billed(account)
    record = (await account.applied("draft_invoice", draft_invoice(customer, project, entries)))["record"]
    await account.faults({"match": {"method": "PATCH"}, "do": {"after_commit": "drop_response"}})
    [outcome] = await account.apply("post_invoice", post_invoice(record))
    assert isinstance(outcome, Unsure)
    found = await account.found("post_invoice", post_invoice(record))
    assert found is not None
    assert found["number"] == "INV000001"


async def test_a_record_that_is_not_this_invoice_is_never_approved(account: Account) -> None:
    customer, project, entries = await billed(account)
    record = (await account.applied("draft_invoice", draft_invoice(customer, project, entries)))["record"]
    for command in (post_invoice("1"), post_invoice(record, invoice="INV-8")):
        [outcome] = await account.apply("post_invoice", command)
        assert isinstance(outcome, Rejected)
    assert [one["approvalStatus"] for one in await account.held("invoice")] == ["1"]
