"""An independent client, simple-salesforce, works against the running stand-in unchanged (over TLS)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from tests.support.sandbox import sandbox


@pytest.fixture(scope="module")
def vendor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Base URL and certificate of the authority that signed for it."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1", "localhost")
    authority.cert_pem.write_to_path(folder / "authority.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    tls = ("--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"))
    with sandbox("salesforce", "--in-memory", *tls) as running:
        yield running.url, folder / "authority.pem"


@pytest.fixture
def session(vendor: tuple[str, Path]) -> Iterator[requests.Session]:
    with requests.Session() as session:
        # Otherwise REQUESTS_CA_BUNDLE wins over `verify`.
        session.trust_env = False
        session.verify = str(vendor[1])
        yield session


@pytest.fixture
def client(vendor: tuple[str, Path], session: requests.Session) -> Salesforce:
    secret = {"client_id": "fairlead-integration", "client_secret": "fairlead-integration-secret"}
    form = {"grant_type": "client_credentials", **secret}
    granted = session.post(f"{vendor[0]}/services/oauth2/token", data=form, timeout=5).json()
    return Salesforce(
        session_id=granted["access_token"], instance_url=granted["instance_url"], session=session
    )


def control(vendor: tuple[str, Path], session: requests.Session, verb: str, **body: Any) -> None:
    session.post(f"{vendor[0]}/_sandbox/control/{verb}", json=body, timeout=5).raise_for_status()


def test_query_gives_records_with_parents(client: Salesforce) -> None:
    found = client.query(
        "SELECT Id, Account.Client_Number__c FROM Opportunity WHERE Deal_Number__c = 'D-00001'"
    )
    assert found["totalSize"] == 1
    assert found["records"][0]["Account"]["Client_Number__c"].startswith("C-")


def test_query_all_follows_every_page(client: Salesforce) -> None:
    records = [{"Name": f"Page {n:03}", "Client_Number__c": f"P-{n:03}"} for n in range(450)]
    for start in range(0, 450, 200):
        rows = [{"attributes": {"type": "Account"}, **row} for row in records[start : start + 200]]
        done = client.restful("composite/sobjects", method="POST", json={"allOrNone": True, "records": rows})
        assert all(row["success"] for row in done)
    headers = {"Sforce-Query-Options": "batchSize=200"}
    soql = "SELECT Name FROM Account WHERE Client_Number__c LIKE 'P-%' ORDER BY Name"
    found = client.query_all(soql, headers=headers)
    assert [row["Name"] for row in found["records"]] == [row["Name"] for row in records]
    assert len(list(client.query_all_iter(soql, headers=headers))) == 450


def test_upsert_create_update_get_and_delete(client: Salesforce) -> None:
    accounts = client.Account
    assert accounts.upsert("Client_Number__c/C-9001", {"Name": "Acme"}) == 201
    assert accounts.upsert("Client_Number__c/C-9001", {"Name": "Acme Ltd"}) == 200
    held = accounts.get_by_custom_id("Client_Number__c", "C-9001")
    assert (held["Name"], accounts.get(held["Id"])["Name"]) == ("Acme Ltd", "Acme Ltd")
    assert accounts.update(held["Id"], {"Phone": "1"}) == 204
    made = accounts.create({"Name": "Other"})
    assert made["success"] is True
    assert accounts.delete(made["id"]) == 204
    around = datetime.now(UTC)
    start, end = around - timedelta(hours=1), around + timedelta(hours=1)
    assert held["Id"] in accounts.updated(start, end)["ids"]
    assert made["id"] in [row["id"] for row in accounts.deleted(start, end)["deletedRecords"]]


def test_describe_and_limits_are_understood(client: Salesforce) -> None:
    described = client.describe()
    assert described is not None
    assert [row["name"] for row in described["sobjects"]] == ["Account", "Opportunity", "User"]
    assert client.Opportunity.describe()["fields"][0]["name"] == "Id"
    assert client.Opportunity.metadata()["objectDescribe"]["keyPrefix"] == "006"
    daily = client.limits()["DailyApiRequests"]
    assert client.api_usage["api-usage"].total == daily["Max"]
    assert client.api_usage["api-usage"].used == daily["Max"] - daily["Remaining"]


def test_refusals_arrive_as_the_clients_own_errors(client: Salesforce) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="INVALID_FIELD"):
        client.query("SELECT Colour FROM Account")
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        client.Account.create({})
    with pytest.raises(SalesforceResourceNotFound):
        client.Account.get("001FL7zzzzzzzzz")
    for number in ("D-9001", "D-9002"):
        deal = {
            "Name": number,
            "StageName": "Prospecting",
            "CloseDate": "2026-12-01",
            "Project_Code__c": "P-1",
        }
        client.Opportunity.upsert(f"Deal_Number__c/{number}", deal)
    with pytest.raises(SalesforceMoreThanOneRecord):
        client.Opportunity.get_by_custom_id("Project_Code__c", "P-1")


def test_ended_session_and_used_up_quota_arrive_as_the_clients_own_errors(
    vendor: tuple[str, Path], session: requests.Session, client: Salesforce
) -> None:
    control(vendor, session, "set_quota", daily=0)
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        client.limits()
    control(vendor, session, "set_quota", daily=15000)
    control(vendor, session, "expire_tokens")
    with pytest.raises(SalesforceExpiredSession, match="INVALID_SESSION_ID"):
        client.limits()


def test_fault_script_reaches_the_client_over_tls(
    vendor: tuple[str, Path], session: requests.Session, client: Salesforce
) -> None:
    faults = f"{vendor[0]}/_sandbox/faults"
    script = [
        {"when": {"nth": [1]}, "do": {"status": 503, "body": "<html>maintenance</html>"}},
        {"when": {"nth": [2]}, "do": {"after_commit": "drop_response"}},
    ]
    session.put(faults, json=script, timeout=5).raise_for_status()
    try:
        with pytest.raises(SalesforceGeneralError, match="maintenance"):
            client.limits()
        with pytest.raises(requests.ConnectionError):
            client.Account.upsert("Client_Number__c/C-9100", {"Name": "Dropped"})
        assert client.Account.get_by_custom_id("Client_Number__c", "C-9100")["Name"] == "Dropped"
    finally:
        session.delete(faults, timeout=5).raise_for_status()
