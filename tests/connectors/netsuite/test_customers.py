from services.adapterkit.families import Rejected, Unsure
from tests.support.netsuite_account import Account, ensure_customer


async def test_the_same_customer_twice_is_one_record_and_one_write(account: Account) -> None:
    first = await account.applied("ensure_customer", ensure_customer())
    again = await account.applied("ensure_customer", ensure_customer())
    assert first == again
    held = [one for one in await account.held("customer") if one["externalId"] == "C-0900"]
    assert [one["id"] for one in held] == [first["record"]]
    assert await account.calls("PUT", "/customer/{}") == 1


async def test_a_customer_that_finance_made_before_is_the_same_customer(account: Account) -> None:
    before = {one["externalId"]: one["id"] for one in await account.held("customer")}
    made = await account.applied("ensure_customer", ensure_customer("C-0001", name="Renamed Inc."))
    assert made["record"] == before["C-0001"]
    [held] = [one for one in await account.held("customer") if one["externalId"] == "C-0001"]
    assert held["companyName"] == "Renamed Inc."


async def test_a_moved_customer_keeps_one_billing_address(account: Account) -> None:
    await account.applied("ensure_customer", ensure_customer())
    await account.applied("ensure_customer", ensure_customer(version=2, city="Chicago"))
    [held] = [one for one in await account.held("customer") if one["externalId"] == "C-0900"]
    assert [line["addressBookAddress"]["city"] for line in held["addressBook"]] == ["Chicago"]


async def test_the_group_is_kept_where_its_head_exists(account: Account) -> None:
    head = await account.applied("ensure_customer", ensure_customer("C-0800", name="Kestrel Holding"))
    child = await account.applied("ensure_customer", ensure_customer(parent="C-0800"))
    orphan = await account.applied("ensure_customer", ensure_customer("C-0700", name="Lone", parent="C-0666"))
    parents = {one["id"]: one.get("parent") for one in await account.held("customer")}
    assert parents[child["record"]] == head["record"]
    assert parents[orphan["record"]] is None


async def test_an_older_state_of_the_customer_is_no_proof(account: Account) -> None:
    made = await account.applied("ensure_customer", ensure_customer())
    assert await account.found("ensure_customer", ensure_customer()) == made
    assert (
        await account.found("ensure_customer", ensure_customer(version=2, email="new@kestrel.example"))
        is None
    )
    assert await account.found("ensure_customer", ensure_customer("C-0901")) is None


async def test_a_dropped_answer_is_unsure_and_the_customer_is_found(account: Account) -> None:
    await account.faults({"match": {"method": "PUT"}, "do": {"after_commit": "drop_response"}})
    [outcome] = await account.apply("ensure_customer", ensure_customer())
    assert isinstance(outcome, Unsure)
    await account.faults()
    assert await account.found("ensure_customer", ensure_customer()) is not None


async def test_two_clients_of_one_name_are_two_customers(account: Account) -> None:
    one = await account.applied("ensure_customer", ensure_customer("C-0901"))
    other = await account.applied("ensure_customer", ensure_customer("C-0902"))
    assert one != other


async def test_client_numbers_that_netsuite_cannot_tell_apart_are_refused(account: Account) -> None:
    """NetSuite compares external ids without regard to case: an upsert would change the other client."""
    await account.applied("ensure_customer", ensure_customer("C-090A"))
    [outcome] = await account.apply("ensure_customer", ensure_customer("C-090a", name="Somebody else"))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "conflict"
    assert [
        one["companyName"] for one in await account.held("customer") if one["externalId"] == "C-090A"
    ] == ["Kestrel Foods Inc."]


async def test_a_client_number_that_netsuite_cannot_hold_is_refused_before_any_call(account: Account) -> None:
    [outcome] = await account.apply("ensure_customer", ensure_customer("C/../job"))
    assert isinstance(outcome, Rejected)
    assert "letters, digits" in outcome.why
    assert (await account.people.get("/_sandbox/calls")).json()["total"] == 0


async def test_a_refusal_comes_in_netsuites_words(account: Account) -> None:
    [outcome] = await account.apply("ensure_customer", ensure_customer(legal_entity="XX99"))
    assert isinstance(outcome, Rejected)
    assert outcome.category == "data"
    assert "INVALID_CONTENT" in outcome.why
    assert "subsidiary" in outcome.why
