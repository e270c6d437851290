"""Annotating opportunities of an org over HTTP."""

from typing import Any

import pytest

from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from tests.support.salesforce_org import SalesforceOrg, annotate, money, salesforce_org

DEALS = ("D-00001", "D-00002", "D-00003", "D-00004")
ONE = {"method": "PATCH", "path": "*/sobjects/Opportunity/*"}
MANY = {"method": "PATCH", "path": "*/composite/sobjects"}


async def records(org: SalesforceOrg) -> list[str]:
    return [await org.opportunity(deal) for deal in DEALS]


def currency(org: SalesforceOrg, deal: str = DEALS[0]) -> str:
    return next(one.currency for one in org.firm.deals if one.number == deal)


async def shown(org: SalesforceOrg, field: str) -> list[Any]:
    return [(await org.record("Opportunity", deal))[field] for deal in DEALS]


async def test_an_annotation_is_shown_and_what_it_leaves_out_is_left_alone(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    before = await org.record("Opportunity", DEALS[0])
    assert await org.apply(annotate(record, engagement_status="On hold", problem="No rate card.")) == [{}]
    priced: dict[str, Any] = {
        "billing_status": "Invoiced",
        "invoiced": money(1_250, currency(org)),
        "paid": money(0, currency(org)),
    }
    assert await org.apply(annotate(record, **priced)) == [{}]
    after = await org.record("Opportunity", DEALS[0])
    changed = {name: value for name, value in after.items() if value != before[name] and name.endswith("__c")}
    assert changed == {
        "Engagement_Status__c": "On hold",
        "Handover_Problem__c": "No rate card.",
        "Billing_Status__c": "Invoiced",
        "Invoiced_Amount__c": 1250 if currency(org) == "JPY" else 12.5,
        "Paid_Amount__c": 0,
    }


async def test_an_empty_problem_clears_it(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    await org.apply(annotate(record, problem="No rate card."))
    assert await org.apply(annotate(record, problem="")) == [{}]
    assert (await org.record("Opportunity", DEALS[0]))["Handover_Problem__c"] is None


async def test_the_same_annotation_twice_shows_the_same(org: SalesforceOrg) -> None:
    said = annotate(await org.opportunity(DEALS[0]))
    assert await org.apply(said) == await org.apply(said) == [{}]
    assert await shown(org, "Project_Code__c") == ["P-D-00001", None, None, None]


async def test_find_tells_whether_it_is_shown(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    said = annotate(record, problem="two\nlines ", invoiced=money(77, currency(org)))
    assert await org.find(said) is None
    await org.apply(said)
    assert await org.find(said) == {}
    await org.change("Opportunity", record, Handover_Problem__c="two lines")
    assert await org.find(said) is None


async def test_find_takes_no_amount_of_another_currency_for_proof(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    said = annotate(record, paid=money(500, currency(org)))
    await org.apply(said)
    other = "GBP" if currency(org) != "GBP" else "USD"
    await org.change("Opportunity", record, CurrencyIsoCode=other)
    assert await org.find(said) is None


async def test_find_finds_nothing_on_an_opportunity_that_is_not_there(org: SalesforceOrg) -> None:
    assert await org.find(annotate("006000000000001AAA")) is None
    assert await org.find(annotate("../Account")) is None


async def test_several_go_in_one_call(org: SalesforceOrg) -> None:
    outcomes = await org.apply(*[annotate(record, project_code=record) for record in await records(org)])
    assert outcomes == [{}] * 4
    assert await shown(org, "Project_Code__c") == await records(org)
    assert await org.calls("PATCH", "/composite/sobjects") == 1


async def test_what_fails_in_a_call_of_many_fails_alone(org: SalesforceOrg) -> None:
    first, second, third, fourth = await records(org)
    await org.control("lock_row", id=third, times=1)
    outcomes = await org.apply(
        annotate(first),
        annotate(second, project_code="x" * 41),
        annotate("006000000000001AAA"),
        annotate(third),
        annotate("no record"),
        annotate(fourth),
    )
    applied, too_long, missing, locked, nonsense, last = outcomes
    assert applied == last == {}
    assert isinstance(too_long, Rejected) and too_long.category == "data"
    assert too_long.why.startswith("STRING_TOO_LONG: Project Code: data value too large")
    assert isinstance(missing, Rejected) and "INVALID_CROSS_REFERENCE_KEY" in missing.why
    assert isinstance(locked, Throttled) and "UNABLE_TO_LOCK_ROW" in locked.why
    assert isinstance(nonsense, Rejected) and "'no record'" in nonsense.why
    assert await shown(org, "Project_Code__c") == ["P-D-00001", None, None, "P-D-00001"]


async def test_one_alone_fails_in_the_vendors_words(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    [too_long] = await org.apply(annotate(record, project_code="x" * 41))
    assert (
        isinstance(too_long, Rejected)
        and "STRING_TOO_LONG" in too_long.why
        and "Project_Code__c" in too_long.why
    )
    [missing] = await org.apply(annotate("006000000000001AAA"))
    assert isinstance(missing, Rejected) and missing.why.startswith("404: NOT_FOUND")
    await org.control("lock_row", id=record, times=1)
    [locked] = await org.apply(annotate(record))
    assert isinstance(locked, Throttled)


async def test_amounts_in_another_currency_are_refused_and_the_rest_goes_through(org: SalesforceOrg) -> None:
    first, second, *_ = await records(org)
    other = "GBP" if currency(org) != "GBP" else "USD"
    refused, applied = await org.apply(annotate(first, paid=money(100, other)), annotate(second))
    assert isinstance(refused, Rejected) and refused.why == (
        f"the opportunity is held in {currency(org)}, the amounts are in {other}"
    )
    assert applied == {}
    assert await shown(org, "Paid_Amount__c") == [None] * 4


async def test_in_an_org_with_one_currency_that_one_counts() -> None:
    async with salesforce_org(multi_currency=False, corporate_currency="USD") as org:
        record = await org.opportunity(DEALS[0])
        [euros] = await org.apply(annotate(record, paid=money(100, "EUR")))
        assert isinstance(euros, Rejected)
        said = annotate(record, paid=money(100, "USD"))
        assert await org.apply(said) == [{}]
        assert await org.find(said) == {}


async def test_nothing_to_write_is_shown_already() -> None:
    async with salesforce_org(annotation={"project_code": None, "engagement_status": None}) as org:
        said = annotate("006000000000001AAA")
        assert await org.apply(said) == [{}]
        assert await org.find(said) == {}


async def test_annotations_of_one_opportunity_keep_their_order(org: SalesforceOrg) -> None:
    first, second, *_ = await records(org)
    outcomes = await org.apply(
        *[annotate(first, revision=n, project_code=f"P-{n}") for n in range(1, 4)], annotate(second)
    )
    assert outcomes == [{}] * 4
    assert await shown(org, "Project_Code__c") == ["P-3", "P-D-00001", None, None]


async def test_an_annotation_waits_for_the_one_before_it(org: SalesforceOrg) -> None:
    first, second, *_ = await records(org)
    await org.control("lock_row", id=first, times=1)
    locked, late, other = await org.apply(
        annotate(first, project_code="P-1"), annotate(first, revision=2, project_code="P-2"), annotate(second)
    )
    assert isinstance(locked, Throttled) and isinstance(late, Unavailable) and other == {}
    assert await shown(org, "Project_Code__c") == [None, "P-D-00001", None, None]


async def test_an_annotation_does_not_wait_for_one_that_was_refused(org: SalesforceOrg) -> None:
    record = await org.opportunity(DEALS[0])
    refused, applied = await org.apply(annotate(record, project_code="x" * 41), annotate(record, revision=2))
    assert isinstance(refused, Rejected) and applied == {}


@pytest.mark.parametrize(("count", "match"), [(1, ONE), (4, MANY)])
@pytest.mark.parametrize(
    ("do", "family", "done"),
    [
        ({"after_commit": "drop_response"}, Unsure, True),
        ({"before_commit": "drop_connection"}, Unsure, False),
        ({"after_commit": {"status": 504}}, Unsure, True),
        ({"after_commit": {"status": 200, "body": "<html>Welcome</html>"}}, Unsure, True),
        ({"status": 500, "body": "<html>oops</html>"}, Unsure, False),
        ({"status": 302, "headers": {"location": "https://login.salesforce.com"}}, Unsure, False),
        ({"status": 429, "headers": {"retry-after": "7"}}, Throttled, False),
        (
            {"status": 503, "body": [{"errorCode": "SERVER_UNAVAILABLE", "message": "busy"}]},
            Unavailable,
            False,
        ),
        (
            {"status": 403, "body": [{"errorCode": "API_DISABLED_FOR_ORG", "message": "off"}]},
            Unauthorised,
            False,
        ),
        (
            {"status": 401, "body": [{"errorCode": "INVALID_SESSION_ID", "message": "off"}]},
            Unauthorised,
            False,
        ),
    ],
)
async def test_whatever_happens_on_the_way_is_found_out(
    org: SalesforceOrg,
    count: int,
    match: dict[str, str],
    do: dict[str, Any],
    family: type[Family],
    done: bool,
) -> None:
    """Negative control: `find` tells the writes that were carried out from those that were not."""
    said = [annotate(record) for record in (await records(org))[:count]]
    await org.faults({"match": match, "do": do})
    outcomes = await org.apply(*said)
    assert [type(outcome) for outcome in outcomes] == [family] * count
    assert [await org.find(one) for one in said] == [{} if done else None] * count


async def test_an_expired_session_is_renewed(org: SalesforceOrg) -> None:
    said = annotate(await org.opportunity(DEALS[0]))
    await org.apply(said)
    await org.control("expire_tokens")
    assert await org.apply(said) == [{}]


async def test_a_days_calls_used_up_is_no_question_of_rights(org: SalesforceOrg) -> None:
    said = annotate(await org.opportunity(DEALS[0]))
    await org.control("set_quota", daily=0)
    [family] = await org.apply(said)
    assert isinstance(family, Throttled) and family.retry_after == 900.0
    assert "REQUEST_LIMIT_EXCEEDED" in family.why


async def test_an_unknown_client_is_unauthorised() -> None:
    async with salesforce_org(secret="wrong") as org:
        [family] = await org.apply(annotate("006000000000001AAA"))
        assert isinstance(family, Unauthorised) and "wrong" not in family.why
