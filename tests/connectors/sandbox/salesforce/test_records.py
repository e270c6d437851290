"""Records of one object: written, found, refused, deleted."""

from typing import Any

import pytest

from services.sandbox.salesforce.ids import made, whole
from tests.support.salesforce import DATA, Org, content, problem


@pytest.fixture
def org() -> Org:
    return Org(deals=4)


def test_upsert_by_external_id_creates_once_and_then_updates(org: Org) -> None:
    at = "/sobjects/Account/Client_Number__c/C-9001"
    first, second = (org.call("PATCH", at, {"Name": name}) for name in ("Acme", "Acme Ltd"))
    key = content(first)["id"]
    assert (first.status, content(first)["created"]) == (201, True)
    assert first.headers["location"] == f"{DATA}/sobjects/Account/{key}"
    assert (second.status, content(second)) == (
        200,
        {"id": key, "success": True, "errors": [], "created": False},
    )
    assert content(org.call("GET", f"{at}?fields=Name"))["Name"] == "Acme Ltd"
    assert org.query("SELECT COUNT() FROM Account WHERE Client_Number__c = 'C-9001'")["totalSize"] == 1


def test_id_has_18_characters_and_15_are_accepted(org: Org) -> None:
    key = org.account("C-9001")
    assert (len(key), key[:3], whole(key[:15])) == (18, "001", key)
    assert content(org.call("GET", f"/sobjects/account/{key[:15]}"))["Id"] == key
    assert whole("001000000000001") == "001000000000001AAA"
    assert whole("001aBcDeFgHiJkL")[15:] != "AAA"  # type: ignore[index]
    assert whole("001-00000000001") is None
    assert whole(key[:17] + ("A" if key[17] != "A" else "B")) is None


def test_suffix_marks_the_capitals_of_each_block() -> None:
    # Bits from the left: block `00AaB` has capitals at places 2 and 4 = 4 + 16 = 20 = U.
    assert whole("00AaB" + "abcde" + "ABCDE") == "00AaBabcdeABCDEUA5"


def test_record_tells_who_wrote_it_last(org: Org) -> None:
    deal = org.query("SELECT Id, CreatedById, LastModifiedById FROM Opportunity LIMIT 1")["records"][0]
    org.call("PATCH", f"/sobjects/Opportunity/{deal['Id']}", {"Engagement_Status__c": "Set up"})
    mine = org.query(
        "SELECT LastModifiedBy.Username, CreatedBy.Name, LastModifiedById"
        f" FROM Opportunity WHERE Id = '{deal['Id']}'"
    )["records"][0]
    assert mine["LastModifiedBy"]["Username"] == "fairlead.integration@northmark.example"
    assert mine["CreatedBy"]["Name"] == "Sally Sales"
    assert mine["LastModifiedById"] != deal["CreatedById"] == deal["LastModifiedById"]


def test_system_modstamp_never_goes_back_and_grows_with_each_change_of_a_record(org: Org) -> None:
    key, other = org.account("C-9001"), org.account("C-9002")

    def stamp_of(record: str) -> str:
        return str(content(org.call("GET", f"/sobjects/Account/{record}"))["SystemModstamp"])

    stamps = [stamp_of(key)]
    for _ in range(3):
        org.call("PATCH", f"/sobjects/Account/{key}", {"Phone": "1"})
        stamps.append(stamp_of(key))
    org.call("PATCH", f"/sobjects/Account/{other}", {"Phone": "1"})
    assert stamps == [f"2026-11-21T09:00:0{second}.000+0000" for second in range(4)]
    assert stamp_of(other) >= stamps[-1]


def test_stage_decides_whether_a_deal_is_closed_and_won(org: Org) -> None:
    key = org.deal("D-90001")
    for stage, closed, won in [
        ("Closed Won", True, True),
        ("Closed Lost", True, False),
        ("Qualification", False, False),
    ]:
        org.call("PATCH", f"/sobjects/Opportunity/{key}", {"StageName": stage})
        deal = content(org.call("GET", f"/sobjects/Opportunity/{key}"))
        assert (deal["IsClosed"], deal["IsWon"]) == (closed, won)


def test_texts_are_trimmed_and_an_empty_one_clears_the_field(org: Org) -> None:
    key = org.account("C-9001", Phone="  12 ")
    assert content(org.call("GET", f"/sobjects/Account/{key}"))["Phone"] == "12"
    org.call("PATCH", f"/sobjects/Account/{key}", {"Phone": ""})
    assert content(org.call("GET", f"/sobjects/Account/{key}"))["Phone"] is None


