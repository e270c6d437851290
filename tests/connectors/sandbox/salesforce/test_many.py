"""Many records in one call: collections and composite."""

from typing import Any

import pytest

from tests.support.salesforce import DATA, Org, content, problem


@pytest.fixture
def org() -> Org:
    return Org(deals=2)


def account(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Account"}, **fields}


def codes(answer: Any) -> list[str]:
    """Per row: the first error's code, or the id's prefix where it succeeded."""
    return [row["id"][:3] if row["success"] else row["errors"][0]["statusCode"] for row in content(answer)]


def test_each_row_of_a_collection_succeeds_or_fails_by_itself(org: Org) -> None:
    records = [
        account(Name="A", Client_Number__c="C-9001"),
        account(Client_Number__c="C-9002"),
        account(Name="C", Client_Number__c="C-9001"),
        {"attributes": {"type": "Invoice"}},
        {"Name": "no type"},
        account(Name="F"),
    ]
    answer = org.call("POST", "/composite/sobjects", {"allOrNone": False, "records": records})
    assert answer.status == 200
    refused = ["REQUIRED_FIELD_MISSING", "DUPLICATE_VALUE", "INVALID_TYPE", "INVALID_TYPE"]
    assert codes(answer) == ["001", *refused, "001"]
    assert org.names("WHERE Name IN ('A', 'C', 'F') ORDER BY Name") == ["A", "F"]


def test_all_or_none_keeps_nothing_when_one_row_fails(org: Org) -> None:
    records = [account(Name="A"), account(), account(Name="C")]
    answer = org.call("POST", "/composite/sobjects", {"allOrNone": True, "records": records})
    rolled_back = "ALL_OR_NONE_OPERATION_ROLLED_BACK"
    assert (answer.status, codes(answer)) == (200, [rolled_back, "REQUIRED_FIELD_MISSING", rolled_back])
    assert org.names("WHERE Name IN ('A', 'C')") == []


def test_collection_upsert_says_which_rows_were_created(org: Org) -> None:
    known = org.account("C-9001")
    records = [
        account(Name="A", Client_Number__c="C-9001"),
        account(Name="B", Client_Number__c="C-9002"),
        account(Name="again", Client_Number__c="C-9002"),
        account(Name="none"),
        {"attributes": {"type": "Opportunity"}, "Client_Number__c": "C-9003"},
    ]
    answer = org.call("PATCH", "/composite/sobjects/Account/Client_Number__c", {"records": records})
    rows = content(answer)
    assert [row.get("created") for row in rows] == [False, True, None, None, None]
    assert rows[0]["id"] == known
    assert codes(answer)[2:] == ["DUPLICATE_VALUE", "MISSING_ARGUMENT", "INVALID_TYPE"]
    assert org.names("WHERE Client_Number__c LIKE 'C-90%' ORDER BY Name") == ["A", "B"]


def test_collection_update_and_delete_work_by_id(org: Org) -> None:
    first, second = org.account("C-9001"), org.account("C-9002")
    records = [account(id=first, Phone="1"), account(Id=second, Phone="2"), account(Phone="3")]
    records.append(account(id="001FL7zzzzzzzzz", Phone="4"))
    answer = org.call("PATCH", "/composite/sobjects", {"records": records})
    assert codes(answer) == ["001", "001", "MISSING_ARGUMENT", "INVALID_CROSS_REFERENCE_KEY"]
    shown = org.call("GET", f"/composite/sobjects/Account?ids={second},{first},nonsense&fields=Phone")
    assert [row and row["Phone"] for row in content(shown)] == ["2", "1", None]
    gone = org.call("DELETE", f"/composite/sobjects?ids={first},{first},xyz&allOrNone=false")
    assert codes(gone) == ["001", "ENTITY_IS_DELETED", "MALFORMED_ID"]
    posted = org.call("POST", "/composite/sobjects/Account", {"ids": [first, second], "fields": ["Phone"]})
    assert [row and row["Phone"] for row in content(posted)] == [None, "2"]


def test_collection_over_200_rows_is_refused_whole(org: Org) -> None:
    records = [account(Name=f"N{n}") for n in range(201)]
    answer = org.call("POST", "/composite/sobjects", {"records": records})
    assert problem(answer) == (400, "EXCEEDED_ID_LIMIT")
    assert codes(org.call("POST", "/composite/sobjects", {"records": records[:200]})) == ["001"] * 200


def test_locked_row_fails_alone_in_a_collection(org: Org) -> None:
    keys = [org.account(f"C-900{n}") for n in (1, 2)]
    org.salesforce.control("lock_row", {"id": keys[0], "times": 1})
    body = {"records": [account(id=key, Phone="1") for key in keys]}
    assert codes(org.call("PATCH", "/composite/sobjects", body)) == ["UNABLE_TO_LOCK_ROW", "001"]
    assert codes(org.call("PATCH", "/composite/sobjects", body)) == ["001", "001"]


def step(reference: str, method: str, url: str, body: Any = None) -> dict[str, Any]:
    made = {"method": method, "url": DATA + url, "referenceId": reference}
    return made if body is None else {**made, "body": body}


ACCOUNT = step("acc", "PATCH", "/sobjects/Account/Client_Number__c/C-9001", {"Name": "Acme"})
DEAL = {
    "Name": "for @{acc.id}",
    "StageName": "Prospecting",
    "CloseDate": "2026-12-01",
    "AccountId": "@{acc.id}",
}


def compose(org: Org, *steps: dict[str, Any], all_or_none: bool = False) -> list[dict[str, Any]]:
    answer = org.call("POST", "/composite", {"allOrNone": all_or_none, "compositeRequest": list(steps)})
    assert answer.status == 200
    return list(content(answer)["compositeResponse"])


def test_composite_uses_what_earlier_steps_answered(org: Org) -> None:
    made, deal, found, read = compose(
        org,
        ACCOUNT,
        step("deal", "POST", "/sobjects/Opportunity", DEAL),
        step("found", "GET", "/query?q=SELECT+Id+FROM+Opportunity+WHERE+AccountId='@{acc.id}'"),
        step("read", "GET", "/sobjects/Opportunity/@{found.records[0].Id}?fields=Name,AccountId"),
    )
    assert (made["httpStatusCode"], made["referenceId"], made["body"]["created"]) == (201, "acc", True)
    assert made["httpHeaders"] == {"Location": f"{DATA}/sobjects/Account/{made['body']['id']}"}
    assert found["body"]["records"][0]["Id"] == deal["body"]["id"]
    assert read["body"]["Name"] == f"for {made['body']['id']}"
    assert read["body"]["AccountId"] == made["body"]["id"]


def test_composite_all_or_none_rolls_everything_back(org: Org) -> None:
    bad = step("deal", "POST", "/sobjects/Opportunity", {"Name": "x"})
    late = step("late", "GET", "/limits")
    results = compose(org, ACCOUNT, bad, late, all_or_none=True)
    assert [row["httpStatusCode"] for row in results] == [400, 400, 400]
    assert [row["body"][0]["errorCode"] for row in results] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert org.names("WHERE Name = 'Acme'") == []


def test_composite_without_all_or_none_keeps_what_succeeded(org: Org) -> None:
    bad = step("deal", "POST", "/sobjects/Opportunity", {"Name": "x"})
    needy = step("needy", "GET", "/sobjects/Opportunity/@{deal.id}")
    results = compose(org, ACCOUNT, bad, needy, step("last", "DELETE", "/sobjects/Account/@{acc.id}"))
    assert [row["httpStatusCode"] for row in results] == [201, 400, 400, 204]
    assert results[2]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert (results[3]["body"], org.names("WHERE Name = 'Acme'")) == (None, [])


def test_composite_counts_as_one_call(org: Org) -> None:
    org.salesforce.control("set_quota", {"daily": 1})
    assert len(compose(org, ACCOUNT, step("limits", "GET", "/limits"))) == 2


@pytest.mark.parametrize(
    "steps",
    [
        [step(f"s{n}", "GET", "/limits") for n in range(26)],
        [step(f"s{n}", "GET", "/query?q=SELECT+Id+FROM+User") for n in range(6)],
        [step("s", "GET", "/limits"), step("s", "GET", "/limits")],
        [step("s", "POST", "/composite", {"compositeRequest": []})],
        [{"method": "GET"}],
    ],
)
def test_composite_that_is_not_fit_is_refused_whole(org: Org, steps: Any) -> None:
    assert problem(org.call("POST", "/composite", {"compositeRequest": steps})) == (400, "INVALID_INPUT")


def test_composite_without_a_list_is_refused(org: Org) -> None:
    assert problem(org.call("POST", "/composite", {})) == (400, "JSON_PARSER_ERROR")
