"""Asynchronous jobs: accepted at once, in effect when due, each record with its own result, never twice."""

import json
from typing import Any

import pytest

JOB = "/services/rest/async/v1/job"
HOST = "http://127.0.0.1:8082"


def job_of(response: Any) -> str:
    assert response.status == 202, response.body
    assert response.headers.get("preference-applied") == "respond-async"
    return str(response.headers.get("location").removeprefix(HOST))


def results(account: Any, job: str) -> list[Any]:
    """The result of each task, found by the links of the task list."""
    listed = account.read(f"{job}/task")
    links = [link["href"] for item in listed["items"] for link in item["links"]]
    return [account.send("GET", href.removeprefix(HOST) + "/result") for href in links]


def test_a_batch_is_in_effect_when_it_is_due_and_not_before(account: Any) -> None:
    project = account.project()
    job = job_of(account.batch("POST", "timeBill", [account.time(project, f"T-{n}") for n in range(3)]))
    shown = account.read(job)
    assert (shown["completed"], shown["progress"]) == (False, "pending")
    assert account.query("SELECT id FROM timebill")["totalResults"] == 0
    assert account.send("GET", f"{job}/task/1/result").status == 404
    account.clock.forward(0.15)
    assert account.read(job)["progress"] == "processing"
    account.clock.forward(0.05)
    assert account.query("SELECT id FROM timebill")["totalResults"] == 3
    shown = account.read(job)
    assert (shown["completed"], shown["progress"]) == (True, "succeeded")
    assert shown["task"]["links"][0]["href"] == f"{HOST}{job}/task"


def test_a_due_job_counts_for_later_reads_though_nobody_asked_for_it(account: Any) -> None:
    project = account.project()
    account.batch("POST", "timeBill", [account.time(project)])
    account.clock.forward(3600)
    made = account.read("timeBill/eid:T-1")
    assert made["lastModifiedDate"] == "2026-11-20T10:11:12Z"
    assert made["lastModifiedBy"]["id"] == "9001"


def test_each_record_of_a_batch_has_its_own_outcome(account: Any) -> None:
    project = account.project()
    items = [account.time(project, "T-1"), account.time(project, "T-2", tranDate="2026-01-05"), {"memo": "x"},
             account.time(project, "T-4")]  # fmt: skip
    job = job_of(account.batch("POST", "timeBill", items))
    account.clock.forward(1)
    assert account.read(job)["progress"] == "failed"
    outcomes = results(account, job)
    assert [outcome.status for outcome in outcomes] == [204, 400, 400, 204]
    assert account.detail(outcomes[1])["o:errorCode"] == "USER_ERROR"
    made = outcomes[3].headers.get("location").removeprefix(HOST)
    assert account.read(made)["externalId"] == "T-4"
    assert [account.read(f"{job}/task/{n}")["progress"] for n in (1, 2)] == ["succeeded", "failed"]


def test_put_on_the_collection_upserts_by_external_id(account: Any) -> None:
    project = account.project()
    old = account.make("timeBill", account.time(project, "T-1"))
    items = [account.time(project, "T-1", memo="new"), account.time(project, "T-2")]
    account.batch("PUT", "timeBill", items)
    account.clock.forward(1)
    assert account.read("timeBill/eid:T-1")["id"] == old
    assert account.read("timeBill/eid:T-1")["memo"] == "new"
    assert account.read("timeBill")["totalResults"] == 2


def test_patch_takes_the_internal_id_before_the_external_one(account: Any) -> None:
    one, two = account.customer("C-1"), account.customer("C-2")
    account.batch("PATCH", "customer", [{"id": one, "phone": "1"}, {"externalId": "C-2", "phone": "2"}])
    account.clock.forward(1)
    assert [account.read(f"customer/{made}")["phone"] for made in (one, two)] == ["1", "2"]


def test_later_records_of_a_batch_may_refer_to_earlier_ones(account: Any) -> None:
    base = {"subsidiary": account.eid("US01")}
    items = [{**base, "externalId": "HQ", "companyName": "Head"},
             {**base, "externalId": "SUB", "companyName": "Branch", "parent": account.eid("HQ")}]  # fmt: skip
    account.batch("POST", "customer", items)
    account.clock.forward(1)
    assert account.read("customer/eid:SUB")["parent"]["refName"] == "Head"


