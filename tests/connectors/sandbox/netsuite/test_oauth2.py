"""OAuth 2.0 with a certificate: assertions made by joserfc and by hand, and what the token endpoint refuses."""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from services.sandbox.wire import Headers, Request, Response

BASE = "http://127.0.0.1:8082"
TOKEN = "/services/rest/auth/oauth2/v1/token"
NOW = 1795169472  # 2026-11-20T10:11:12Z, where the account's clock stands
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_for(algorithm: str) -> Any:
    return ec.generate_private_key(CURVES[algorithm]) if algorithm in CURVES else RSA


def private_pem(key: Any) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def register(account: Any, key: Any, kid: str = "cert-1", **more: str) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    body = {"client_id": "fairlead-client", "kid": kid, "public_key_pem": pem, **more}
    account.netsuite.control("register_certificate", body)


def claims(account: Any, **more: Any) -> dict[str, Any]:
    now = int(account.clock().timestamp())
    usual = {
        "iss": "fairlead-client",
        "scope": ["rest_webservices"],
        "aud": BASE + TOKEN,
        "iat": now,
        "exp": now + 3600,
    }
    return {**usual, **more}


def assertion(payload: dict[str, Any], key: Any, algorithm: str = "ES256", kid: str = "cert-1") -> str:
    kind = ECKey if algorithm.startswith("ES") else RSAKey
    header = {"typ": "JWT", "alg": algorithm, "kid": kid}
    return jwt.encode(header, payload, kind.import_key(private_pem(key)), algorithms=[algorithm])


def ask(account: Any, signed: str, **more: str) -> Response:
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed,
        **more,
    }
    return account.netsuite.answer(
        Request(
            method="POST",
            path=TOKEN,
            headers=Headers({"content-type": "application/x-www-form-urlencoded"}),
            body=urlencode(form).encode(),
            base_url=BASE,
        )
    )


def token(account: Any, kid: str = "cert-1", **more: str) -> str:
    """Register a fresh certificate and fetch a token with it."""
    key = key_for("ES256")
    register(account, key, kid, **more)
    return str(json.loads(ask(account, assertion(claims(account), key, kid=kid)).body)["access_token"])


def get(account: Any, bearer: str) -> Response:
    return account.send("GET", "currency", authorization=f"Bearer {bearer}")


@pytest.mark.parametrize("algorithm", ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"])
def test_each_documented_algorithm_gets_a_token_that_works(account: Any, algorithm: str) -> None:
    key = key_for(algorithm)
    register(account, key)
    response = ask(account, assertion(claims(account), key, algorithm))
    body = json.loads(response.body)
    assert (response.status, body["expires_in"], body["token_type"]) == (200, "3600", "Bearer")
    assert get(account, body["access_token"]).status == 200


def test_an_assertion_made_without_a_jose_library_gets_a_token(account: Any) -> None:
    """RFC 7515 and RFC 7518 section 3.5 by hand, so that signer and verifier share no code."""
    register(account, RSA)
    parts = [
        {"typ": "JWT", "alg": "PS256", "kid": "cert-1"},
        claims(account, scope="restlets,rest_webservices"),
    ]
    text = ".".join(urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    scheme = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=32)
    made = urlsafe_b64encode(RSA.sign(text.encode(), scheme, SHA256())).rstrip(b"=").decode()
    assert ask(account, f"{text}.{made}").status == 200


def test_the_accounts_own_host_is_an_audience_too(account: Any) -> None:
    key = key_for("ES256")
    register(account, key)
    host = "https://900100-sb1.suitetalk.api.netsuite.com"
    assert ask(account, assertion(claims(account, aud=[host + TOKEN]), key)).status == 200


def test_rs256_is_refused(account: Any) -> None:
    register(account, RSA)
    response = ask(account, assertion(claims(account), RSA, "RS256"))
    assert (response.status, json.loads(response.body)["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"iss": "someone-else"}, "invalid_client"),
        ({"aud": "https://other.example/token"}, "invalid_grant"),
        ({"exp": NOW + 3601}, "invalid_grant"),
        ({"iat": NOW - 7200, "exp": NOW - 3600}, "invalid_grant"),
        ({"iat": NOW + 120, "exp": NOW + 600}, "invalid_grant"),
        ({"exp": None}, "invalid_grant"),
        ({"scope": ["restlets"]}, "invalid_scope"),
    ],
)
def test_an_unfit_assertion_is_refused(account: Any, change: dict[str, Any], error: str) -> None:
    assert account.clock().timestamp() == NOW
    key = key_for("ES256")
    register(account, key)
    response = ask(account, assertion(claims(account, **change), key))
    assert (response.status, json.loads(response.body)["error"]) == (400, error)


def test_a_signature_by_another_key_is_refused(account: Any) -> None:
    register(account, key_for("ES256"))
    response = ask(account, assertion(claims(account), key_for("ES256")))
    assert (response.status, json.loads(response.body)["error"]) == (400, "invalid_grant")


def test_an_unknown_certificate_is_refused(account: Any) -> None:
    response = ask(account, assertion(claims(account), key_for("ES256"), kid="never"))
    assert (response.status, json.loads(response.body)["error"]) == (400, "invalid_client")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_assertion_type": "saml"}, "invalid_request"),
        ({"client_assertion": "not a jwt"}, "invalid_grant"),
    ],
)
def test_an_unfit_token_request_is_refused(account: Any, change: dict[str, str], error: str) -> None:
    response = ask(account, "x", **change)
    assert (response.status, json.loads(response.body)["error"]) == (400, error)


def test_a_token_lives_for_an_hour(account: Any) -> None:
    bearer = token(account)
    account.clock.forward(3599)
    assert get(account, bearer).status == 200
    account.clock.forward(1)
    response = get(account, bearer)
    assert response.status == 401
    assert response.headers.get("www-authenticate") == (
        'Bearer realm="900100_SB1", error="invalid_token", error_description="Invalid login attempt."'
    )


def test_expire_tokens_ends_every_bearer_token_at_once(account: Any) -> None:
    bearer = token(account)
    account.netsuite.control("expire_tokens", {})
    assert get(account, bearer).status == 401


@pytest.mark.parametrize("what", [{"kid": "cert-1"}, {"client_id": "fairlead-client"}])
def test_a_revoked_certificate_ends_its_tokens_and_gets_no_more(account: Any, what: dict[str, str]) -> None:
    key = key_for("ES256")
    register(account, key)
    bearer = json.loads(ask(account, assertion(claims(account), key)).body)["access_token"]
    account.netsuite.control("revoke", what)
    assert get(account, bearer).status == 401
    assert ask(account, assertion(claims(account), key)).status == 400


def test_a_malformed_bearer_header_is_a_bad_request(account: Any) -> None:
    response = account.send("GET", "currency", authorization="Bearer ")
    assert response.status == 400
    assert 'error="invalid_request"' in response.headers.get("www-authenticate")


def test_a_certificate_of_people_acts_as_people(account: Any) -> None:
    bearer = f"Bearer {token(account, user='people')}"
    period = account.read("accountingPeriod")["items"][0]["id"]
    response = account.send("PATCH", f"accountingPeriod/{period}", {"closed": True}, authorization=bearer)
    assert response.status == 204


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("revoke", {}),
        ("register_certificate", {"kid": "k"}),
        ("register_certificate", {"client_id": "c", "kid": "k", "public_key_pem": "nonsense"}),
        ("explode", {}),
    ],
)
def test_an_unfit_control_call_is_a_value_error(account: Any, verb: str, body: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"."):
        account.netsuite.control(verb, body)
