"""Tokens, sessions, versions and the daily quota."""

import json
from base64 import b64encode, urlsafe_b64encode
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.sandbox.wire import Headers, Request, Response
from tests.support.salesforce import Org, content, problem

TOKEN = "/services/oauth2/token"
SALES = "sally.sales@northmark.example"


@pytest.fixture
def org() -> Org:
    return Org(deals=1)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).decode().rstrip("=")


def assertion(key: RSAPrivateKey, org: Org, *, alg: str = "RS256", **changed: Any) -> str:
    claims = {
        "iss": "northmark-sales",
        "sub": SALES,
        "aud": "https://login.salesforce.com",
        "exp": int(org.watch().timestamp()) + 180,
    }
    signed = f"{encoded({'alg': alg})}.{encoded(claims | changed)}"
    return f"{signed}.{encoded(key.sign(signed.encode(), PKCS1v15(), SHA256()))}"


def bearer(org: Org, token: str) -> Response:
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    return org.post_form(TOKEN, {"grant_type": grant, "assertion": token})


def trust(org: Org, key: RSAPrivateKey) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    org.salesforce.control("trust_key", {"client_id": "northmark-sales", "public_key": pem})


def test_client_credentials_are_taken_from_the_body_or_from_basic(org: Org) -> None:
    form = {"grant_type": "client_credentials"}
    secret = {"client_id": "northmark-sales", "client_secret": "northmark-sales-secret"}
    basic = "Basic " + b64encode(b"northmark-sales:northmark-sales-secret").decode()
    in_body = content(org.post_form(TOKEN, form | secret))
    in_header = content(org.post_form(TOKEN, form, authorization=basic))
    assert in_body["access_token"] == in_header["access_token"]
    assert in_body["instance_url"] == "http://127.0.0.1"
    assert in_body["issued_at"] == "1795251600250"
    assert (in_body["token_type"], in_body["scope"], "expires_in" in in_body) == ("Bearer", "api", False)
    assert problem(org.call("GET", "/limits", token="nonsense")) == (401, "INVALID_SESSION_ID")
    assert org.call("GET", "/limits", token=in_body["access_token"]).status == 200


def test_token_names_the_user_it_belongs_to(org: Org) -> None:
    token = org.login("northmark-sales")
    request = Request(
        method="GET",
        path="/services/oauth2/userinfo",
        headers=Headers({"authorization": f"OAuth {token}"}),
    )
    who = content(org.salesforce.answer(request))
    assert (who["preferred_username"], who["name"]) == (SALES, "Sally Sales")
    assert who["sub"].endswith(f"/id/{who['organization_id']}/{who['user_id']}")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "client_id": "x"}, "invalid_client_id"),
        (
            {"grant_type": "client_credentials", "client_id": "northmark-sales", "client_secret": "x"},
            "invalid_client",
        ),
    ],
)
def test_token_refusal_is_an_object(org: Org, form: dict[str, str], error: str) -> None:
    answer = org.post_form(TOKEN, form)
    assert (answer.status, content(answer)["error"]) == (400, error)


def test_assertion_signed_with_the_trusted_key_opens_the_subjects_session(
    org: Org, key: RSAPrivateKey
) -> None:
    trust(org, key)
    granted = content(bearer(org, assertion(key, org)))
    assert granted["access_token"] == org.login("northmark-sales")
    assert "issued_at" not in granted


def test_assertion_that_does_not_hold_is_an_invalid_grant(org: Org, key: RSAPrivateKey) -> None:
    untrusted = bearer(org, assertion(key, org))
    trust(org, key)
    other = generate_private_key(public_exponent=65537, key_size=2048)
    for answer in [
        untrusted,
        bearer(org, "nonsense"),
        bearer(org, assertion(other, org)),
        bearer(org, assertion(key, org, alg="none")),
        bearer(org, assertion(key, org, iss="nobody")),
        bearer(org, assertion(key, org, sub="nobody@northmark.example")),
        bearer(org, assertion(key, org, aud="https://elsewhere.example")),
        bearer(org, assertion(key, org, exp=int(org.watch().timestamp()))),
    ]:
        assert (answer.status, content(answer)["error"]) == (400, "invalid_grant")


def test_sessions_end_on_demand_and_after_two_hours(org: Org) -> None:
    assert org.salesforce.control("expire_tokens", {}) == 1
    assert problem(org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    org.token = org.login("fairlead-integration")
    assert org.call("GET", "/limits").status == 200
    org.watch.move(hours=2)
    assert problem(org.call("GET", "/limits")) == (401, "INVALID_SESSION_ID")
    assert org.call("GET", "/limits", token=org.login("fairlead-integration")).status == 200


def test_header_of_another_kind_is_told_apart(org: Org) -> None:
    answer = org.call("GET", "/limits", authorization="Basic abc")
    assert problem(answer) == (401, "INVALID_AUTH_HEADER")


def test_versions_are_listed_without_a_session_and_others_are_404(org: Org) -> None:
    listed = content(org.salesforce.answer(Request(method="GET", path="/services/data/")))
    assert listed[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
    assert listed[-3]["label"] == "Winter '26"
    headers = Headers({"authorization": f"Bearer {org.token}"})
    for version, status in (("v46.0", 200), ("v45.0", 404), ("v68.0", 404), ("v67.5", 404)):
        request = Request(method="GET", path=f"/services/data/{version}/limits", headers=headers)
        assert org.salesforce.answer(request).status == status


def test_quota_is_told_on_every_answer_and_refuses_when_it_is_used_up(org: Org) -> None:
    org.salesforce.control("set_quota", {"daily": 2})
    first = org.call("GET", "/limits")
    assert content(first)["DailyApiRequests"] == {"Max": 2, "Remaining": 1}
    assert first.headers["sforce-limit-info"] == "api-usage=1/2"
    assert org.call("POST", "/sobjects/Account", {}).headers["sforce-limit-info"] == "api-usage=2/2"
    refused = org.call("POST", "/sobjects/Account", {"Name": "x"})
    assert problem(refused) == (403, "REQUEST_LIMIT_EXCEEDED")
    org.watch.move(hours=24)
    org.token = org.login("fairlead-integration")
    assert org.names("WHERE Name = 'x'") == []


def test_control_verb_that_is_not_legal_is_told_what_is(org: Org) -> None:
    for verb, body in [("explode", {}), ("set_quota", {"daily": "2"}), ("lock_row", {"id": "x", "times": 1}),
                       ("trust_key", {"client_id": "nobody", "public_key": ""})]:  # fmt: skip
        with pytest.raises(ValueError, match=r"legal|nobody"):
            org.salesforce.control(verb, body)
