"""OAuth 1.0a: Oracle's published example, an independent signer, and what is turned away."""

import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from services.sandbox.netsuite import TOKENS, TokenPair
from services.sandbox.netsuite.oauth1 import signature

INTEGRATION, PEOPLE = TOKENS
CURRENCIES = "http://127.0.0.1:8082/services/rest/record/v1/currency"

VECTOR = {
    "oauth_consumer_key": "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
    "oauth_token": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    "oauth_nonce": "fjaLirsIcCGVZWzBX0pg",
    "oauth_timestamp": "1508242306",
    "oauth_signature_method": "HMAC-SHA256",
    "oauth_version": "1.0",
}


def test_signature_equals_the_vendors_published_example() -> None:
    made = signature(
        "GET",
        "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40",
        VECTOR.items(),
        "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
        "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    )
    assert quote(made, safe="") == "B5OIWznZ2YP0OB7VrJrGkYsTh%2B8H%2B5T9Hag%2Bo92q0zY%3D"


@pytest.mark.parametrize(
    "path",
    [
        "employee?limit=2&offset=0",
        "employee/eid:EMP-0001?fields=entityId,email&expandSubResources=true",
        "employee/eid%3AEMP-0001",
        "employee?q=email%20START_WITH%20%22a%20b%26c%22&q=email%20EMPTY",
        "metadata-catalog/customer",
    ],
)
def test_what_oauthlib_signs_is_let_in(account: Any, path: str) -> None:
    assert account.send("GET", path).status == 200


def refused(account: Any, pair: TokenPair = INTEGRATION, **more: Any) -> tuple[int, str, str]:
    header = account.signed("GET", CURRENCIES, pair, **more)
    response = account.send("GET", "currency", authorization=header)
    return response.status, account.detail(response)["o:errorCode"], response.headers.get("www-authenticate")


def test_a_wrong_realm_is_refused(account: Any) -> None:
    assert refused(account, realm="900100") == (
        401,
        "INVALID_LOGIN",
        'OAuth realm="900100_SB1", error="invalid_token", error_description="Invalid login attempt."',
    )


def test_a_wrong_token_secret_is_refused(account: Any) -> None:
    assert refused(account, replace(INTEGRATION, token_secret="guessed"))[:2] == (401, "INVALID_LOGIN")


@pytest.mark.parametrize(("seconds", "status"), [(-301, 401), (-300, 200), (300, 200), (301, 401)])
def test_a_timestamp_may_be_five_minutes_off(account: Any, seconds: int, status: int) -> None:
    stamp = str(int(account.clock().timestamp()) + seconds)
    header = account.signed("GET", CURRENCIES, INTEGRATION, timestamp=stamp)
    assert account.send("GET", "currency", authorization=header).status == status


def test_a_nonce_works_once(account: Any) -> None:
    header = account.signed("GET", CURRENCIES, INTEGRATION, nonce="only-once")
    assert account.send("GET", "currency", authorization=header).status == 200
    again = account.send("GET", "currency", authorization=header)
    assert (again.status, account.detail(again)["o:errorCode"]) == (401, "INVALID_LOGIN")


def test_a_nonce_is_spent_by_a_request_that_then_fails(account: Any) -> None:
    url = "http://127.0.0.1:8082/services/rest/record/v1/customer/999999"
    header = account.signed("GET", url, INTEGRATION, nonce="spent")
    assert account.send("GET", "customer/999999", authorization=header).status == 404
    assert account.send("GET", "customer/999999", authorization=header).status == 401


def test_nonces_that_no_timestamp_can_carry_any_more_are_forgotten(account: Any) -> None:
    account.read("currency")
    account.clock.forward(1000)
    account.read("currency")
    assert len(account.netsuite.ledger["nonce"]) == 1


def test_a_request_signed_for_another_method_is_refused(account: Any) -> None:
    header = account.signed("POST", CURRENCIES, INTEGRATION)
    assert account.send("GET", "currency", authorization=header).status == 401


def test_a_revoked_token_is_refused_and_the_other_users_token_still_works(account: Any) -> None:
    account.netsuite.control("revoke", {"token": INTEGRATION.token})
    assert account.send("GET", "currency").status == 401
    assert account.send("GET", "currency", pair=PEOPLE).status == 200


def test_no_credentials_are_challenged_with_bearer(account: Any) -> None:
    response = account.send("GET", "currency", authorization="")
    assert response.status == 401
    assert response.headers.get("www-authenticate").startswith('Bearer realm="900100_SB1"')
    assert json.loads(response.body)["title"] == "Unauthorized"
