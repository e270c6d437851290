"""What `check` finds in an org that is set up as asked, and in others."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.adapterkit.connector import Finding
from tests.support.salesforce_org import SalesforceOrg, salesforce_org


def wrong(findings: Sequence[Finding]) -> dict[str, str]:
    return {finding.name: finding.detail for finding in findings if not finding.ok}


async def test_the_org_of_the_demo_is_set_up_well_and_nothing_is_written(org: SalesforceOrg) -> None:
    findings = await org.connector.check()
    assert wrong(findings) == {}
    assert [finding.name for finding in findings] == [
        "reach and sign in",
        "API calls",
        "read Account",
        "read Opportunity",
        "fields of Account",
        "client number is unique",
        "fields of Opportunity",
        "annotations can be written",
        "deal number is unique",
        "accounts without client number",
        "won opportunities without deal number",
    ]
    assert await org.calls("PATCH", "") == 0


async def test_what_is_left_out_is_counted(org: SalesforceOrg) -> None:
    await org.create("Account", Name="A prospect")
    await org.create("Account", Name="Another")
    await org.create("Opportunity", Name="In a hurry", StageName="Closed Won", CloseDate="2026-12-01")
    details = {finding.name: finding.detail for finding in await org.connector.check()}
    assert details["accounts without client number"] == "2 are no customers"
    assert details["won opportunities without deal number"] == "1 go by their record id"


@pytest.mark.parametrize(
    ("options", "name", "named"),
    [
        ({"account": {"tax_number": "Vat__c"}}, "fields of Account", "Vat__c"),
        ({"account": {"tax_number": "Vat__c"}}, "read Account", "No such column 'Vat__c'"),
        ({"account": {"country": "Owner.Region__c"}}, "read Account", "Region__c"),
        ({"account": {"client_number": "Tax_Number__c"}}, "client number is unique", "Tax_Number__c"),
        ({"opportunity": {"rate_card": "rate_card__c"}}, "fields of Opportunity", "rate_card__c"),
        ({"opportunity": {"deal_number": "Project_Code__c"}}, "deal number is unique", "Project_Code__c"),
        ({"annotation": {"problem": "Trouble__c"}}, "fields of Opportunity", "Trouble__c"),
        ({"annotation": {"paid": "Team__c"}}, "annotations can be written", "Team__c (string)"),
        ({"annotation": {"problem": "Amount"}}, "annotations can be written", "Amount (currency)"),
        ({"annotation": {"problem": "IsWon"}}, "annotations can be written", "IsWon (boolean)"),
    ],
)
async def test_a_field_that_does_not_fit_is_named(options: dict[str, Any], name: str, named: str) -> None:
    async with salesforce_org(**options) as org:
        assert named in wrong(await org.connector.check())[name]


async def test_a_wrong_secret_is_the_only_finding() -> None:
    async with salesforce_org(secret="wrong") as org:
        [finding] = await org.connector.check()
        assert not finding.ok and finding.name == "reach and sign in" and "invalid_client" in finding.detail


async def test_an_org_without_calls_left_says_so(org: SalesforceOrg) -> None:
    await org.control("set_quota", daily=1)
    findings = await org.connector.check()
    assert wrong(findings) == {"API calls": "0 of 1 calls are left in these 24 hours"}


async def test_an_api_version_that_the_org_does_not_speak_is_found() -> None:
    async with salesforce_org(api_version="99.0") as org:
        [finding] = await org.connector.check()
        assert not finding.ok and "NOT_FOUND" in finding.detail
