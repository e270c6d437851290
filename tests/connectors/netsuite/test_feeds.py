from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.types import Money
from services.adapterkit.families import Rejected
from services.erp_adapter.connectors.netsuite import Options
from services.erp_adapter.connectors.netsuite.changes import ProjectRow, project_state
from services.erp_adapter.connectors.netsuite.reference import PeriodRow, is_month
from tests.support import netsuite_account
from tests.support.netsuite_account import (
    ENGAGEMENT,
    Account,
    create_project,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
)


def project_row(**changes: Any) -> ProjectRow:
    return ProjectRow(**{"id": 1, "changed": "2026-11-20T10:00:00Z", "externalid": "FL-D-1", **changes})


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "active"),
        ({"entitystatus": "2"}, "active"),
        ({"allowtime": "F"}, "on-hold"),
        ({"entitystatus": 7}, "on-hold"),
        ({"entitystatus": "1"}, "closed"),
        ({"isinactive": "T"}, "closed"),
        ({"isinactive": "T", "allowtime": "F"}, "closed"),
    ],
)
def test_a_projects_flags_and_status_say_whether_work_may_be_booked(
    changes: dict[str, Any], state: str
) -> None:
    options = Options(held_project_statuses=frozenset({"7"}))
    assert project_state(project_row(**changes), options) == state


@pytest.mark.parametrize(
    ("start", "end", "month"),
    [
        (date(2026, 2, 1), date(2026, 2, 28), True),
        (date(2026, 10, 26), date(2026, 11, 29), True),
        (date(2026, 12, 31), date(2026, 12, 31), False),
        (date(2026, 10, 1), date(2026, 12, 31), False),
    ],
)
def test_only_months_are_periods_of_postings(start: date, end: date, month: bool) -> None:
    assert is_month(PeriodRow(id=1, startdate=start, enddate=end, closed="F")) is month


async def test_every_entity_has_its_own_periods(account: Account) -> None:
    page = await account.poll("periods")
    held = {one.record: one.contract for one in page.observed}
    assert len(held) == len(page.observed) == 4 * 24
    assert (held["US01/2026-11"].open, held["US01/2026-08"].open) == (True, False)
    assert (held["US01/2026-11"].start, held["US01/2026-11"].end) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (page.watermark, page.more) == ("0", False)
    await account.change("accountingPeriod/eid:AP-DE01-2026-10", {"closed": True})
    held = {one.record: one.contract for one in (await account.poll("periods", page.watermark)).observed}
    assert (held["DE01/2026-10"].open, held["US01/2026-10"].open) == (False, True)


async def test_entities_that_share_a_calendar_share_its_periods() -> None:
    async with netsuite_account.account() as account:
        us = next(one["id"] for one in await account.held("subsidiary") if one["externalId"] == "US01")
        await account.change("subsidiary/eid:GB01", {"fiscalCalendar": {"id": us}})
        await account.change("accountingPeriod/eid:AP-US01-2026-10", {"closed": True})
        held = {one.record: one.contract for one in (await account.poll("periods")).observed}
        assert held["GB01/2026-10"].open is held["US01/2026-10"].open is False


async def test_an_account_without_calendars_has_one_set_of_periods_for_all() -> None:
    one = Options(legal_entities=("US01", "GB01"), fiscal_calendars=False)
    async with netsuite_account.account(one) as account:
        records = [seen.record for seen in (await account.poll("periods")).observed]
        assert {record.partition("/")[0] for record in records} == {"US01", "GB01"}
        assert records.count("US01/2026-11") == records.count("GB01/2026-11") == 4


async def test_rate_cards_price_labour_categories(account: Account) -> None:
    page = await account.poll("rate-cards")
    cards = {one.record: one.contract for one in page.observed}
    assert set(cards) == {"RC-US01-STD", "RC-GB01-STD", "RC-DE01-STD", "RC-JP01-STD"}
    assert cards["RC-US01-STD"].currency == "USD"
    assert cards["RC-US01-STD"].rates["SENIOR"] == Decimal(240)
    assert set(cards["RC-JP01-STD"].rates) == {"PARTNER", "PRINCIPAL", "SENIOR", "CONSULTANT", "ANALYST"}
    assert not any(one.retracts for one in page.observed)


async def test_a_rate_card_made_inactive_is_withdrawn(account: Account) -> None:
    await account.change("billingRateCard/eid:RC-GB01-STD", {"isInactive": True})
    withdrawn = [one for one in (await account.poll("rate-cards")).observed if one.retracts]
    assert [(one.record, one.contract.rates) for one in withdrawn] == [("RC-GB01-STD", {})]