@pytest.mark.parametrize(
    ("fields", "code", "named"),
    [
        ({"StageName": None}, "REQUIRED_FIELD_MISSING", ["StageName"]),
        ({"StageName": "Won"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["StageName"]),
        ({"Contract_Type__c": "fixed-fee"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["Contract_Type__c"]),
        ({"CurrencyIsoCode": "XXX"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", ["CurrencyIsoCode"]),
        ({"Name": "x" * 121}, "STRING_TOO_LONG", ["Name"]),
        ({"Name": 5}, "JSON_PARSER_ERROR", ["Name"]),
        ({"Amount": "5"}, "JSON_PARSER_ERROR", ["Amount"]),
        ({"Amount": 1e17}, "NUMBER_OUTSIDE_VALID_RANGE", ["Amount"]),
        ({"CloseDate": "2026-02-30"}, "JSON_PARSER_ERROR", ["CloseDate"]),
        ({"AccountId": "abc"}, "MALFORMED_ID", ["AccountId"]),
        ({"AccountId": 5}, "JSON_PARSER_ERROR", ["AccountId"]),
        ({"AccountId": "001FL7999999999"}, "INVALID_CROSS_REFERENCE_KEY", ["AccountId"]),
        ({"IsWon": True}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["IsWon"]),
        ({"Id": "006FL7000000001"}, "INVALID_FIELD", ["Id"]),
        ({"Deal_Number__c": "D-90001"}, "INVALID_FIELD", ["Deal_Number__c"]),
        ({"Colour__c": "red"}, "INVALID_FIELD", []),
        ({"Account": {"Client_Number__c": "C-none"}}, "INVALID_FIELD", []),
        ({"Account": {"Name": "x"}}, "INVALID_FIELD", []),
    ],
)
def test_data_that_breaks_a_rule_is_refused_with_code_and_field(
    org: Org, fields: dict[str, Any], code: str, named: list[str]
) -> None:
    org.deal("D-90001")
    answer = org.call("PATCH", "/sobjects/Opportunity/Deal_Number__c/D-90001", fields)
    assert problem(answer) == (400, code)
    assert content(answer)[0]["fields"] == named
    assert content(org.call("GET", "/sobjects/Opportunity/Deal_Number__c/D-90001"))["Name"] == "D-90001"


def test_invalid_email_address_is_refused(org: Org) -> None:
    answer = org.call("POST", "/sobjects/Account", {"Name": "x", "Accounts_Payable_Email__c": "nobody"})
    assert problem(answer) == (400, "INVALID_EMAIL_ADDRESS")


def test_parent_is_named_by_its_external_id(org: Org) -> None:
    account = org.account("C-9001")
    deal = org.deal("D-90001", Account={"Client_Number__c": "C-9001"})
    assert content(org.call("GET", f"/sobjects/Opportunity/{deal}"))["AccountId"] == account


def test_unique_external_id_taken_is_a_duplicate_and_leaves_no_trace(org: Org) -> None:
    holder = org.account("C-9001")
    before = org.query("SELECT COUNT() FROM Account")["totalSize"]
    answer = org.call("POST", "/sobjects/Account", {"Name": "other", "Client_Number__c": "C-9001"})
    assert problem(answer) == (400, "DUPLICATE_VALUE")
    assert holder in content(answer)[0]["message"]
    assert org.query("SELECT COUNT() FROM Account")["totalSize"] == before
    assert org.account("C-9002") == made("001", 7, before + 1)


def test_external_id_held_by_several_answers_300_with_their_addresses(org: Org) -> None:
    deals = [org.deal(f"D-9000{n}", Project_Code__c="P-1") for n in (1, 2)]
    at = "/sobjects/Opportunity/Project_Code__c/P-1"
    for answer in (org.call("GET", at), org.call("PATCH", at, {"NextStep": "x"}), org.call("DELETE", at)):
        assert answer.status == 300
        assert content(answer) == [f"{DATA}/sobjects/Opportunity/{deal}" for deal in deals]


def test_what_is_not_there_is_404(org: Org) -> None:
    for method, path in [
        ("GET", "/sobjects/Invoice/001FL7000000001"),
        ("GET", "/sobjects/Account/nonsense"),
        ("GET", "/sobjects/Account/001FL7zzzzzzzzz"),
        ("GET", "/sobjects/Account/Client_Number__c/C-none"),
        ("GET", "/sobjects/Account/Phone/12"),
        ("PATCH", "/sobjects/Account/001FL7zzzzzzzzz"),
        ("DELETE", "/sobjects/Account/001FL7zzzzzzzzz"),
        ("GET", "/nowhere"),
    ]:
        assert problem(org.call(method, path, {})) == (404, "NOT_FOUND"), path


def test_method_that_a_resource_has_not_is_405(org: Org) -> None:
    assert problem(org.call("PUT", "/sobjects/Account", {})) == (405, "METHOD_NOT_ALLOWED")


def test_body_that_is_not_a_json_object_is_refused(org: Org) -> None:
    assert problem(org.call("POST", "/sobjects/Account")) == (400, "JSON_PARSER_ERROR")
    assert problem(org.call("POST", "/sobjects/Account", [1])) == (400, "JSON_PARSER_ERROR")


def test_deleted_record_is_gone_its_number_free_and_query_all_still_shows_it(org: Org) -> None:
    key = org.account("C-9001")
    deal = org.deal("D-90001", AccountId=key)
    assert org.call("DELETE", f"/sobjects/Account/{key}").status == 204
    assert problem(org.call("GET", f"/sobjects/Account/{key}")) == (404, "ENTITY_IS_DELETED")
    assert problem(org.call("GET", f"/sobjects/Opportunity/{deal}")) == (404, "ENTITY_IS_DELETED")
    assert org.names("WHERE Client_Number__c = 'C-9001'") == []
    again = org.account("C-9001")
    soql = "SELECT+Id,IsDeleted+FROM+Account+WHERE+Client_Number__c='C-9001'+ORDER+BY+Id"
    rows = content(org.call("GET", f"/queryAll?q={soql}"))["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in rows] == [(key, True), (again, False)]


def test_user_cannot_be_written(org: Org) -> None:
    answer = org.call("POST", "/sobjects/User", {"LastName": "New"})
    assert problem(answer) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")


def test_locked_row_refuses_as_many_writes_as_it_was_told(org: Org) -> None:
    key = org.account("C-9001")
    org.salesforce.control("lock_row", {"id": key, "times": 2})
    for _ in range(2):
        answer = org.call("PATCH", f"/sobjects/Account/{key}", {"Phone": "1"})
        assert problem(answer) == (400, "UNABLE_TO_LOCK_ROW")
    assert org.call("PATCH", f"/sobjects/Account/{key}", {"Phone": "1"}).status == 204


def test_updated_and_deleted_cover_a_stretch_of_time(org: Org) -> None:
    org.watch.move(hours=1)
    key, lost = org.account("C-9001"), org.account("C-9002")
    org.call("DELETE", f"/sobjects/Account/{lost}")
    stretch = "?start=2026-11-21T09:30:00%2B00:00&end=2026-11-21T12:00:00Z"
    updated = content(org.call("GET", f"/sobjects/Account/updated/{stretch}"))
    deleted = content(org.call("GET", f"/sobjects/Account/deleted/{stretch}"))
    assert updated == {"ids": [key], "latestDateCovered": "2026-11-21T12:00:00.000+0000"}
    assert [row["id"] for row in deleted["deletedRecords"]] == [lost]
    assert deleted["earliestDateAvailable"] == "2026-10-22T10:00:00.000+0000"
    for bad in ("?start=x&end=y", "?start=2026-11-21T09:00:00Z&end=2026-11-20T09:00:00Z",
                "?start=2026-09-01T00:00:00Z&end=2026-11-20T09:00:00Z"):  # fmt: skip
        answer = org.call("GET", f"/sobjects/Account/updated/{bad}")
        assert problem(answer) == (400, "INVALID_REPLICATION_DATE")


def test_describe_tells_external_ids_picklists_and_parents(org: Org) -> None:
    listed = content(org.call("GET", "/sobjects"))["sobjects"]
    assert [(row["name"], row["keyPrefix"]) for row in listed] == [
        ("Account", "001"),
        ("Opportunity", "006"),
        ("User", "005"),
    ]
    described = content(org.call("GET", "/sobjects/Opportunity/describe"))
    fields = {field["name"]: field for field in described["fields"]}
    assert (fields["Deal_Number__c"]["externalId"], fields["Deal_Number__c"]["unique"]) == (True, True)
    assert (fields["Project_Code__c"]["externalId"], fields["Project_Code__c"]["unique"]) == (True, False)
    assert "Closed Won" in [value["value"] for value in fields["StageName"]["picklistValues"]]
    assert (fields["AccountId"]["referenceTo"], fields["AccountId"]["relationshipName"]) == (
        ["Account"],
        "Account",
    )
    assert fields["IsWon"]["updateable"] is False
