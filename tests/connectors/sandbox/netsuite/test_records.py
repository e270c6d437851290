"""The record API: what comes back, what is refused, and with which words."""

import json
from typing import Any
from urllib.parse import quote

import pytest

from services.sandbox.netsuite import TOKENS

PEOPLE = TOKENS[1]


def test_create_answers_204_with_the_location_and_no_body(account: Any) -> None:
    body = {"companyName": "Acme Corp", "subsidiary": account.eid("US01")}
    response = account.send("POST", "customer", body)
    assert (response.status, response.body) == (204, b"")
    location = response.headers.get("location")
    assert location.startswith("http://127.0.0.1:8082/services/rest/record/v1/customer/")
    assert account.read(location.removeprefix("http://127.0.0.1:8082"))["companyName"] == "Acme Corp"


def test_a_record_reads_as_the_vendor_shows_it(account: Any) -> None:
    made = account.customer("C-0100", email="ap@acme.test")
    shown = account.read(f"customer/{made}")
    assert shown["links"] == [
        {"rel": "self", "href": f"http://127.0.0.1:8082/services/rest/record/v1/customer/{made}"}
    ]
    assert (shown["id"], shown["externalId"], shown["entityId"]) == (made, "C-0100", "Acme C-0100")
    assert (shown["isPerson"], shown["isInactive"], shown["balance"]) == (False, False, 0.0)
    assert shown["currency"]["refName"] == "USD"
    assert shown["subsidiary"]["refName"] == "Northmark Advisory Inc."
    assert shown["lastModifiedDate"] == "2026-11-20T10:11:12Z"
    assert shown["lastModifiedBy"] == {"id": "9001", "refName": "Fairlead Integration"}


def test_the_last_to_change_a_record_is_shown(account: Any) -> None:
    made = account.customer()
    account.clock.forward(60)
    assert account.send("PATCH", f"customer/{made}", {"phone": "1"}, pair=PEOPLE).status == 204
    shown = account.read(f"customer/{made}")
    assert shown["lastModifiedBy"]["refName"] == "Northmark People"
    assert (shown["createdDate"], shown["lastModifiedDate"]) == (
        "2026-11-20T10:11:12Z",
        "2026-11-20T10:12:12Z",
    )


def test_patch_leaves_what_is_omitted_and_clears_what_is_null(account: Any) -> None:
    made = account.customer(email="ap@acme.test", phone="12")
    account.send("PATCH", f"customer/{made}", {"phone": None})
    shown = account.read(f"customer/{made}")
    assert shown["email"] == "ap@acme.test"
    assert "phone" not in shown


def test_upsert_inserts_then_updates_and_answers_alike(account: Any) -> None:
    body = {"companyName": "Acme", "subsidiary": account.eid("US01")}
    first = account.send("PUT", "customer/eid:PSI-C-17", body)
    second = account.send("PUT", "customer/eid:psi-c-17", {"email": "x@acme.test"})
    assert (first.status, second.status) == (204, 204)
    assert first.headers.get("location") == second.headers.get("location")
    shown = account.read("customer/eid:PSI-C-17")
    assert (shown["externalId"], shown["companyName"], shown["email"]) == ("PSI-C-17", "Acme", "x@acme.test")


def test_upsert_by_internal_id_is_refused(account: Any) -> None:
    made = account.customer()
    response = account.send("PUT", f"customer/{made}", {})
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "INVALID_REQUEST")


def test_an_external_id_is_unique_within_its_record_type_without_regard_to_case(account: Any) -> None:
    account.customer("PSI-1")
    body = {"externalId": "psi-1", "companyName": "Other", "subsidiary": account.eid("US01")}
    response = account.send("POST", "customer", body)
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "USER_ERROR")
    assert (
        account.query("SELECT COUNT(*) AS n FROM customer WHERE companyname = 'Other'")["items"][0]["n"]
        == "0"
    )
    account.project("psi-1", parent={"externalId": "PSI-1"})


def test_two_customers_of_one_name_are_refused(account: Any) -> None:
    known = account.firm.clients[0]
    body = {"companyName": known.name.upper(), "subsidiary": account.eid("US01")}
    response = account.send("POST", "customer", body)
    assert response.status == 400
    assert "A customer record with this ID already exists." in account.detail(response)["detail"]


