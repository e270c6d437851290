"""What a plan becomes at the vendor."""

from datetime import date

import pytest

from contracts.types import Money
from services.time_adapter.connectors.kantata import Options
from services.time_adapter.connectors.kantata.plan import named_stories, price, seat, story, workspace
from tests.support.kantata_account import ENGAGEMENT, plan, provision


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        (12_000_000, "USD", "120000.00"),
        (5, "EUR", "0.05"),
        (0, "GBP", "0.00"),
        (9_000_000, "JPY", "9000000"),
        (1_234_567, "KWD", "1234.567"),
        (-150, "USD", "-1.50"),
    ],
)
def test_prices_are_exact_in_every_currency(amount: int, currency: str, written: str):
    assert price(Money(amount=amount, currency=currency)) == written


def test_the_workspace_comes_with_its_reference_project_code_and_approvals():
    body = workspace(provision(), approver="7", rate_card="12", options=Options(service="acme"))
    assert body["external_reference"] == {
        "service_name": "acme",
        "service_model": "engagement",
        "service_model_ref": ENGAGEMENT,
        "status": "successful",
    }
    assert body["invoice_preference"] == {"project_code": "P-2026-0117", "purchase_order": "PO-44"}
    assert (body["require_time_approvals"], body["approver_id"], body["rate_card_id"]) == (True, "7", "12")


def test_what_the_plan_does_not_say_is_not_sent():
    body = workspace(provision(purchase_order=None), approver="7", rate_card=None, options=Options())
    assert body["invoice_preference"] == {"project_code": "P-2026-0117"}
    assert "rate_card_id" not in body


def test_tasks_and_milestones_are_named_apart():
    names = [(name.kind, name.ref) for name in named_stories(ENGAGEMENT, plan())]
    assert names == [
        ("task", "D-00042/T1"),
        ("task", "D-00042/T2"),
        ("task", "D-00042/T3"),
        ("milestone", "D-00042/M1"),
        ("milestone", "D-00042/M2"),
    ]


@pytest.mark.parametrize(("contract_type", "fixed"), [("time-and-materials", False), ("fixed-fee", True)])
def test_a_task_takes_time_and_is_billed_as_the_contract_says(contract_type: str, fixed: bool):
    agreed = plan(contract_type=contract_type)
    name, part = list(named_stories(ENGAGEMENT, agreed).items())[2]
    body = story("10", name, part, agreed, Options())
    assert body == {
        "workspace_id": "10",
        "title": "Handover",
        "story_type": "task",
        "time_trackable": True,
        "billable": False,
        "fixed_fee": fixed,
        "start_date": "2026-11-01",
        "due_date": "2027-03-31",
        "external_reference": {
            "service_name": "fairlead",
            "service_model": "task",
            "service_model_ref": "D-00042/T3",
            "status": "successful",
        },
    }


def test_a_milestone_takes_no_time_and_is_due_when_it_is_billed():
    first, second = list(named_stories(ENGAGEMENT, plan()).items())[3:]
    body = story("10", *first, plan(), Options())
    assert (body["story_type"], body["time_trackable"], body["budget_estimate_in_cents"]) == (
        "milestone",
        False,
        3_600_000,
    )
    assert body["due_date"] == date(2026, 12, 31).isoformat()
    assert "due_date" not in story("10", *second, plan(), Options())


def test_a_seat_is_on_the_providers_side():
    assert seat("10", "7") == {"workspace_id": "10", "user_id": "7", "role": "maven"}
