"""Customers against a real Tryton: one party for each client number, kept as the CRM has it."""

import pytest

from services.adapterkit.families import Rejected, Unsure
from tests.support.tryton_firm import Desk, ensure_customer

pytestmark = pytest.mark.slow

SEEN = ["code", "name", "addresses.street_unstructured", "addresses.city", "addresses.country.code",
        "identifiers.code", "contact_mechanisms.value", "customer_payment_term"]  # fmt: skip


async def test_a_customer_is_made_under_its_client_number(desk: Desk) -> None:
    command = ensure_customer()
    made = await desk.applied("ensure_customer", command)
    row = desk.row("party.party", made["record"], *SEEN)

    assert row["code"] == command.customer.id
    assert (row["name"], row["addresses."][0]["city"]) == ("Kestrel Foods plc", "Leeds")
    assert row["addresses."][0]["country."]["code"] == "GB"
    assert row["identifiers."][0]["code"] == "GB123456789"
    assert row["contact_mechanisms."][0]["value"] == "ap@kestrelfoods.example"
    assert row["customer_payment_term"] is not None


async def test_the_same_customer_twice_is_one_party_that_is_not_touched(desk: Desk) -> None:
    command = ensure_customer()
    first = await desk.applied("ensure_customer", command)
    stamp = desk.row("party.party", first["record"], "last_modified_at")
    second = await desk.applied("ensure_customer", command)

    assert second == first
    assert desk.row("party.party", first["record"], "last_modified_at") == stamp


async def test_a_changed_customer_is_changed_in_place(desk: Desk) -> None:
    command = ensure_customer()
    made = await desk.applied("ensure_customer", command)
    number = command.customer.id
    await desk.applied(
        "ensure_customer", ensure_customer(number, name="Kestrel Group", city="York", email="new@k.example")
    )
    row = desk.row("party.party", made["record"], *SEEN)

    assert (row["name"], [each["city"] for each in row["addresses."]]) == ("Kestrel Group", ["York"])
    assert [each["value"] for each in row["contact_mechanisms."]] == ["new@k.example"]
    assert [each["code"] for each in row["identifiers."]] == ["GB123456789"]


async def test_what_the_crm_does_not_state_stays_as_finance_has_it(desk: Desk) -> None:
    command = ensure_customer()
    made = await desk.applied("ensure_customer", command)
    bare = ensure_customer(command.customer.id, street=None, city=None, postal_code=None, country=None,
                           email=None, tax_number=None)  # fmt: skip
    await desk.applied("ensure_customer", bare)
    row = desk.row("party.party", made["record"], *SEEN)

    assert row["addresses."][0]["street_unstructured"] == "12 Market Street"
    assert row["contact_mechanisms."][0]["value"] == "ap@kestrelfoods.example"


async def test_an_older_state_of_a_customer_proves_nothing(desk: Desk) -> None:
    command = ensure_customer()
    await desk.applied("ensure_customer", command)
    renamed = ensure_customer(command.customer.id, name="Kestrel Group")

    assert await desk.found("ensure_customer", command) is not None
    assert await desk.found("ensure_customer", renamed) is None
    assert await desk.found("ensure_customer", ensure_customer()) is None


async def test_a_customer_whose_answer_was_lost_is_found(desk: Desk) -> None:
    command = ensure_customer()
    desk.wire.lose_once("model.party.party.create", "after")
    lost = await desk.refused("ensure_customer", command)
    found = await desk.found("ensure_customer", command)

    assert isinstance(lost, Unsure)
    assert found is not None
    assert await desk.applied("ensure_customer", command) == found


async def test_an_unknown_country_and_an_unknown_entity_are_refused_in_words(desk: Desk) -> None:
    country = await desk.refused("ensure_customer", ensure_customer(country="XX"))
    entity = await desk.refused("ensure_customer", ensure_customer(legal_entity="FR01"))

    assert isinstance(country, Rejected) and "no country XX" in country.why
    assert isinstance(entity, Rejected) and "FR01" in entity.why


async def test_a_customer_of_no_entity_is_made_all_the_same(desk: Desk) -> None:
    made = await desk.applied("ensure_customer", ensure_customer(legal_entity=None))
    assert desk.row("party.party", made["record"], "name")["name"] == "Kestrel Foods plc"