def test_the_firms_first_two_clients_are_there_from_the_start(account: Any) -> None:
    shown = account.read(f"customer/eid:{account.firm.clients[1].number}?expandSubResources=true")
    address = shown["addressBook"]["items"][0]["addressBookAddress"]
    assert (shown["companyName"], address["city"]) == (
        account.firm.clients[1].name,
        account.firm.clients[1].city,
    )
    assert account.read("customer")["totalResults"] == 2


def test_settling_twice_adds_nothing(account: Any) -> None:
    before = {collection.name: len(collection) for collection in account.netsuite.ledger}
    account.netsuite.settle(account.firm)
    assert {collection.name: len(collection) for collection in account.netsuite.ledger} == before


@pytest.mark.parametrize("form", [{"id": "{}"}, {"externalId": "US01"}, "{}", "eid:US01", {"id": "eid:us01"}])
def test_a_reference_may_be_written_in_each_form(account: Any, form: Any) -> None:
    known = account.read("subsidiary/eid:US01")["id"]
    said = json.loads(json.dumps(form).replace("{}", known))
    made = account.make("customer", {"companyName": "Acme", "subsidiary": said})
    assert account.read(f"customer/{made}")["subsidiary"]["id"] == known


def test_an_unknown_reference_is_invalid_content_with_its_path(account: Any) -> None:
    body = {
        "entity": account.eid(account.firm.clients[0].number),
        "item": {"items": [{"item": account.eid("ITEM-FIXED-FEE")}, {"item": {"id": "999999"}}]},
    }
    response = account.send("POST", "invoice", body)
    error = account.detail(response)
    assert response.status == 400
    assert (error["o:errorCode"], error["o:errorPath"]) == ("INVALID_CONTENT", "item.items[1].item")


def test_missing_mandatory_fields_are_named_by_their_labels(account: Any) -> None:
    response = account.send("POST", "timeBill", {"memo": "x"})
    error = account.detail(response)
    assert (response.status, error["o:errorCode"]) == (400, "USER_ERROR")
    assert (
        error["detail"] == "Error while accessing a resource. Please enter value(s) for: Employee, Duration."
    )


def test_a_record_that_is_not_there_is_404(account: Any) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        response = account.send(method, "customer/999999", {} if method == "PATCH" else None)
        assert (response.status, account.detail(response)["o:errorCode"]) == (404, "NONEXISTENT_ID")


@pytest.mark.parametrize(("method", "path", "status"), [
    ("GET", "unicorn", 404), ("POST", "customer/1", 405), ("DELETE", "customer", 405),
    ("GET", "customer/eid:a%7Cb", 400), ("GET", "/services/rest/nowhere", 404),
])  # fmt: skip
def test_addresses_that_lead_nowhere(account: Any, method: str, path: str, status: int) -> None:
    assert account.send(method, path).status == status


def test_fields_limits_what_is_shown_and_refuses_unknown_names(account: Any) -> None:
    made = account.customer(email="a@b.test")
    shown = account.read(f"customer/{made}?fields=entityId,email")
    assert set(shown) == {"links", "id", "entityId", "email"}
    assert account.send("GET", f"customer/{made}?fields=nonsense").status == 400


def test_enums_can_be_shown_by_id_alone(account: Any) -> None:
    project = account.project(jobBillingType={"id": "4"})
    assert account.read(f"job/{project}")["jobBillingType"] == {"id": "4", "refName": "Time and Materials"}
    assert account.read(f"job/{project}?simpleEnumFormat=true")["jobBillingType"] == "4"


def test_sublists_are_links_until_expanded_and_can_be_followed(account: Any) -> None:
    made = account.customer(addressBook={"items": [{"label": "HQ"}, {"label": "Mill"}]})
    link = account.read(f"customer/{made}")["addressBook"]
    assert list(link) == ["links"]
    listed = account.read(link["links"][0]["href"].removeprefix("http://127.0.0.1:8082"))
    assert [line["label"] for line in listed["items"]] == ["HQ", "Mill"]
    assert account.read(f"customer/{made}/addressBook/2")["label"] == "Mill"
    expanded = account.read(f"customer/{made}?expandSubResources=true")["addressBook"]
    assert [line["label"] for line in expanded["items"]] == ["HQ", "Mill"]