def test_batch_delete_and_batch_get_take_ids(account: Any) -> None:
    one, two = account.customer("C-1"), account.customer("C-2")
    prefer = {"Prefer": "respond-async"}
    got = job_of(account.send("GET", f"customer?ids={one},eid:C-2&expandRecords=true", headers=prefer))
    account.clock.forward(1)
    assert [json.loads(result.body)["externalId"] for result in results(account, got)] == ["C-1", "C-2"]
    gone = job_of(account.send("DELETE", f"customer?ids={one},{two},77", headers=prefer))
    account.clock.forward(1)
    assert [result.status for result in results(account, gone)] == [204, 204, 404]


def test_a_repeated_idempotency_key_is_refused_with_the_first_jobs_address(account: Any) -> None:
    project = account.project()
    first = account.batch("POST", "timeBill", [account.time(project)], "key-1")
    again = account.batch("POST", "timeBill", [account.time(project, "T-2")], "key-1")
    assert (again.status, account.detail(again)["o:errorCode"]) == (400, "IDEMPOTENCY_ERROR")
    assert json.loads(again.body)["title"] == "Conflict"
    assert again.headers.get("location") == first.headers.get("location")
    account.clock.forward(1)
    assert account.read("timeBill")["totalResults"] == 1
    assert account.batch("POST", "timeBill", [account.time(project)], "key-1").status == 400


def test_the_idempotency_key_is_ignored_without_respond_async(account: Any) -> None:
    headers = {"X-NetSuite-Idempotency-Key": "key-1"}
    for number in (1, 2):
        body = {"companyName": f"Acme {number}", "subsidiary": account.eid("US01")}
        assert account.send("POST", "customer", body, headers).status == 204


def test_one_record_can_be_written_asynchronously(account: Any) -> None:
    body = {"externalId": "C-9", "companyName": "Acme", "subsidiary": account.eid("US01")}
    job = job_of(account.send("POST", "customer", body, {"Prefer": "respond-async"}))
    account.clock.forward(1)
    (result,) = results(account, job)
    assert account.read(result.headers.get("location").removeprefix(HOST))["externalId"] == "C-9"


@pytest.mark.parametrize(("items", "code"), [
    ([], "INVALID_REQUEST"), ([{"memo": "x"}] * 101, "INVALID_REQUEST"),
    (["x"], "INVALID_CONTENT"), (None, "INVALID_CONTENT"),
])  # fmt: skip
def test_a_batch_outside_the_rules_is_refused_at_once(account: Any, items: Any, code: str) -> None:
    response = account.batch("POST", "timeBill", items)
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, code)
    assert len(account.netsuite.ledger["asyncJob"]) == 0


def test_an_upsert_batch_needs_external_ids(account: Any) -> None:
    response = account.batch("PUT", "timeBill", [{"id": "7"}])
    assert account.detail(response)["o:errorPath"] == "items[0].externalId"


def test_a_batch_without_respond_async_is_refused(account: Any) -> None:
    headers = {"Content-Type": "application/vnd.oracle.resource+json; type=collection"}
    response = account.send("POST", "timeBill", {"items": [{}]}, headers)
    assert account.detail(response)["o:errorHeader"] == "Prefer"


def test_a_job_that_never_was_is_404(account: Any) -> None:
    assert account.send("GET", f"{JOB}/77").status == 404


def test_a_pending_job_survives_a_restart(account: Any, tmp_path: Any) -> None:
    account.path = tmp_path / "netsuite.sqlite"
    account.open()
    account.batch("POST", "timeBill", [account.time(account.project())])
    account.netsuite.ledger.close()
    account.open()
    account.clock.forward(1)
    assert account.read("timeBill/eid:T-1")["hours"] == "1:30"
    account.netsuite.ledger.close()


def test_jobs_take_as_long_as_they_are_told_to(account: Any) -> None:
    account.netsuite.control("configure", {"async_seconds": 30})
    job = job_of(account.batch("POST", "timeBill", [account.time(account.project())]))
    account.clock.forward(29.9)
    assert account.read(job)["completed"] is False
    account.clock.forward(0.1)
    assert account.read(job)["completed"] is True
