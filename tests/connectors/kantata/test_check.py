"""What a check finds wrong with an account before anything is written to it."""

from pathlib import Path

import httpx
import pydantic
import pytest

from bus.clock import SystemClock
from services.adapterkit.connector import Connector
from services.configuration import Connection
from services.time_adapter.connectors import CONNECTORS
from services.time_adapter.connectors.kantata import Kantata, Options, sign_in
from services.time_adapter.connectors.port import FEEDS
from tests.support.kantata_account import Account


async def bad(connector: Kantata) -> dict[str, str]:
    """Names and details of what is wrong."""
    return {finding.name: finding.detail for finding in await connector.check() if not finding.ok}


async def test_a_well_set_up_account_has_nothing_wrong_and_is_not_written_to(account: Account):
    before = len(account.held("subscribed_events"))
    findings = await account.connector.check()
    assert [finding for finding in findings if not finding.ok] == []
    names = {finding.name for finding in findings}
    assert {"reach and authenticate", "read users", "read subscribed_events", "create and annotate"} <= names
    assert len(account.held("subscribed_events")) == before


async def test_a_revoked_token_is_the_only_finding(account: Account):
    account.vendor.control("revoke", {"token": "integration-kantata"})
    assert await bad(account.connector) == {
        "reach and authenticate": "Unauthorised: 401: Invalid OAuth 2 Request"
    }


async def test_an_account_that_cannot_be_reached_is_the_only_finding(account: Account):
    await account.faults({"do": {"before_commit": "drop_connection"}})
    assert list(await bad(account.connector)) == ["reach and authenticate"]


async def test_a_user_without_rights_is_told_what_it_lacks(account: Account):
    wrong = await bad(account.another("people-EMP-0001"))
    assert set(wrong) == {"read subscribed_events", "create and annotate"}
    assert "account administrators" in wrong["read subscribed_events"]
    assert "may not create workspaces" in wrong["create and annotate"]


async def test_what_is_switched_off_is_not_asked_for(account: Account):
    wrong = await bad(account.another("people-EMP-0001", deletions=False, rate_cards=False))
    assert set(wrong) == {"create and annotate"}
    assert await account.calls("GET", "rate_card_sets") == 0


async def test_users_without_employee_numbers_are_found(account: Account):
    assert await bad(account.another(worker_service="payroll")) == {
        "employee numbers on users": "Rejected: none of 14 users has an external reference payroll/worker"
    }


async def test_the_product_is_registered_with_its_options_and_how_it_signs_in(account: Account):
    product = CONNECTORS["kantata"]
    assert (product.connector, product.options) == (Kantata, Options)
    connector: Connector = account.connector
    assert (connector.name, connector.product, connector.proof) == (
        "kantata",
        "kantata",
        "query-by-reference",
    )
    assert connector.settle_lag == Options().settle_lag_seconds
    assert tuple(feed.name for feed in connector.feeds()) == FEEDS


async def test_it_signs_in_with_the_token_of_the_configuration(account: Account, tmp_path):
    (tmp_path / "token").write_text("integration-kantata\n")
    (tmp_path / "token").chmod(0o600)
    settings = Connection.model_validate(
        {"product": "kantata", "url": account.url, "secrets": {"token": f"file:{tmp_path / 'token'}"}}
    )
    async with httpx.AsyncClient() as tokens:
        auth = sign_in(settings, tokens, SystemClock())
    async with httpx.AsyncClient(base_url=settings.base_url, auth=auth) as http:
        assert (await http.get("/api/v1/users/me")).status_code == 200
    assert "integration-kantata" not in repr(auth)


def test_unknown_options_are_refused_and_every_option_explains_itself():
    with pytest.raises(pydantic.ValidationError):
        Options.model_validate({"pagesize": 5})
    assert all(field.description for field in Options.model_fields.values())


def test_the_vendor_page_names_every_option():
    page = (Path(__file__).parents[3] / "docs" / "vendors" / "kantata.md").read_text("utf-8")
    assert [name for name in Options.model_fields if f"`{name}`" not in page] == []
