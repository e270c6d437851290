from datetime import date
from decimal import Decimal

import pytest

from contracts.types import Money
from services.erp_adapter.connectors.netsuite import Options, bodies
from services.erp_adapter.connectors.netsuite.external_ids import ExternalIds
from services.erp_adapter.connectors.netsuite.money import major, money_of
from tests.support.netsuite_account import create_project, customer, draft_invoice, plan, post_time

IDS, OPTIONS = ExternalIds("FL"), Options()


@pytest.mark.parametrize(
    ("minutes", "text"), [(0, "0:00"), (5, "0:05"), (90, "1:30"), (6000, "100:00"), (-30, "-0:30")]
)
def test_minutes_become_hours_and_minutes(minutes: int, text: str) -> None:
    assert bodies.hours(minutes) == text


@pytest.mark.parametrize(
    ("money", "units"),
    [
        (Money(amount=1234, currency="EUR"), "12.34"),
        (Money(amount=-1, currency="USD"), "-0.01"),
        (Money(amount=1234, currency="JPY"), "1234"),
        (Money(amount=1234, currency="KWD"), "1.234"),
    ],
)
def test_money_keeps_its_currency_digits_both_ways(money: Money, units: str) -> None:
    assert major(money) == Decimal(units)
    assert money_of(Decimal(units), money.currency) == money


def test_float_noise_is_rounded_half_up_to_the_minor_unit() -> None:
    assert money_of(Decimal("0.30000000000000004"), "USD") == Money(amount=30, currency="USD")
    assert money_of(Decimal("10.005"), "USD") == Money(amount=1001, currency="USD")


def test_a_time_bill_names_everything_by_the_firms_own_numbers_and_states_no_rate() -> None:
    assert bodies.time_bill(post_time("5", "6"), OPTIONS) == {
        "employee": {"externalId": "EMP-0001"},
        "customer": {"id": "5"},
        "caseTaskEvent": {"id": "6"},
        "item": {"externalId": "ITEM-SENIOR"},
        "tranDate": "2026-11-18",
        "hours": "1:30",
        "isBillable": True,
        "memo": "kantata:85#1",
        "approvalStatus": {"id": "3"},
    }


def test_a_late_posting_says_when_the_work_was_done() -> None:
    body = bodies.time_bill(post_time("5", "6", work_date=date(2026, 9, 30)), OPTIONS)
    assert (body["tranDate"], body["memo"]) == ("2026-11-18", "kantata:85#1 worked 2026-09-30")


def test_a_customer_says_nothing_that_the_crm_does_not_say() -> None:
    bare = customer(street=None, city=None, postal_code=None, country=None, tax_number=None, email=None)
    assert bodies.customer(bare, parent=None, line=None) == {
        "companyName": "Kestrel Foods Inc.",
        "isPerson": False,
    }


def test_a_known_billing_address_is_changed_in_its_own_line() -> None:
    body = bodies.customer(customer(), parent="9", line=3)
    place = {"addr1": "12 Market Street", "city": "Boston", "zip": "02108", "country": {"id": "US"}}
    assert body["addressBook"] == {"items": [{"line": 3, "addressBookAddress": place}]}
    assert body["parent"] == {"id": "9"}


def test_subsidiary_and_currency_are_said_of_new_customers_only() -> None:
    assert bodies.new_customer(customer(), {"externalId": "USD"}) == {
        "entityId": "C-0900 Kestrel Foods Inc.",
        "subsidiary": {"externalId": "US01"},
        "currency": {"externalId": "USD"},
    }
    assert (
        not {"subsidiary", "currency", "entityId"}
        & bodies.customer(customer(), parent=None, line=None).keys()
    )


@pytest.mark.parametrize(("contract", "billing"), [("fixed-fee", "3"), ("time-and-materials", "4")])
def test_the_contract_type_decides_how_a_project_is_billed(contract: str, billing: str) -> None:
    body = bodies.project(create_project("9", contract_type=contract), OPTIONS, {"id": "1"})
    assert body["jobBillingType"] == {"id": billing}


def test_a_project_carries_value_budget_dates_and_rate_card() -> None:
    body = bodies.project(create_project("9"), OPTIONS, {"externalId": "USD"})
    assert body["parent"] == {"id": "9"}
    assert body["billingRateCard"] == {"externalId": "RC-US01-STD"}
    assert (body["jobPrice"], body["estimatedTime"]) == (Decimal("10000.00"), Decimal("200.50"))
    assert (body["startDate"], body["projectedEndDate"]) == ("2026-11-01", "2027-02-28")


def test_a_milestone_is_a_task_due_on_the_day_of_its_instalment() -> None:
    whole = plan()
    body = bodies.milestone(whole.milestones[0], whole, "5")
    assert (body["finishByDate"], body["isMilestone"], body["message"]) == (
        "2026-12-31",
        True,
        "AGREED: 4000.00 USD",
    )
    assert "finishByDate" not in bodies.milestone(whole.milestones[0], plan(billing_schedule=()), "5")


def test_the_billing_schedule_points_at_its_milestones() -> None:
    lines = bodies.billing_schedule(create_project("9"), "5", IDS)["recurrence"]["items"]
    assert [(line["line"], line["date"], line["amount"]) for line in lines] == [
        (1, "2026-12-31", Decimal("4000.00")),
        (2, "2027-02-28", Decimal("6000.00")),
    ]
    assert lines[0]["milestone"] == {"externalId": "FL-D-00042_-MS_-AGREED"}


def test_an_invoice_applies_exactly_its_postings_and_numbers_its_fees() -> None:
    body = bodies.invoice(
        draft_invoice("9", "5", [(85, "901"), (86, "902")], [("AGREED", 400_000)]), OPTIONS, {"id": "1"}
    )
    assert body["time"] == {
        "items": [{"apply": True, "doc": {"id": "901"}}, {"apply": True, "doc": {"id": "902"}}]
    }
    assert body["item"]["items"] == [
        {
            "line": 1,
            "item": {"externalId": "ITEM-FIXED-FEE"},
            "quantity": 1,
            "rate": Decimal("4000.00"),
            "amount": Decimal("4000.00"),
            "description": "AGREED: Agreed",
        }
    ]
    assert (body["otherRefNum"], body["approvalStatus"]) == ("PO-100200", {"id": "1"})
