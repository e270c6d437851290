"""Drafted and posted invoices against a real Tryton: exactly what was asked for, once."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.invoices.v1 import BilledMilestone
from services.adapterkit.families import Rejected, Unsure
from tests.support.tryton_firm import (
    Desk,
    draft_invoice,
    fixed_fee,
    gbp,
    post_invoice,
    post_time,
    reverse_time,
    today,
)

pytestmark = pytest.mark.slow

AGREED = BilledMilestone(milestone="AGREED", description="Architecture agreed", amount=gbp(4_000_000))
LIVE = BilledMilestone(milestone="LIVE", description="Platform live", amount=gbp(6_000_050))


def money(amount: int, currency: str = "GBP") -> dict[str, object]:
    return {"amount": amount, "currency": currency}


async def test_time_is_drafted_at_the_rates_of_its_categories(desk: Desk) -> None:
    command, made = await desk.project()
    posts = await desk.posted(command, made, 450, 75)
    posts += await desk.posted(command, made, 120, labour_category="ANALYST")
    order = draft_invoice(command, made, await desk.billed(posts))
    drafted = await desk.applied("draft_invoice", order)
    row = desk.row(
        "account.invoice",
        drafted["record"],
        "reference",
        "comment",
        "state",
        "description",
    )

    # 8.75 hours at 190.00 and 2 hours at 105.00, and 20 % tax.
    net = 166_250 + 21_000
    assert (drafted["net"], drafted["tax"], drafted["total"]) == (
        money(net),
        money(net // 5),
        money(net + net // 5),
    )
    assert (row["reference"], row["state"]) == (order.invoice, "draft")
    assert row["comment"] == f"Engagement {command.engagement}\nPurchase order PO-100200"
    assert await desk.found("draft_invoice", order) == drafted


async def test_what_is_not_asked_for_is_not_billed_and_stays_where_it_was(desk: Desk) -> None:
    command, made = await desk.project()
    early = today() - timedelta(days=2)
    asked = await desk.posted(command, made, 60, posting_date=early)
    asked += await desk.posted(command, made, 30, labour_category="ANALYST")
    others = await desk.posted(command, made, 45, posting_date=early)
    others += await desk.posted(command, made, 15, labour_category="ANALYST", posting_date=early)
    internal = await desk.posted(command, made, 90, task="INTERNAL", billable=False)
    places = [desk.lines(post.entry)[0]["work."]["origin"] for post in others]
    drafted = await desk.applied("draft_invoice", draft_invoice(command, made, await desk.billed(asked)))

    assert drafted["net"] == money(19_000 + 5_250)
    assert [desk.lines(post.entry)[0]["invoice_line"] for post in others + internal] == [None] * 3
    assert [desk.lines(post.entry)[0]["work."]["origin"] for post in others] == places
    rest = await desk.applied("draft_invoice", draft_invoice(command, made, await desk.billed(others)))
    assert rest["net"] == money(14_250 + 2_625)


async def test_the_same_draft_twice_is_one_invoice(desk: Desk) -> None:
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    first, second = await asyncio.gather(
        desk.applied("draft_invoice", order), desk.applied("draft_invoice", order)
    )
    assert first == second
    assert len(desk.drafts(made["record"])) == 1


async def test_two_drafts_of_one_project_at_once_bill_each_posting_once(desk: Desk) -> None:
    command, made = await desk.project()
    posts = await desk.posted(command, made, 60, 30)
    orders = [draft_invoice(command, made, await desk.billed([post])) for post in posts]
    first, second = await asyncio.gather(*(desk.applied("draft_invoice", order) for order in orders))
    assert (first["net"], second["net"]) == (money(19_000), money(9_500))
    assert len(desk.drafts(made["record"])) == 2


@pytest.mark.parametrize(
    "method",
    ["project.work.invoice", "account.invoice.write", "timesheet.line.write", "project.work.create"],
)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_an_attempt_that_is_cut_off_anywhere_is_mended_by_the_next(
    desk: Desk, method: str, when: str
) -> None:
    """Other time waits aside meanwhile, so every step of the dance is one that may be the last."""
    command, made = await desk.project()
    asked, other = await desk.posted(command, made, 60, 30)
    home = desk.lines(other.entry)[0]["work."]["origin"]
    order = draft_invoice(command, made, await desk.billed([asked]))
    desk.wire.lose_once(f"model.{method}", when)
    lost = await desk.refused("draft_invoice", order)
    known = await desk.found("draft_invoice", order)
    drafted = await desk.applied("draft_invoice", order)

    assert isinstance(lost, Unsure)
    assert (known == drafted) if (method, when) == ("account.invoice.write", "after") else known is None
    assert drafted["net"] == money(19_000)
    assert [row["reference"] for row in desk.drafts(made["record"])] == [order.invoice]
    assert (desk.lines(other.entry)[0]["invoice_line"], desk.lines(other.entry)[0]["work."]["origin"]) == (
        None,
        home,
    )


async def test_a_draft_that_a_person_made_is_left_alone(desk: Desk) -> None:
    command, made = await desk.project()
    posts = await desk.posted(command, made, 60)
    number = int(made["record"].partition(":")[2])
    desk.people.call("model.project.work.invoice", [number], context={"company": desk.company()})
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, await desk.billed(posts)))

    assert isinstance(refusal, Rejected) and refusal.category == "conflict"
    assert "1 of 1 items are on invoice draft" in refusal.why
    assert [row["reference"] for row in desk.drafts(made["record"])] == [None]


async def test_a_twin_that_lost_its_time_is_discarded(desk: Desk) -> None:
    """Two billings of one project at the same moment leave two drafts; the time is on the later one."""
    command, made = await desk.project()
    posts = await desk.posted(command, made, 60)
    number, context = int(made["record"].partition(":")[2]), {"company": desk.company()}
    desk.fairlead.call("model.project.work.invoice", [number], context=context)
    [twin] = desk.drafts(made["record"])
    desk.fairlead.call("model.account.invoice.copy", [twin["id"]], {}, context=context)
    drafted = await desk.applied("draft_invoice", draft_invoice(command, made, await desk.billed(posts)))

    assert drafted["record"] == f"invoice:{twin['id']}"
    assert drafted["net"] == money(19_000)
    assert len(desk.drafts(made["record"])) == 1


async def test_an_unfinished_draft_over_something_else_is_replaced(desk: Desk) -> None:
    command, made = await desk.project()
    asked, other = await desk.posted(command, made, 60, 30)
    number = int(made["record"].partition(":")[2])
    desk.fairlead.call("model.project.work.invoice", [number], context={"company": desk.company()})
    order = draft_invoice(command, made, await desk.billed([asked]))
    drafted = await desk.applied("draft_invoice", order)

    assert drafted["net"] == money(19_000)
    assert [row["reference"] for row in desk.drafts(made["record"])] == [order.invoice]
    assert desk.lines(other.entry)[0]["invoice_line"] is None


async def test_time_whose_minutes_finance_changed_is_not_billed(desk: Desk) -> None:
    command, made = await desk.project()
    posts = await desk.posted(command, made, 60)
    billed = await desk.billed(posts)
    line = desk.lines(posts[0].entry)[0]["id"]
    shorter = {"duration": {"__class__": "timedelta", "seconds": 1800}}
    desk.fairlead.call("model.timesheet.line.write", [line], shorter)
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, billed))

    assert isinstance(refusal, Rejected) and refusal.category == "conflict"
    assert refusal.why == f"line {line} has 30 minutes in Tryton, 60 were posted"
    assert desk.drafts(made["record"]) == []


async def test_time_that_cannot_be_billed_leaves_no_draft_and_says_which(desk: Desk) -> None:
    command, made = await desk.project()
    good, other = await desk.posted(command, made, 60, 30)
    [internal] = await desk.posted(command, made, 45, task="INTERNAL", billable=False)
    refusal = await desk.refused(
        "draft_invoice", draft_invoice(command, made, await desk.billed([good, internal]))
    )
    line = desk.lines(internal.entry)[0]["id"]

    assert isinstance(refusal, Rejected) and refusal.category == "conflict"
    assert f"not billed: {line}" in refusal.why
    assert desk.drafts(made["record"]) == []
    assert [desk.lines(post.entry)[0]["invoice_line"] for post in (good, other)] == [None, None]


async def test_a_bill_that_tryton_refuses_changes_nothing(desk: Desk) -> None:
    command, made = await desk.project()
    asked, other = await desk.posted(command, made, 60, 30)
    home = desk.lines(other.entry)[0]["work."]["origin"]
    number = int(made["record"].partition(":")[2])
    desk.fairlead.call("model.project.work.write", [number], {"party": None})
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, await desk.billed([asked])))

    assert isinstance(refusal, Rejected) and command.plan.code in refusal.why
    assert desk.lines(other.entry)[0]["work."]["origin"] == home
    assert desk.drafts(made["record"]) == []


async def test_a_milestone_that_tryton_refuses_to_bill_is_incomplete_again(desk: Desk) -> None:
    command, made = await desk.project(**fixed_fee())
    number = int(made["record"].partition(":")[2])
    desk.fairlead.call("model.project.work.write", [number], {"party": None})
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, milestones=(AGREED,)))
    rows = desk.fairlead.rows("project.work", [["parent", "=", number]], ["progress"])

    assert isinstance(refusal, Rejected)
    assert [row["progress"] for row in rows] == [None] * 4


async def test_a_posting_that_is_gone_is_named(desk: Desk) -> None:
    command, made = await desk.project()
    [post] = await desk.posted(command, made, 60)
    billed = await desk.billed([post])
    await desk.applied("reverse_time", reverse_time(post, billed[0].record))
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, billed))
    assert isinstance(refusal, Rejected) and f"({post.entry}#1) is not in Tryton" in refusal.why


async def test_a_billed_posting_is_not_reversed(desk: Desk) -> None:
    command, made = await desk.project()
    [post] = await desk.posted(command, made, 60)
    billed = await desk.billed([post])
    await desk.applied("draft_invoice", draft_invoice(command, made, billed))
    refusal = await desk.refused("reverse_time", reverse_time(post, billed[0].record))
    assert (
        isinstance(refusal, Rejected)
        and refusal.category == "conflict"
        and "is billed on invoice" in refusal.why
    )


async def test_a_milestone_is_billed_for_its_amount_and_the_others_are_not(desk: Desk) -> None:
    command, made = await desk.project(**fixed_fee())
    tracked = post_time(command, made)
    await desk.applied("post_time", tracked)
    first = await desk.applied("draft_invoice", draft_invoice(command, made, milestones=(AGREED,)))
    second = await desk.applied("draft_invoice", draft_invoice(command, made, milestones=(LIVE,)))

    assert (first["net"], first["tax"]) == (money(4_000_000), money(800_000))
    assert second["net"] == money(6_000_050)
    assert desk.lines(tracked.entry)[0]["invoice_line"] is None


@pytest.mark.parametrize("method", ["project.work.invoice", "account.invoice.write", "project.work.write"])
async def test_a_milestone_whose_draft_was_cut_off_is_billed_once(desk: Desk, method: str) -> None:
    command, made = await desk.project(**fixed_fee())
    order = draft_invoice(command, made, milestones=(AGREED,))
    desk.wire.lose_once(f"model.{method}", "after")
    await desk.refused("draft_invoice", order)
    drafted = await desk.applied("draft_invoice", order)

    assert drafted["net"] == money(4_000_000)
    assert [row["reference"] for row in desk.drafts(made["record"])] == [order.invoice]


async def test_a_milestone_that_people_completed_is_not_billed_unasked(desk: Desk) -> None:
    command, made = await desk.project(**fixed_fee())
    number = int(made["record"].partition(":")[2])
    [live] = desk.fairlead.rows("project.work", [["parent", "=", number], ["name", "=", "Platform live"]], [])
    desk.fairlead.call("model.project.work.write", [live["id"]], {"progress": 1.0})
    refusal = await desk.refused("draft_invoice", draft_invoice(command, made, milestones=(AGREED,)))
    both = await desk.applied("draft_invoice", draft_invoice(command, made, milestones=(AGREED, LIVE)))

    assert isinstance(refusal, Rejected) and "Platform live is complete in Tryton" in refusal.why
    assert both["net"] == money(10_000_050)


async def test_a_milestone_of_another_amount_and_the_wrong_kind_of_bill_are_refused(desk: Desk) -> None:
    command, made = await desk.project(**fixed_fee())
    dearer = BilledMilestone(milestone="AGREED", description="x", amount=gbp(4_000_001))
    unknown = BilledMilestone(milestone="NEVER", description="x", amount=gbp(1))
    amount = await desk.refused("draft_invoice", draft_invoice(command, made, milestones=(dearer,)))
    missing = await desk.refused("draft_invoice", draft_invoice(command, made, milestones=(unknown,)))
    nothing = await desk.refused("draft_invoice", draft_invoice(command, made))
    currency = await desk.refused(
        "draft_invoice", draft_invoice(command, made, milestones=(AGREED,), currency="EUR")
    )
    other = await desk.refused(
        "draft_invoice", draft_invoice(command, made, milestones=(AGREED,), engagement="E-X")
    )

    whys = [one.why for one in (amount, missing, nothing, currency, other) if isinstance(one, Rejected)]
    assert [words in why for words, why in zip(
        ("4000001 were asked for", "NEVER has no task", "0 milestones", "not in EUR", "not the project of E-X"),
        whys, strict=True)] == [True] * 5  # fmt: skip
    assert desk.drafts(made["record"]) == []


async def test_yen_have_no_minor_unit(desk: Desk) -> None:
    command, made = await desk.project(legal_entity="JP01")
    posts = await desk.posted(command, made, 450)
    drafted = await desk.applied("draft_invoice", draft_invoice(command, made, await desk.billed(posts)))
    [service] = desk.fairlead.rows(
        "product.product", [["code", "=", "ITEM-SENIOR"]], ["list_price_used"], desk.company("JP01")
    )
    rate = int(Decimal(service["list_price_used"]["decimal"]))
    assert drafted["net"] == money(rate * 15 // 2, "JPY")


async def test_a_draft_is_posted_once_and_gets_a_number(desk: Desk) -> None:
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    drafted = await desk.applied("draft_invoice", order)
    post = post_invoice(order, drafted["record"])
    before = await desk.found("post_invoice", post)
    posted = await desk.applied("post_invoice", post)

    assert before is None
    assert posted["number"].startswith("GB01-")
    assert (posted["record"], posted["total"]) == (drafted["record"], money(22_800))
    assert await desk.applied("post_invoice", post) == posted == await desk.found("post_invoice", post)
    assert await desk.applied("draft_invoice", order) == drafted


async def test_a_date_in_the_future_is_confirmed(desk: Desk) -> None:
    command, made = await desk.project(legal_entity="JP01")
    billed = await desk.billed(await desk.posted(command, made, 60))
    order = draft_invoice(command, made, billed, invoice_date=today() + timedelta(days=5))
    drafted = await desk.applied("draft_invoice", order)
    posted = await desk.applied("post_invoice", post_invoice(order, drafted["record"]))
    assert posted["number"].startswith("JP01-")


async def test_an_invoice_in_a_closed_period_is_refused_as_policy(desk: Desk) -> None:
    command, made = await desk.project()
    billed = await desk.billed(await desk.posted(command, made, 60))
    order = draft_invoice(command, made, billed, invoice_date=today() - timedelta(days=75))
    drafted = await desk.applied("draft_invoice", order)
    refusal = await desk.refused("post_invoice", post_invoice(order, drafted["record"]))
    assert isinstance(refusal, Rejected) and refusal.category == "policy" and "is closed" in refusal.why


async def test_a_lost_answer_to_a_posting_is_found(desk: Desk) -> None:
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    post = post_invoice(order, (await desk.applied("draft_invoice", order))["record"])
    desk.wire.lose_once("model.account.invoice.post", "after")
    lost = await desk.refused("post_invoice", post)
    found = await desk.found("post_invoice", post)

    assert isinstance(lost, Unsure)
    assert found is not None and await desk.applied("post_invoice", post) == found


async def test_another_ones_invoice_is_not_posted(desk: Desk) -> None:
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    drafted = await desk.applied("draft_invoice", order)
    wrong = post_invoice(order, drafted["record"], invoice="INV-OTHER")
    refusal = await desk.refused("post_invoice", wrong)
    assert isinstance(refusal, Rejected) and refusal.category == "conflict"