def test_sublist_lines_change_by_key_append_without_and_go_on_replace(account: Any) -> None:
    made = account.customer(addressBook={"items": [{"label": "HQ", "addressBookAddress": {"city": "Rome"}}]})

    def labels() -> list[str]:
        shown = account.read(f"customer/{made}?expandSubResources=true")
        return [line["label"] for line in shown["addressBook"]["items"]]

    lines = [{"line": 1, "label": "Seat"}, {"label": "Mill"}]
    account.send("PATCH", f"customer/{made}", {"addressBook": {"items": lines}})
    assert labels() == ["Seat", "Mill"]
    assert account.read(f"customer/{made}/addressBook/1")["addressBookAddress"] == {"city": "Rome"}
    account.send(
        "PATCH", f"customer/{made}?replace=addressBook", {"addressBook": {"items": [{"label": "New"}]}}
    )
    assert labels() == ["New"]
    wrong = account.send("PATCH", f"customer/{made}", {"addressBook": {"items": [{"line": 9}]}})
    assert account.detail(wrong)["o:errorPath"] == "addressBook.items[0].line"


@pytest.mark.parametrize(("level", "status", "warned"), [
    ("Error", 400, False), ("Warning", 204, True), ("ignore", 204, False), ("loud", 400, False),
])  # fmt: skip
def test_unknown_names_are_treated_as_the_header_says(
    account: Any, level: str, status: int, warned: bool
) -> None:
    made = account.customer()
    headers = {"X-NetSuite-PropertyNameValidation": level}
    response = account.send("PATCH", f"customer/{made}", {"unicorn": 1, "phone": "7"}, headers)
    assert (response.status, "warning" in response.headers) == (status, warned)
    assert ("phone" in account.read(f"customer/{made}")) is (status == 204)


def test_unknown_names_are_let_pass_with_a_warning_unless_asked(account: Any) -> None:
    made = account.customer()
    assert "unicorn" in account.send("PATCH", f"customer/{made}", {"unicorn": 1}).headers.get("warning")


@pytest.mark.parametrize(("level", "status"), [("", 400), ("error", 400), ("warning", 204), ("ignore", 204)])
def test_unfit_values_are_treated_as_the_header_says(account: Any, level: str, status: int) -> None:
    made = account.customer()
    headers = {"X-NetSuite-PropertyValueValidation": level} if level else {}
    response = account.send("PATCH", f"customer/{made}", {"isInactive": "maybe", "phone": "7"}, headers)
    assert response.status == status
    assert account.read(f"customer/{made}")["isInactive"] is False


@pytest.mark.parametrize(("field", "value"), [
    ("startDate", "20/11/2026"), ("startDate", "2026-02-30"), ("estimatedTime", "ten"), ("allowTime", 1),
    ("jobBillingType", {"id": "9"}), ("companyName", {"a": 1}), ("parent", {}), ("billingRateCard", 0),
])  # fmt: skip
def test_values_that_cannot_be_read_are_refused_with_their_path(account: Any, field: str, value: Any) -> None:
    project = account.project()
    response = account.send("PATCH", f"job/{project}", {field: value})
    error = account.detail(response)
    assert (response.status, error["o:errorCode"], error["o:errorPath"]) == (400, "INVALID_CONTENT", field)


def test_custom_fields_are_kept(account: Any) -> None:
    project = account.project(custentity_engagement="E-77")
    assert account.read(f"job/{project}")["custentity_engagement"] == "E-77"


def test_lists_hold_links_and_ids_only_and_page(account: Any) -> None:
    for number in range(5):
        account.customer(f"P-{number}")
    page = account.read("customer?limit=2&offset=2")
    assert [set(item) for item in page["items"]] == [{"links", "id"}] * 2
    assert (page["count"], page["hasMore"], page["offset"], page["totalResults"]) == (2, True, 2, 7)
    assert {link["rel"] for link in page["links"]} == {"self", "next", "last", "first", "previous"}
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert account.read(following.removeprefix("http://127.0.0.1:8082"))["offset"] == 4


@pytest.mark.parametrize("paging", ["limit=1001", "limit=0", "limit=x", "limit=10&offset=5"])
def test_paging_outside_the_rules_is_refused(account: Any, paging: str) -> None:
    response = account.send("GET", f"customer?{paging}")
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "INVALID_PARAMETER")


