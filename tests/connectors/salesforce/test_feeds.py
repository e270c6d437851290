"""Following accounts and won opportunities of an org over HTTP."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from contracts.customers.v1 import Customer, CustomerChanged
from contracts.opportunities.v1 import OpportunityWon
from services.adapterkit.connector import Page
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable
from services.sandbox.firm import Client
from tests.support.salesforce_org import NAME, SalesforceOrg, Watch, annotate, money, salesforce_org

DEAL = "D-00001"
CONTRACT_TYPES = {"fixed-fee": "Fixed Fee", "time-and-materials": "Time and Materials"}


def customers(*pages: Page) -> dict[str, CustomerChanged]:
    """What was last observed of each customer."""
    found = [one.contract for page in pages for one in page.observed]
    return {one.id: one for one in found if isinstance(one, CustomerChanged)}


def won(*pages: Page) -> list[OpportunityWon]:
    found = [one.contract for page in pages for one in page.observed]
    return [one for one in found if isinstance(one, OpportunityWon)]


def news(page: Page, known: Sequence[OpportunityWon]) -> list[OpportunityWon]:
    return [one for one in won(page) if one not in known]


def a_customer(client: Client, org: SalesforceOrg) -> Customer:
    told = {
        "id": client.number, "name": client.name, "parent": client.parent, "legal_entity": client.entity,
        "currency": org.firm.entity(client.entity).currency, "street": client.street, "city": client.city,
        "postal_code": client.postal_code, "country": client.country, "tax_number": client.tax_number,
        "email": client.email,
    }  # fmt: skip
    return msgspec.convert(told, Customer)


async def test_every_account_is_observed_as_the_firm_knows_it() -> None:
    async with salesforce_org(clients=23, records_per_page=5) as org:
        pages = await org.all("customers")
        assert len(pages) > 4 and all(len(page.observed) <= 10 for page in pages)
        found = customers(*pages)
        assert {number: one.customer for number, one in found.items()} == {
            client.number: a_customer(client, org) for client in org.firm.clients
        }
        assert any(client.parent for client in org.firm.clients)
        record = (await org.record("Account", "C-0001"))["Id"]
        assert (found["C-0001"].version, found["C-0001"].connection, found["C-0001"].record) == (
            0,
            NAME,
            record,
        )


async def test_a_changed_account_is_observed_again(org: SalesforceOrg) -> None:
    before = (await org.all("customers"))[-1]
    record = (await org.record("Account", "C-0001"))["Id"]
    await org.change("Account", record, Name="Renamed plc")
    page = await org.poll("customers", before.watermark)
    assert customers(page)["C-0001"].customer.name == "Renamed plc"


async def test_accounts_without_a_client_number_are_no_customers(org: SalesforceOrg) -> None:
    await org.create("Account", Name="A prospect")
    assert "A prospect" not in [one.customer.name for one in customers(*await org.all("customers")).values()]


async def test_a_client_number_given_to_the_parent_reaches_its_children(org: SalesforceOrg) -> None:
    parent = await org.create("Account", Name="A holding")
    child = (await org.record("Account", "C-0001"))["Id"]
    await org.change("Account", child, ParentId=parent)
    pages = await org.all("customers")
    assert customers(*pages)["C-0001"].customer.parent is None
    await org.change("Account", parent, Client_Number__c="C-0900")
    later = await org.poll("customers", pages[-1].watermark)
    assert customers(later)["C-0001"].customer.parent == "C-0900"


async def test_a_won_deal_is_observed_in_sales_own_words(org: SalesforceOrg) -> None:
    deal = org.firm.deals[0]
    assert won(*await org.all("opportunities")) == []
    record = await org.win(DEAL)
    [found] = {one.record: one for one in won(*await org.all("opportunities"))}.values()
    assert msgspec.to_builtins(found) == {
        "type": "opportunities.opportunity-won.v1", "opportunity": DEAL, "revision": 0, "name": deal.name,
        "customer": deal.client, "connection": NAME, "record": record,
        "handover": {
            "legal_entity": deal.entity, "contract_type": CONTRACT_TYPES[deal.contract_type],
            "service_package": deal.package, "rate_card": deal.rate_card,
            "tax_profile": org.firm.entity(deal.entity).tax_profile,
            "amount": {"amount": deal.amount, "currency": deal.currency},
            "start": str(deal.start), "end": str(deal.end), "manager": deal.manager, "team": deal.team,
            "purchase_order": deal.purchase_order,
        },
    }  # fmt: skip


async def test_polling_again_brings_no_news(org: SalesforceOrg) -> None:
    await org.win(DEAL)
    first = (await org.all("opportunities"))[-1]
    again = await org.poll("opportunities", first.watermark)
    assert again.observed and news(again, won(first)) == []


async def test_what_we_show_is_no_news_and_what_sales_changes_is(org: SalesforceOrg) -> None:
    record = await org.win(DEAL)
    first = (await org.all("opportunities"))[-1]
    currency = org.firm.deals[0].currency
    await org.apply(annotate(record, engagement_status="Active", invoiced=money(100, currency)))
    assert news(await org.poll("opportunities", first.watermark), won(first)) == []
    await org.change("Opportunity", record, Purchase_Order__c="PO-NEW")
    changed = news(await org.poll("opportunities", first.watermark), won(first))
    assert {one.handover.purchase_order for one in changed} == {"PO-NEW"}


async def test_a_won_deal_without_a_number_is_not_dropped(org: SalesforceOrg) -> None:
    record = await org.create(
        "Opportunity", Name="In a hurry", StageName="Closed Won", CloseDate="2026-12-01"
    )
    [found] = won(*await org.all("opportunities"))
    assert (found.opportunity, found.record, found.customer) == (record, record, None)


async def test_a_client_number_given_after_the_win_reaches_the_deal(org: SalesforceOrg) -> None:
    account = await org.create("Account", Name="New client")
    record = await org.win(DEAL)
    await org.change("Opportunity", record, AccountId=account)
    first = await org.all("opportunities")
    assert won(*first)[-1].customer is None
    await org.change("Account", account, Client_Number__c="C-0900")
    assert won(await org.poll("opportunities", first[-1].watermark))[-1].customer == "C-0900"


async def test_deals_closed_long_ago_are_left_out() -> None:
    tomorrow = (Watch().now() + timedelta(days=30)).date()
    async with salesforce_org(closed_from=tomorrow) as org:
        await org.win(DEAL)
        record = await org.win("D-00002")
        await org.change("Opportunity", record, CloseDate=str(tomorrow))
        assert {one.opportunity for one in won(*await org.all("opportunities"))} == {"D-00002"}


@pytest.mark.parametrize(
    ("do", "family"),
    [
        ({"before_commit": "drop_connection"}, Unavailable),
        ({"status": 503, "body": "<html>maintenance</html>"}, Unavailable),
        ({"status": 200, "body": "<html>Welcome</html>"}, Unavailable),
        ({"status": 400, "body": [{"errorCode": "INVALID_FIELD", "message": "No such column"}]}, Rejected),
        ({"status": 403, "body": [{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "Total"}]}, Throttled),
        ({"status": 403, "body": [{"errorCode": "INSUFFICIENT_ACCESS", "message": "no"}]}, Unauthorised),
    ],
)
async def test_a_feed_that_cannot_be_read_says_why(
    org: SalesforceOrg, do: dict[str, Any], family: type[Family]
) -> None:
    await org.faults({"match": {"path": "*/query"}, "do": do})
    with pytest.raises(family):
        await org.poll("customers")


async def test_a_crm_has_no_ledger(org: SalesforceOrg) -> None:
    today = Watch().now().date()
    assert [line async for line in org.connector.ledger(today, today)] == []
