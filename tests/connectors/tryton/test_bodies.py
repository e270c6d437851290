"""Commands as Tryton's records."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from contracts.projects.v1 import BillingInstalment
from services.erp_adapter.connectors.tryton import bodies
from services.erp_adapter.connectors.tryton.customers import Address, Contact, Identifier, Party, changes
from tests.support.tryton_firm import (
    create_project,
    customer,
    draft_invoice,
    fixed_fee,
    gbp,
    post_time,
)

NOTHING = dict.fromkeys(("city", "street", "postal_code", "country", "tax_number", "email"))
MADE = {"record": "project:1", "tasks": {"DESIGN": "task:2", "INTERNAL": "task:3"}}


def test_a_project_is_one_record_with_everything_below_it() -> None:
    command = create_project("party:9", code="D-7", name="Data platform", **fixed_fee())
    body = bodies.project(command, company=1, party=9, fixed_fee=6)
    [[_, children]] = body["children"]

    assert (body["name"], body["project_invoice_method"], body["party"]) == ("D-7 Data platform", "effort", 9)
    assert body["effort_duration"] == {"__class__": "timedelta", "seconds": 721_800}
    assert [child["comment"] for child in children] == [
        "FL-E-D-7/task/DESIGN", "FL-E-D-7/task/INTERNAL", "FL-E-D-7/milestone/AGREED", "FL-E-D-7/milestone/LIVE",
    ]  # fmt: skip
    assert [child.get("list_price", {}).get("decimal") for child in children] == [
        None, None, "40000.00", "60000.50",
    ]  # fmt: skip
    assert [child.get("timesheet_available") for child in children] == [True, True, None, None]


def test_terms_that_tryton_has_no_field_for_are_readable() -> None:
    schedule = (
        BillingInstalment(due=date(2026, 12, 31), milestone="AGREED", amount=gbp(4_000_000)),
        BillingInstalment(due=date(2027, 1, 31)),
    )
    command = create_project("party:9", code="D-7", billing_schedule=schedule)
    lines = bodies.project(command, company=1, party=9, fixed_fee=None)["comment"].split("\n")
    assert lines == [
        "FL-E-D-7",
        "time-and-materials, 100,000.00 GBP, 2026-09-01 to 2027-02-28",
        "Service package DATA-PLAT, rate card RC-GB01-STD, tax profile GB-VAT20",
        "Manager EMP-0002; team EMP-0002, EMP-0006",
        "Purchase order PO-100200",
        "Billing schedule:",
        "  2026-12-31: milestone AGREED, 40,000.00 GBP",
        "  2027-01-31: the hours of the period",
    ]


def test_milestones_of_a_project_billed_by_the_hour_have_no_price() -> None:
    command = create_project("party:9", **{**fixed_fee(), "contract_type": "time-and-materials"})
    body = bodies.project(command, company=1, party=9, fixed_fee=None)
    assert not any("list_price" in child for child in body["children"][0][1])


def test_a_priced_task_carries_the_rate_of_its_category() -> None:
    body = bodies.priced_task(key="FL-E-1/task/A", name="Design", category="SENIOR", product=3,
                              price=Decimal("190.00"), parent=2, company=1)  # fmt: skip
    assert (body["name"], body["comment"]) == ("Design, Senior", "FL-E-1/task/A/SENIOR")
    assert (body["list_price"]["decimal"], body["product"], body["parent"]) == ("190.00", 3, 2)


def test_a_time_line_carries_key_minutes_and_posting_date() -> None:
    command = post_time(
        create_project("party:9"), MADE, entry="kantata:85", minutes=500, posting_date=date(2026, 11, 3)
    )
    body = bodies.time_line(key="kantata:85#1", text="Design, Senior", employee=4, work=5, on=command.posting_date,
                            minutes=command.minutes, company=1)  # fmt: skip
    assert body == {
        "company": 1, "employee": 4, "work": 5, "date": {"__class__": "date", "year": 2026, "month": 11, "day": 3},
        "duration": {"__class__": "timedelta", "seconds": 30_000}, "description": "kantata:85#1 | Design, Senior",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("purchase_order", "comment"),
    [("PO-1", "Engagement E-D-7\nPurchase order PO-1"), (None, "Engagement E-D-7")],
)
def test_an_invoice_says_what_it_is_for(purchase_order: str | None, comment: str) -> None:
    command = create_project("party:9", code="D-7")
    body = bodies.invoice(draft_invoice(command, MADE, invoice="INV-7", purchase_order=purchase_order))
    assert (body["reference"], body["comment"]) == ("INV-7", comment)


def test_a_bare_customer_has_only_name_and_number() -> None:
    bare = customer("C-1", **NOTHING)
    assert bodies.new_customer(bare, None) == {"code": "C-1", "name": "Kestrel Foods plc"}


HELD = Party(
    id=9, name="Kestrel Foods plc",
    addresses=(
        Address(id=1, street_unstructured="12 Market Street", city="Leeds", postal_code="LS1 4AP", country=2),
    ),
    identifiers=(Identifier(id=5, code="GB999", type="gb_vat"), Identifier(id=6, code="GB123456789")),
    contacts=(
        Contact(id=7, type="phone", value="123"), Contact(id=8, type="email", value="ap@kestrelfoods.example"),
    ),
)  # fmt: skip
EMPTY = Party(id=9, name="Kestrel Foods plc", addresses=(), identifiers=(), contacts=())


@pytest.mark.parametrize(
    ("held", "wanted", "expected"),
    [
        (HELD, {}, {}),
        (HELD, {"name": "Kestrel Group"}, {"name": "Kestrel Group"}),
        (HELD, {"city": "York"}, {"addresses": [["write", [1], {
            "street_unstructured": "12 Market Street", "city": "York", "postal_code": "LS1 4AP", "country": 2}]]}),
        (HELD, {"city": None, "street": None, "postal_code": None, "country": None}, {}),
        (HELD, {"tax_number": "GB1"}, {"identifiers": [["write", [6], {"code": "GB1"}]]}),
        (HELD, {"tax_number": "GB999"}, {}),
        (HELD, {"email": "new@k.example"}, {"contact_mechanisms": [["write", [8], {"value": "new@k.example"}]]}),
        (EMPTY, NOTHING, {}),
        (EMPTY, {"tax_number": None, "email": None}, {"addresses": [["create", [{
            "street_unstructured": "12 Market Street", "city": "Leeds", "postal_code": "LS1 4AP", "country": 2}]]]}),
    ],
)  # fmt: skip
def test_only_what_differs_is_written(held: Party, wanted: dict[str, Any], expected: dict[str, Any]) -> None:
    asked = customer("C-1", **wanted)
    assert changes(held, asked, 2 if asked.country else None) == expected
