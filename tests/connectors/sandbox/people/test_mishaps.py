"""Mishaps are planned as data, brought about by people, and mended by people."""

from datetime import date
from random import Random
from typing import Any

import pytest

from services.sandbox.firm import Deal
from services.sandbox.people import KINDS, TRYTON_KINDS, Mishap, People, Refused, Scenario, plan

MONDAY = date(2026, 11, 2)


def scenario(town: Any, *mishaps: Mishap) -> Scenario:
    return Scenario(mishaps, People(sales=town.sales, delivery=town.delivery, finance=town.finance))


async def attempt(town: Any, deal: Deal) -> str:
    """Post one approved entry of the deal; what NetSuite said, nothing where it was content."""
    row = (await town.clerk.approved(deal.number))[0]
    try:
        made = await town.clerk.post_one(row, town.clerk.jobs[deal.number])
    except Refused as refusal:
        return refusal.words
    await town.clerk.books.write("DELETE", f"timeBill/{made}")
    return ""


def test_one_seed_plans_one_scenario_with_a_deal_for_each_kind(town: Any) -> None:
    first, second = (plan(town.firm, Random(5)) for _ in range(2))
    assert first == second
    assert {mishap.kind for mishap in first} == set(KINDS)
    assert len({mishap.deal.number for mishap in first}) == len(KINDS)
    (rate,) = (mishap for mishap in first if mishap.kind == "missing-rate")
    assert rate.deal.contract_type == "time-and-materials"


def test_too_few_deals_are_refused(town: Any) -> None:
    with pytest.raises(ValueError, match="no deal is left for"):
        plan(town.firm, Random(5), deals=town.firm.deals[:3])
    assert len(plan(town.firm, Random(5), deals=town.firm.deals[:3], kinds=TRYTON_KINDS)) == 3


async def test_a_missing_hand_over_field_comes_and_goes(town: Any) -> None:
    mishap = Mishap(kind="missing-handover", deal=town.hourly, detail="Start_Date__c")
    play = scenario(town, mishap)
    assert play.of(town.hourly) == mishap
    assert play.of(town.fixed) is None

    async def start() -> Any:
        rows = await town.documents("salesforce", "Opportunity")
        return next(row["Start_Date__c"] for row in rows if row["Deal_Number__c"] == town.hourly.number)

    await play.provoke(mishap)
    assert await start() is None
    await play.mend(mishap)
    assert await start() == town.hourly.start.isoformat()


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("project-on-hold", "", "does not allow time"),
        ("missing-rate", "everyone's", "Rate"),
        ("closed-period", "2026-11", "closed accounting period"),
    ],
)
async def test_finance_stops_time_and_lets_it_through_again(
    town: Any, kind: Any, detail: str, words: str
) -> None:
    deal = town.hourly
    await town.win(deal)
    await town.work(deal, MONDAY, MONDAY)
    if kind == "missing-rate":
        row = (await town.clerk.approved(deal.number))[0]
        person = (await town.employees())[row["user_id"]]
        detail = next(one.labour_category for one in town.firm.consultants if one.number == person)
    mishap = Mishap(kind=kind, deal=deal, detail=detail)
    play = scenario(town, mishap)
    await play.provoke(mishap)
    assert words in await attempt(town, deal)
    await play.mend(mishap)
    assert await attempt(town, deal) == ""


async def test_a_rate_that_comes_back_is_the_firms(town: Any) -> None:
    deal = town.hourly
    before = await town.documents("netsuite", "billingRateCard")
    card = next(one for one in town.firm.rate_cards if one.code == deal.rate_card)
    await town.finance.remove_rate(card.code, "SENIOR")
    await town.finance.add_rate(card.code, "SENIOR")
    after = await town.documents("netsuite", "billingRateCard")

    def prices(cards: list[dict[str, Any]]) -> dict[str, set[tuple[str, str]]]:
        return {one["externalId"]: {(line["serviceItem"], line["rate"]) for line in one["pricing"]}
                for one in cards}  # fmt: skip

    assert prices(after) == prices(before)


async def test_a_task_is_completed_and_reopened_in_delivery(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    title = town.firm.package(deal.package).tasks[1]
    mishap = Mishap(kind="inactive-task", deal=deal, detail=title)
    play = scenario(town, mishap)
    states = []
    for act in (play.provoke, play.mend):
        await act(mishap)
        stories = await town.documents("kantata", "stories")
        states.append(next(row["state"] for row in stories if row["title"] == title))
    assert states == ["completed", "reopened"]
