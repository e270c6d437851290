"""What an account becomes as a customer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.customers.v1 import Customer, CustomerChanged
from contracts.types import CustomerId, RecordId
from services.crm_adapter.connectors.salesforce import Options
from services.crm_adapter.connectors.salesforce.customers import Account, columns, customer_changed, source
from tests.support.salesforce_org import NAME

RECORD = RecordId("001000000000001AAA")


def account(**changes: Any) -> Account:
    given: dict[str, Any] = {
        "record": RECORD,
        "changed": datetime(2026, 11, 20, tzinfo=UTC),
        "name": "Kestrel Foods Inc.",
        "number": "C-0007",
        "currency": "EUR",
    }
    return Account(**{**given, **changes})


def customer(**changes: Any) -> Customer:
    return Customer(**{"id": "C-0007", "name": "Kestrel Foods Inc.", "currency": "EUR", **changes})


def test_an_account_becomes_a_customer_under_its_client_number() -> None:
    changed = customer_changed(account(), NAME, Options())
    assert changed == CustomerChanged(
        id=CustomerId("C-0007"), version=0, customer=customer(), connection=NAME, record=RECORD
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("parent", "C-0001"),
        ("legal_entity", "DE01"),
        ("street", "Mill Road 3"),
        ("city", "Köln"),
        ("postal_code", "50667"),
        ("country", "DE"),
        ("tax_number", "DE123456789"),
        ("email", "ap@kestrel.example"),
        ("currency", "GBP"),
    ],
)
def test_each_field_of_the_account_is_carried_over(field: str, value: str) -> None:
    assert customer_changed(account(**{field: value}), NAME, Options()).customer == customer(**{field: value})


def test_an_org_with_one_currency_has_that_one() -> None:
    options = Options(multi_currency=False, corporate_currency="CHF")
    assert "CurrencyIsoCode" not in columns(options).values()
    assert customer_changed(account(currency=None), NAME, options).customer.currency == "CHF"


def test_fields_are_named_as_the_org_has_them() -> None:
    options = Options.model_validate(
        {"account": {"client_number": "fl__Client__c", "country": "BillingCountry", "tax_number": None}}
    )
    named = columns(options)
    assert named["number"] == "fl__Client__c" and named["parent"] == "Parent.fl__Client__c"
    assert named["country"] == "BillingCountry" and "tax_number" not in named


def test_a_client_number_that_moves_to_another_account_goes_on_counting() -> None:
    other = account(record="001000000000002AAA")
    observed = source(NAME, Options()).observed
    assert observed(account()).record == observed(other).record == "C-0007"
