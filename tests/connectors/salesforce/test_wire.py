"""Answers of another shape are never misread, and calls go where they should."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.adapterkit.families import Family, Rejected, Unavailable, Unsure
from services.configuration import Connection
from services.crm_adapter.connectors import CONNECTORS
from services.crm_adapter.connectors.port import COMMANDS, FEEDS, VERBS
from services.crm_adapter.connectors.salesforce import Options
from services.crm_adapter.connectors.salesforce.api import Api
from tests.support.salesforce_org import NAME, SalesforceOrg, Watch

ONE, OTHER = "006000000000001AAA", "006000000000002AAA"
BODIES = {ONE: {"A__c": "x"}, OTHER: {"A__c": "y"}}


def api(
    *, status: int = 200, body: Any = None, seen: list[httpx.Request] | None = None, **options: Any
) -> Api:
    """Calls that get this answer; `body` is bytes, or anything else as JSON."""

    def reply(request: httpx.Request) -> httpx.Response:
        (seen if seen is not None else []).append(request)
        return httpx.Response(status, content=body if isinstance(body, bytes) else json.dumps(body))

    http = httpx.AsyncClient(base_url="https://login.example", transport=httpx.MockTransport(reply))
    return Api(http, Options(**options))


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        [],
        {"records": []},
        {"totalSize": 1, "done": "yes", "records": []},
        {"totalSize": 1, "done": True, "records": [1]},
        {"totalSize": 1, "done": True, "records": None},
    ],
)
async def test_a_query_answered_otherwise_is_unavailable(body: Any) -> None:
    with pytest.raises(Unavailable):
        await api(body=body).query("SELECT Id FROM Account")
    with pytest.raises(Unavailable):
        await api(body=body).count("Account", "Id = null")


@pytest.mark.parametrize("body", [b"<html>", {}, [], [{}, {}, {}], [1, 2], [[], {}]])
async def test_records_answered_otherwise_are_unavailable(body: Any) -> None:
    with pytest.raises(Unavailable):
        await api(body=body).records("Opportunity", [ONE, OTHER], ["Id"])


@pytest.mark.parametrize("body", [b"<html>", b"", {}, {"fields": {}}, {"fields": [{"name": "Id"}]}])
async def test_a_description_of_another_shape_is_unavailable(body: Any) -> None:
    with pytest.raises(Unavailable):
        await api(body=body).fields("Account")


@pytest.mark.parametrize("body", [b"<html>", {}, {"DailyApiRequests": {"Max": "many", "Remaining": 1}}])
async def test_limits_of_another_shape_are_unavailable(body: Any) -> None:
    with pytest.raises(Unavailable):
        await api(body=body).usage()


@pytest.mark.parametrize("status", [200, 201, 202])
async def test_an_update_answered_with_another_success_is_unsure(status: int) -> None:
    with pytest.raises(Unsure):
        await api(status=status, body={}).update("Opportunity", ONE, BODIES[ONE])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        {},
        [],
        [{"success": True, "id": ONE}],
        [{"success": "yes"}] * 2,
        [{"id": ONE}] * 2,
        [None] * 2,
    ],
)
async def test_an_update_of_many_answered_otherwise_is_unsure(body: Any) -> None:
    with pytest.raises(Unsure):
        await api(body=body).update_many("Opportunity", BODIES)


@pytest.mark.parametrize(
    ("row", "family"),
    [
        ({"success": True, "id": OTHER}, None),
        ({"success": True, "id": OTHER[:15], "errors": []}, None),
        ({"success": True, "id": ONE}, Unsure),
        ({"success": True}, Unsure),
        ({"success": False}, Unsure),
        (
            {"success": False, "errors": [{"statusCode": "INVALID_FIELD", "message": "no", "fields": []}]},
            Rejected,
        ),
    ],
)
async def test_each_row_counts_for_the_record_it_names(row: Any, family: type[Family] | None) -> None:
    first, second = await api(body=[{"success": True, "id": ONE}, row]).update_many("Opportunity", BODIES)
    assert first is None
    assert (None if second is None else type(second)) is family


async def test_calls_go_to_the_instance_where_it_is_another_host() -> None:
    seen: list[httpx.Request] = []
    options = {"instance_url": "https://firm.my.example", "api_version": "66.0"}
    await api(status=204, body=b"", seen=seen, **options).update("Opportunity", ONE, BODIES[ONE])
    assert [str(request.url) for request in seen] == [
        f"https://firm.my.example/services/data/v66.0/sobjects/Opportunity/{ONE}"
    ]


async def test_no_redirect_is_followed_with_the_token() -> None:
    seen: list[httpx.Request] = []

    def away(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(302, headers={"location": "https://elsewhere.example"})

    http = httpx.AsyncClient(
        base_url="https://firm.example", transport=httpx.MockTransport(away), follow_redirects=True
    )
    with pytest.raises(Unavailable):
        await Api(http, Options()).usage()
    assert len(seen) == 1


@pytest.mark.parametrize(
    "options",
    [
        {"api_version": "v67.0"},
        {"account": {"client_number": "Name FROM User--"}},
        {"account": {"client_number": "Parent.Client__c"}},
        {"opportunity": {"rate_card": "A.B.C.D.E.F.G"}},
        {"annotation": {"problem": "a;b"}},
        {"instance_url": "ftp://firm.example"},
        {"records_per_call": 201},
        {"corporate_currency": "usd"},
        {"unknown": 1},
    ],
)
def test_options_that_cannot_be_meant_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        Options.model_validate(options)


def test_every_option_says_what_it_is() -> None:
    models: list[Any] = [
        Options,
        *[type(getattr(Options(), name)) for name in ("account", "opportunity", "annotation")],
    ]
    assert [
        name for model in models for name, field in model.model_fields.items() if not field.description
    ] == []


async def test_the_connector_offers_what_every_crm_connector_does() -> None:
    options = Options(records_per_call=7, poll_seconds=5, settle_lag_seconds=9)
    connector = CONNECTORS["salesforce"].connector(
        name=NAME, http=httpx.AsyncClient(), options=options, clock=Watch()
    )
    assert (connector.name, connector.product, connector.proof) == ("salesforce", "salesforce", "external-id")
    assert connector.settle_lag == 9
    assert {name: verb.most for name, verb in connector.verbs().items()} == dict.fromkeys(VERBS, 7)
    assert [(feed.name, feed.every) for feed in connector.feeds()] == [(name, 5) for name in FEEDS]
    assert set(COMMANDS) == set(VERBS)
    await connector.close()


async def test_a_configured_connection_signs_in(org: SalesforceOrg, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("fairlead-integration-secret\n")
    configured = Connection.model_validate(
        {
            "product": "salesforce",
            "url": org.url,
            "user": "fairlead-integration",
            "secrets": {"client_secret": f"file:{secret}"},
        }
    )
    async with httpx.AsyncClient() as tokens:
        auth = CONNECTORS["salesforce"].sign_in(configured, tokens, Watch())
        async with httpx.AsyncClient(base_url=configured.base_url, auth=auth) as http:
            assert (await Api(http, Options()).usage()).max == 100_000