@pytest.mark.parametrize(("q", "found"), [
    ("companyName START_WITH alp", 1), ('companyName CONTAIN "a g"', 2), ("companyName END_WITH_NOT gmbh", 1),
    ("email EMPTY", 1), ("email EMPTY_NOT", 2), ("externalId IS q-2", 1), ('externalId IS "Q-9"', 0),
    ("creditLimit GREATER 100", 1), ("creditLimit BETWEEN [50, 100]", 1), ("creditLimit ANY_OF [50,1000]", 2),
    ("isPerson IS false AND (email IS a@x.test OR email IS b@x.test)", 2),
    ('lastModifiedDate ON_OR_AFTER "11/20/2026"', 3), ('lastModifiedDate BEFORE "11/20/2026"', 0),
])  # fmt: skip
def test_q_finds_what_it_says(account: Any, q: str, found: int) -> None:
    account.customer("Q-1", companyName="Alpha GmbH", email="a@x.test", creditLimit=50)
    account.customer("Q-2", companyName="Beta GmbH", email="b@x.test", creditLimit=1000)
    account.customer("Q-3", companyName="Gamma")
    base = 'externalId START_WITH "Q-" AND ' if not q.startswith("externalId") else ""
    assert account.read(f"customer?q={quote(base + q)}")["totalResults"] == found


@pytest.mark.parametrize(
    "q", ["email", "nothing IS 1", "email LIKE x", "(email IS a", "creditLimit EQUAL x", "email IS a b"]
)
def test_q_that_cannot_be_read_is_refused(account: Any, q: str) -> None:
    response = account.send("GET", f"customer?q={q.replace(' ', '%20')}")
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "INVALID_PARAMETER")


def test_set_up_records_are_changed_by_people_only(account: Any) -> None:
    response = account.send("PATCH", "employee/eid:EMP-0001", {"isInactive": True})
    assert (response.status, account.detail(response)["o:errorCode"]) == (403, "INSUFFICIENT_PERMISSION")
    assert account.send("PATCH", "employee/eid:EMP-0001", {"isInactive": True}, pair=PEOPLE).status == 204
    assert account.read("employee/eid:EMP-0001")["isInactive"] is True


def test_a_record_others_depend_on_cannot_be_deleted(account: Any) -> None:
    project = account.project("E-1")
    task = account.make("projectTask", {"title": "Build", "project": {"id": project}})
    assert account.send("DELETE", f"job/{project}").status == 400
    assert account.send("DELETE", "customer/eid:C-E-1").status == 400
    for path in (f"projectTask/{task}", f"job/{project}", "customer/eid:C-E-1"):
        assert account.send("DELETE", path).status == 204
        assert account.send("GET", path).status == 404


def test_the_currency_of_a_rate_card_must_be_the_projects(account: Any) -> None:
    customer = account.customer()
    body = {"companyName": "P", "parent": {"id": customer}, "subsidiary": account.eid("US01"),
            "projectExpenseType": "-2", "billingRateCard": account.eid("RC-JP01-STD")}  # fmt: skip
    assert account.send("POST", "job", body).status == 400


def test_the_documented_smallest_project_is_enough(account: Any) -> None:
    body = {
        "subsidiary": account.read("subsidiary/eid:US01")["id"],
        "entityId": "title",
        "projectExpenseType": "-2",
    }
    project = account.make("job", body)
    shown = account.read(f"job/{project}")
    assert (shown["companyName"], shown["allowTime"], shown["isInactive"]) == ("title", True, False)


def test_a_body_that_is_not_a_json_object_is_refused(account: Any) -> None:
    assert account.send("POST", "customer", [1]).status == 400


def test_the_catalogue_names_record_types_and_gives_their_schema(account: Any) -> None:
    assert "timeBill" in [item["name"] for item in account.read("metadata-catalog/")["items"]]
    response = account.send("GET", "metadata-catalog/timeBill", headers={"Accept": "application/schema+json"})
    schema = json.loads(response.body)
    assert schema["required"] == ["employee", "tranDate", "hours"]
    assert schema["properties"]["invoice"]["readOnly"] is True


def test_everything_is_there_after_a_restart(tmp_path: Any, account: Any) -> None:
    account.path = tmp_path / "netsuite.sqlite"
    account.open()
    made = account.customer("C-0100")
    account.netsuite.ledger.close()
    account.open()
    assert account.read("customer/eid:C-0100")["id"] == made
    assert account.customer("C-0101") not in (made, None)
    account.netsuite.ledger.close()


def test_a_refused_change_leaves_no_trace(account: Any) -> None:
    project = account.project()
    before = account.read(f"job/{project}")
    assert (
        account.send(
            "PATCH",
            f"job/{project}",
            {"companyName": "New", "startDate": "2026-12-01", "endDate": "2026-11-01"},
        ).status
        == 400
    )
    assert account.read(f"job/{project}") == before