async def test_projects_on_hold_and_closed_are_seen_and_others_are_not_ours(account: Account) -> None:
    _, project, _ = await account.project()
    foreign = {"companyName": "Somebody's own", "subsidiary": {"externalId": "US01"}, "externalId": "OWN-1"}
    await account.change("job", {**foreign, "projectExpenseType": {"id": "-2"}}, "POST")
    first = await account.poll("projects")
    assert [(one.record, one.contract.engagement, one.contract.state) for one in first.observed] == [
        (project, ENGAGEMENT, "active")
    ]
    await account.change(f"job/{project}", {"allowTime": False})
    second = await account.poll("projects", first.watermark)
    assert [one.contract.state for one in second.observed] == ["on-hold"]
    account.watch.moved += 600
    await account.change(f"job/{project}", {"isInactive": True})
    third = await account.poll("projects", second.watermark)
    assert [one.contract.state for one in third.observed] == ["closed"]
    account.watch.moved += 600
    assert len((await account.poll("projects", third.watermark)).observed) == 1, "the overlap repeats it"
    assert (await account.poll("projects", "2026-11-21T00:00:00Z")).watermark == "2026-11-21T00:00:00Z"


async def test_an_empty_account_keeps_its_place(account: Account) -> None:
    page = await account.poll("projects")
    assert (page.observed, page.more) == ([], False)
    assert await account.poll("projects", page.watermark) == page


async def test_a_change_stamped_before_the_last_one_seen_is_not_missed(account: Account) -> None:
    """A transaction that began earlier may be seen later: that is what the overlap is for."""
    customer, project, _ = await account.project()
    account.watch.moved += 60
    await account.applied("create_project", create_project(customer, "D-00043", code="P-43"))
    watermark = (await account.poll("projects")).watermark
    seen = {one.record for one in (await account.poll("projects", watermark)).observed}
    assert project in seen


async def test_a_long_read_goes_on_behind_the_last_row_and_reads_each_once(account: Account) -> None:
    customer = (await account.applied("ensure_customer", ensure_customer()))["record"]
    bodies = [
        {
            "externalId": f"FL-D-{number:05d}",
            "companyName": f"Project {number}",
            "parent": {"id": customer},
            "subsidiary": {"externalId": "US01"},
            "projectExpenseType": {"id": "-2"},
        }
        for number in range(1, 1101)
    ]
    for start in range(0, len(bodies), 100):
        reply = await account.people.put(
            "/services/rest/record/v1/job",
            json={"items": bodies[start : start + 100]},
            headers={
                "content-type": "application/vnd.oracle.resource+json; type=collection",
                "prefer": "respond-async",
            },
        )
        assert reply.status_code == 202
    account.watch.moved += 60
    first = await account.poll("projects")
    assert (first.more, len(first.observed)) == (True, 1000)
    assert "/" in first.watermark
    second = await account.poll("projects", first.watermark)
    assert (second.more, len(second.observed)) == (False, 100)
    assert len({one.record for one in [*first.observed, *second.observed]}) == 1100
    assert "/" not in second.watermark


async def test_an_invoice_is_followed_from_draft_to_paid(account: Account) -> None:
    customer, project, tasks = await account.project()
    time = (await account.applied("post_time", post_time(project, tasks["DESIGN"])))["record"]
    drafted = await account.applied("draft_invoice", draft_invoice(customer, project, [(85, time)]))

    async def state() -> tuple[str, int, int]:
        [seen] = (await account.poll("invoices")).observed
        assert seen.record == seen.contract.record == drafted["record"]
        assert (seen.contract.engagement, seen.contract.invoice) == (ENGAGEMENT, "INV-7")
        assert seen.contract.total == Money(amount=36_000, currency="USD")
        return seen.contract.state, seen.contract.paid.amount, seen.contract.version

    assert await state() == ("draft", 0, 0)
    await account.applied("post_invoice", post_invoice(drafted["record"]))
    assert await state() == ("open", 0, 0)
    for amount, expected in ((100.1, ("open", 10_010, 0)), (259.9, ("paid", 36_000, 0))):
        line = {"apply": True, "doc": {"id": drafted["record"]}, "amount": amount}
        payment = {"customer": {"id": customer}, "apply": {"items": [line]}, "payment": amount}
        await account.change("customerPayment", payment, "POST")
        assert await state() == expected


async def test_a_status_without_a_meaning_stops_the_feed_with_a_reason() -> None:
    narrow = Options(invoice_states={"A": "open"}, job_poll_seconds=0.03)
    async with netsuite_account.account(narrow) as account:
        customer, project, _ = await account.project()
        await account.applied("draft_invoice", draft_invoice(customer, project, [], [("AGREED", 400_000)]))
        with pytest.raises(Rejected, match="invoice_states"):
            await account.poll("invoices")
