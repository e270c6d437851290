"""What a won opportunity becomes."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from contracts.opportunities.v1 import Handover, OpportunityWon
from contracts.types import CustomerId, Money, OpportunityId, RecordId
from services.crm_adapter.connectors.salesforce import Options
from services.crm_adapter.connectors.salesforce.opportunities import (
    Opportunity,
    columns,
    money_of,
    opportunity_won,
    source,
    team_of,
    won,
)
from tests.support.salesforce_org import NAME

RECORD = RecordId("006000000000001AAA")


def opportunity(**changes: Any) -> Opportunity:
    given: dict[str, Any] = {
        "record": RECORD,
        "changed": datetime(2026, 11, 20, tzinfo=UTC),
        "name": "Kestrel: data platform",
        "number": "D-00042",
        "customer": "C-0007",
        "currency": "USD",
    }
    return Opportunity(**{**given, **changes})


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("120000", "USD", 12_000_000),
        ("120000.0", "USD", 12_000_000),
        ("1.2345678E7", "USD", 1_234_567_800),
        ("0.07", "EUR", 7),
        ("-15.5", "EUR", -1_550),
        ("5000000", "JPY", 5_000_000),
        ("12.345", "KWD", 12_345),
        ("99999999999999.99", "USD", 9_999_999_999_999_999),
    ],
)
def test_an_amount_is_exact_in_minor_units(amount: str, currency: str, units: int) -> None:
    assert money_of(Decimal(amount), currency) == Money(amount=units, currency=currency)


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.005", "USD"), ("1000.5", "JPY"), (None, "USD"), ("1", None)]
)
def test_an_amount_that_would_have_to_be_guessed_is_none(amount: str | None, currency: str | None) -> None:
    assert money_of(None if amount is None else Decimal(amount), currency) is None


@pytest.mark.parametrize(
    ("text", "team"),
    [
        (None, ()),
        ("EMP-0001", ("EMP-0001",)),
        ("EMP-0002;EMP-0001", ("EMP-0002", "EMP-0001")),
        (" EMP-0001 ; ;EMP-0002; ", ("EMP-0001", "EMP-0002")),
    ],
)
def test_a_team_is_split_at_semicolons(text: str | None, team: tuple[str, ...]) -> None:
    assert team_of(text) == team


def test_what_is_empty_in_the_crm_stays_empty() -> None:
    assert opportunity_won(opportunity(), NAME, Options()) == OpportunityWon(
        opportunity=OpportunityId("D-00042"), revision=0, name="Kestrel: data platform", handover=Handover(),
        customer=CustomerId("C-0007"), connection=NAME, record=RECORD,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "handed_over"),
    [
        ({"legal_entity": "DE01"}, {"legal_entity": "DE01"}),
        ({"contract_type": "Fixed Fee"}, {"contract_type": "Fixed Fee"}),
        ({"service_package": "DATA-PLAT"}, {"service_package": "DATA-PLAT"}),
        ({"rate_card": "RC-DE01-STD"}, {"rate_card": "RC-DE01-STD"}),
        ({"tax_profile": "DE-UST19"}, {"tax_profile": "DE-UST19"}),
        ({"amount": Decimal("12.5")}, {"amount": Money(amount=1250, currency="USD")}),
        ({"start": date(2026, 12, 1)}, {"start": date(2026, 12, 1)}),
        ({"end": date(2027, 3, 31)}, {"end": date(2027, 3, 31)}),
        ({"manager": "EMP-0009"}, {"manager": "EMP-0009"}),
        ({"team": "EMP-0001;EMP-0002"}, {"team": ("EMP-0001", "EMP-0002")}),
        ({"purchase_order": "PO-1"}, {"purchase_order": "PO-1"}),
    ],
)
def test_each_field_is_handed_over_in_the_crms_own_words(
    found: dict[str, Any], handed_over: dict[str, Any]
) -> None:
    assert opportunity_won(opportunity(**found), NAME, Options()).handover == Handover(**handed_over)


def test_without_a_deal_number_the_record_id_stands_in() -> None:
    observed = source(NAME, Options()).observed(opportunity(number=None))
    assert isinstance(observed.contract, OpportunityWon)
    assert {observed.record, observed.contract.opportunity, observed.contract.record} == {RECORD}


def test_an_org_with_one_currency_counts_in_that_one() -> None:
    options = Options(multi_currency=False, corporate_currency="JPY")
    assert "CurrencyIsoCode" not in columns(options).values()
    found = opportunity(currency=None, amount=Decimal("5000"))
    assert opportunity_won(found, NAME, options).handover.amount == Money(amount=5000, currency="JPY")


def test_what_we_write_is_not_read() -> None:
    written = set(Options().annotation.model_dump().values())
    assert not written & set(columns(Options()).values())


def test_old_deals_can_be_left_out() -> None:
    assert won(Options()) == "IsWon = true"
    assert won(Options(closed_from=date(2026, 1, 1))) == "IsWon = true AND CloseDate >= 2026-01-01"


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "1e18"])
def test_an_amount_that_no_field_can_hold_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="out of range"):
        opportunity(amount=Decimal(amount))
