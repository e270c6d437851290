"""What an annotation writes, when it counts as shown, and how annotations are cut into calls. No vendor here."""

from decimal import Decimal
from typing import Any

import pytest

from services.adapterkit.families import Rejected
from services.crm_adapter.connectors.salesforce import Options
from services.crm_adapter.connectors.salesforce.annotation import body, foreign, rounds, shows
from services.crm_adapter.connectors.salesforce.api import ENCODER
from services.crm_adapter.connectors.salesforce.options import AnnotationFields
from tests.support.salesforce_org import annotate, money, write

FIELDS = Options().annotation
RECORD = "006000000000001AAA"
OTHER = "006000000000002AAA"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ({"engagement_status": "Active"}, {"Engagement_Status__c": "Active"}),
        ({"project_code": "P-7"}, {"Project_Code__c": "P-7"}),
        ({"billing_status": "Invoiced"}, {"Billing_Status__c": "Invoiced"}),
        ({"problem": "No rate card"}, {"Handover_Problem__c": "No rate card"}),
        ({"problem": ""}, {"Handover_Problem__c": None}),
        ({"invoiced": money(0)}, {"Invoiced_Amount__c": Decimal("0.00")}),
        ({"paid": money(-1250, "EUR")}, {"Paid_Amount__c": Decimal("-12.50")}),
    ],
)
def test_only_what_is_said_is_written(said: dict[str, Any], written: dict[str, Any]) -> None:
    assert body(annotate(RECORD, **said), FIELDS) == written


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (1250, "USD", "12.50"),
        (5, "EUR", "0.05"),
        (5000, "JPY", "5000"),
        (12345, "KWD", "12.345"),
        (9_999_999_999_999_999, "USD", "99999999999999.99"),
    ],
)
def test_an_amount_leaves_as_an_exact_json_number(amount: int, currency: str, text: str) -> None:
    written = body(annotate(RECORD, paid=money(amount, currency)), FIELDS)
    assert ENCODER.encode(written) == f'{{"Paid_Amount__c":{text}}}'.encode()


def test_fields_that_sales_does_not_want_are_not_written() -> None:
    fields = AnnotationFields.model_validate({"paid": None, "problem": None, "invoiced": "ns__Billed__c"})
    said = annotate(RECORD, paid=money(1), invoiced=money(2), problem="x")
    assert body(said, fields) == {"ns__Billed__c": Decimal("0.02")}


@pytest.mark.parametrize(
    ("held", "written", "shown"),
    [
        ("Active", "Active", True),
        ("On hold", "Active", False),
        (None, "Active", False),
        (None, None, True),
        ("x", None, False),
        ("two\r\nlines", "two\nlines", True),
        ("trimmed", " trimmed\n", True),
        (None, "  ", True),
        (12.5, Decimal("12.50"), False),
        (Decimal("12.5"), Decimal("12.50"), True),
        (12, Decimal("12.00"), True),
        (Decimal("12.51"), Decimal("12.50"), False),
        (None, Decimal("0.00"), False),
        ("12.50", Decimal("12.50"), False),
    ],
)
def test_a_field_shows_what_was_written(held: Any, written: Any, shown: bool) -> None:
    """12.5 as a float stands for a decoder that lost the exact text: that is never taken for proof."""
    assert shows({"A": held, "B": "anything"}, {"A": written}) is shown


def test_all_fields_have_to_show_it() -> None:
    assert not shows({"A": "x", "B": None}, {"A": "x", "B": "y"})


@pytest.mark.parametrize(
    ("said", "held", "refused"),
    [
        ({"paid": money(1, "USD")}, "USD", False),
        ({"paid": money(1, "EUR")}, "USD", True),
        ({"paid": money(1, "USD"), "invoiced": money(1, "EUR")}, "USD", True),
        ({"problem": "x"}, "USD", False),
    ],
)
def test_an_amount_in_another_currency_is_refused(said: dict[str, Any], held: str, refused: bool) -> None:
    assert isinstance(foreign(annotate(RECORD, **said), FIELDS, held), Rejected) is refused


def test_one_opportunity_stands_in_a_call_once_and_keeps_its_order() -> None:
    """The short form of an id names the same opportunity."""
    first, second, third = (
        write(annotate(RECORD)),
        write(annotate(RECORD, revision=2)),
        write(annotate(RECORD[:15])),
    )
    other = write(annotate(OTHER))
    assert rounds([first, second, other, third]) == [[first, other], [second], [third]]
    assert rounds([]) == []
