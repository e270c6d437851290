from services.erp_adapter.connectors import CONNECTORS
from services.erp_adapter.connectors.netsuite import NetSuite, Options
from services.erp_adapter.connectors.port import COMMANDS, FEEDS, VERBS
from tests.support import netsuite_account
from tests.support.netsuite_account import Account


async def test_the_connector_offers_every_verb_and_feed_of_an_erp(account: Account) -> None:
    assert tuple(account.connector.verbs()) == VERBS == tuple(COMMANDS)
    assert tuple(feed.name for feed in account.connector.feeds()) == FEEDS
    assert account.connector.verbs()["post_time"].most == 100


def test_the_product_is_registered_with_its_options() -> None:
    product = CONNECTORS["netsuite"]
    assert (product.connector, product.options) == (NetSuite, Options)


def test_every_option_documents_itself() -> None:
    assert all(field.description for field in Options.model_fields.values())


async def test_an_account_set_up_as_asked_passes_and_is_not_written_to(account: Account) -> None:
    findings = await account.connector.check()
    assert [one for one in findings if not one.ok] == []
    assert {"login", "subsidiaries", "use timeBill", "concurrency", "fixed fee item"} <= {
        one.name for one in findings
    }
    assert await account.calls("PUT", "") == await account.calls("PATCH", "") == 0


async def test_what_is_missing_is_named() -> None:
    options = Options(legal_entities=("US01", "FR01"), fixed_fee_item="ITEM-NONE")
    async with netsuite_account.account(options) as account:
        failed = {one.name: one.detail for one in await account.connector.check() if not one.ok}
        assert failed == {
            "subsidiaries": "no subsidiary has the external id FR01",
            "fixed fee item": "no item has the external id ITEM-NONE",
        }


async def test_a_refused_login_is_the_only_finding(account: Account) -> None:
    await account.people.post("/_sandbox/control/revoke", json={"token": "sandbox-integration-token"})
    [finding] = await account.connector.check()
    assert (finding.name, finding.ok) == ("login", False)
    assert "Unauthorised" in finding.detail


async def test_a_role_without_a_record_type_is_told(account: Account) -> None:
    await account.faults({"match": {"path": "*/metadata-catalog/invoice"}, "do": {"status": 403}})
    failed = {one.name: one.detail for one in await account.connector.check() if not one.ok}
    assert list(failed) == ["use invoice"]
    assert failed["use invoice"].startswith("Unauthorised: 403")


async def test_too_small_a_share_of_the_concurrency_pool_is_told(account: Account) -> None:
    await account.faults({"match": {"path": "*/metadata-catalog/*"}, "do": {"delay_ms": 100}})
    await account.configure(concurrency=3)
    failed = {one.name: one.detail for one in await account.connector.check() if not one.ok}
    assert failed == {"concurrency": "2 of 5 requests at once were blocked"}
