"""Tokens are fetched once, kept while they last, renewed when refused, and never shown."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws, jwt
from joserfc.jwk import ECKey, RSAKey
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client  # type: ignore[import-untyped]

from services.adapterkit.answer import answer
from services.adapterkit.auth import (
    ClientAssertion,
    ClientCredentials,
    JwtBearer,
    OAuth1,
    StaticBearer,
    TokenAuth,
)
from services.adapterkit.families import Family, Throttled, Unauthorised, Unavailable
from tests.support.kit_clock import START, SimulatedClock, simulate

TOKEN_URL = "https://vendor.test/token"
SECRET = "s3cret/canary"


class Vendor:
    """A token endpoint and an API; `valid` are the tokens that the API takes."""

    def __init__(self, clock: SimulatedClock, **token: Any) -> None:
        self.clock, self.token = clock, token
        self.numbers = count(1)
        self.valid: set[str] = set()
        self.forms: list[httpx.Request] = []
        self.calls: list[str] = []
        self.endpoint: Iterator[httpx.Response | Exception] = iter(())
        self.delays: Iterator[float] = iter(())

    async def answer(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == TOKEN_URL:
            return await self._issue(request)
        self.calls.append(request.headers["authorization"])
        accepted = request.headers["authorization"][7:] in self.valid
        await self.clock.sleep(next(self.delays, 0.0))
        return httpx.Response(200 if accepted else 401, json={})

    async def _issue(self, request: httpx.Request) -> httpx.Response:
        self.forms.append(request)
        await self.clock.sleep(0.5)
        planned = next(self.endpoint, None)
        if isinstance(planned, Exception):
            raise planned
        if planned is not None:
            return planned
        token = f"token-{next(self.numbers)}"
        self.valid.add(token)
        return httpx.Response(200, json={"access_token": token, "token_type": "Bearer", **self.token})

    def client(self, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer), auth=auth)

    def credentials(self, **more: Any) -> ClientCredentials:
        return ClientCredentials(
            token_url=TOKEN_URL, client_id="fairlead", client_secret=SECRET, http=self.client(), clock=self.clock,
            **more,
        )  # fmt: skip


def meeting(scene: Callable[[Vendor, httpx.AsyncClient], Any], **token: Any) -> Vendor:
    """Play a scene between a client with client credentials and a vendor."""

    async def played() -> None:
        async with vendor.client(vendor.credentials()) as http:
            await scene(vendor, http)

    vendor = Vendor(SimulatedClock(), **token)
    simulate(played())
    return vendor


async def call(http: httpx.AsyncClient, *, writes: bool = True) -> httpx.Response:
    return await answer(http, "POST", "https://vendor.test/records", writes=writes, json={"a": 1})


def test_one_caller_fetches_the_token_and_the_others_wait() -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        await asyncio.gather(*(call(http) for _ in range(20)))

    vendor = meeting(scene)
    assert len(vendor.forms) == 1
    assert vendor.calls == ["Bearer token-1"] * 20


@pytest.mark.parametrize(("expires_in", "fetches"), [("3600", 2), (3600, 2), (None, 1), ("", 1), (0, 1)])
def test_a_token_is_kept_until_shortly_before_its_end(expires_in: Any, fetches: int) -> None:
    """`expires_in` is text at NetSuite and missing at Salesforce."""

    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        await call(http)
        await vendor.clock.sleep(3500.0)
        await call(http)
        assert len(vendor.forms) == 1
        await vendor.clock.sleep(50.0)
        await call(http)

    vendor = meeting(scene, **({} if expires_in is None else {"expires_in": expires_in}))
    assert len(vendor.forms) == fetches


def test_a_401_renews_the_token_once_and_repeats_the_request() -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        await call(http)
        vendor.valid.clear()
        await asyncio.gather(*(call(http) for _ in range(10)))

    vendor = meeting(scene)
    assert len(vendor.forms) == 2
    assert vendor.calls[-10:] == ["Bearer token-2"] * 10


def test_a_refusal_that_arrives_after_the_renewal_uses_the_new_token() -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        await call(http)
        vendor.valid.clear()
        vendor.delays = iter([60.0])
        slow = asyncio.ensure_future(call(http))
        await vendor.clock.sleep(0.1)
        await call(http)
        await slow

    vendor = meeting(scene)
    assert len(vendor.forms) == 2
    assert vendor.calls[-1] == "Bearer token-2"


def test_a_second_401_stands() -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        vendor.endpoint = iter([httpx.Response(200, json={"access_token": "worthless"})] * 5)
        with pytest.raises(Unauthorised):
            await call(http)

    vendor = meeting(scene)
    assert len(vendor.calls) == 2
    assert len(vendor.forms) == 2


def test_a_session_token_that_comes_back_the_same_is_tried_once_more_and_no_further() -> None:
    """Salesforce may hand out the same session token again."""

    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        vendor.endpoint = iter([httpx.Response(200, json={"access_token": "same"})] * 9)
        for _ in range(2):
            with pytest.raises(Unauthorised):
                await call(http)

    assert len(meeting(scene).calls) == 4


@pytest.mark.parametrize(
    ("endpoint", "family"),
    [
        (
            httpx.Response(400, json={"error": "invalid_grant", "error_description": f"bad {SECRET}"}),
            Unauthorised,
        ),
        (httpx.Response(401, json={"error": "invalid_client"}), Unauthorised),
        (httpx.Response(404, text="<html>"), Unauthorised),
        (httpx.Response(405, text=SECRET), Unauthorised),
        (httpx.Response(400, json={"error": "rate_limit_exceeded"}), Throttled),
        (httpx.Response(429), Throttled),
        (httpx.Response(500, text=SECRET), Unavailable),
        (httpx.Response(200, text=f"<html>{SECRET}"), Unavailable),
        (httpx.Response(200, json={"token": SECRET}), Unavailable),
        (httpx.Response(200, json=[SECRET]), Unavailable),
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.ReadTimeout("late"), Unavailable),
    ],
)
def test_a_token_endpoint_that_fails_never_leaves_a_write_unsure(endpoint: Any, family: type[Family]) -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        vendor.endpoint = iter([endpoint])
        with pytest.raises(family) as raised:
            await call(http, writes=True)
        assert type(raised.value) is family
        assert SECRET not in f"{raised.value!s}{raised.value!r}"
        await call(http)

    assert len(meeting(scene).calls) == 1


def test_everybody_who_waits_shares_one_refusal() -> None:
    """A wrong secret that twenty callers present at once locks the account at some vendors."""

    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        vendor.endpoint = iter([httpx.Response(401, json={"error": "invalid_client"})])
        ends = await asyncio.gather(*(call(http) for _ in range(20)), return_exceptions=True)
        assert {type(end) for end in ends} == {Unauthorised}

    assert len(meeting(scene).forms) == 1


def test_a_caller_that_gives_up_does_not_take_the_token_from_the_others() -> None:
    async def scene(vendor: Vendor, http: httpx.AsyncClient) -> None:
        first = asyncio.ensure_future(call(http))
        second = asyncio.ensure_future(call(http))
        await vendor.clock.sleep(0.1)
        first.cancel()
        assert (await second).status_code == 200

    assert len(meeting(scene).forms) == 1


def test_the_secret_goes_in_the_body_or_as_basic() -> None:
    async def scene(vendor: Vendor, basic: bool) -> httpx.Request:
        async with vendor.client(vendor.credentials(basic=basic, scope="api")) as http:
            await call(http)
        return vendor.forms[-1]

    in_body = simulate(scene(Vendor(SimulatedClock()), False))
    assert parse_qs(in_body.content.decode())["client_secret"] == [SECRET]
    assert parse_qs(in_body.content.decode())["scope"] == ["api"]
    in_header = simulate(scene(Vendor(SimulatedClock()), True))
    assert "client_secret" not in in_header.content.decode()
    assert in_header.headers["authorization"].startswith("Basic ")


def pem(key: Any) -> tuple[str, str]:
    """Private and public key as PEM."""
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


async def form_of(vendor: Vendor, auth: TokenAuth) -> dict[str, str]:
    async with vendor.client(auth) as http:
        await call(http)
    return {name: values[0] for name, values in parse_qs(vendor.forms[-1].content.decode()).items()}


def test_the_jwt_bearer_grant_is_signed_with_rs256_and_lives_three_minutes() -> None:
    private, public = pem(rsa.generate_private_key(65537, 2048))
    vendor = Vendor(SimulatedClock())
    auth = JwtBearer(
        token_url=TOKEN_URL, client_id="consumer", username="fairlead@firm.test", audience="https://login.test",
        private_key=private, http=vendor.client(), clock=vendor.clock,
    )  # fmt: skip
    form = simulate(form_of(vendor, auth))
    assert form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    assert jwt.decode(form["assertion"], RSAKey.import_key(public), algorithms=["RS256"]).claims == {
        "iss": "consumer", "sub": "fairlead@firm.test", "aud": "https://login.test",
        "exp": int(START.timestamp()) + 180,
    }  # fmt: skip


@pytest.mark.parametrize("algorithm", ["PS256", "ES256"])
def test_the_client_assertion_names_its_certificate_and_scope(algorithm: str) -> None:
    elliptic = algorithm.startswith("ES")
    made: Any = ec.generate_private_key(ec.SECP256R1()) if elliptic else rsa.generate_private_key(65537, 2048)
    private, public = pem(made)
    vendor = Vendor(SimulatedClock())
    auth = ClientAssertion(
        token_url=TOKEN_URL, client_id="client", certificate="cert-1", private_key=private,
        scopes=["rest_webservices"], algorithm=algorithm, http=vendor.client(), clock=vendor.clock,
    )  # fmt: skip
    form = simulate(form_of(vendor, auth))
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    header = jws.extract_compact(form["client_assertion"].encode()).headers()
    assert header == {"typ": "JWT", "alg": algorithm, "kid": "cert-1"}
    key = (ECKey if elliptic else RSAKey).import_key(public)
    now = int(START.timestamp())
    assert jwt.decode(form["client_assertion"], key, algorithms=[algorithm]).claims == {
        "iss": "client", "scope": ["rest_webservices"], "aud": TOKEN_URL, "iat": now, "exp": now + 300,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("GET", "https://1234.suitetalk.test/services/rest/record/v1/job/eid:E-1", None),
        (
            "GET",
            'https://1234.suitetalk.test/services/rest/record/v1/job?q=name IS "A & B"&limit=5&empty=',
            None,
        ),
        (
            "POST",
            "http://127.0.0.1:8082/services/rest/query/v1/suiteql?limit=1000&offset=0",
            b'{"q":"SELECT 1"}',
        ),
        ("DELETE", "https://1234.suitetalk.test/r/v1/x%3Ay?b5=%3D%253D&a3=a&c%40=&a2=r%20b&a3=2+q", None),
    ],
)
def test_oauth1_signs_as_an_independent_signer_does(method: str, url: str, body: bytes | None) -> None:
    async def scene() -> httpx.Request:
        auth = OAuth1(
            consumer_key="ck", consumer_secret="c&s", token="tk", token_secret="t=s", realm="TSTDRV_1",
            clock=clock, nonce=lambda: "nonce-1",
        )  # fmt: skip
        transport = httpx.MockTransport(lambda request: httpx.Response(200))
        async with httpx.AsyncClient(transport=transport, auth=auth) as http:
            headers = {"Content-Type": "application/json"} if body else None
            return (await http.request(method, url, content=body, headers=headers)).request

    clock = SimulatedClock()
    sent = simulate(scene())
    signer = Client(
        "ck", client_secret="c&s", resource_owner_key="tk", resource_owner_secret="t=s", realm="TSTDRV_1",
        signature_method=SIGNATURE_HMAC_SHA256, nonce="nonce-1", timestamp=str(int(START.timestamp())),
    )  # fmt: skip
    expected = signer.sign(str(sent.url), method)[1]["Authorization"]
    assert sorted(sent.headers["authorization"].split(", ")) == sorted(expected.split(", "))
    assert sent.content == (body or b"")


def test_a_static_token_is_sent_as_the_vendor_wants_it() -> None:
    request = httpx.Request("GET", "https://vendor.test/")
    next(StaticBearer(SECRET).auth_flow(request))
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    next(StaticBearer(SECRET, header="X-Token", scheme="").auth_flow(request))
    assert request.headers["x-token"] == SECRET


def test_no_secret_shows_in_any_text_form() -> None:
    vendor = Vendor(SimulatedClock())
    oauth1 = OAuth1(
        consumer_key="ck", consumer_secret=SECRET, token="tk", token_secret=SECRET, realm="R", clock=vendor.clock,
        nonce=lambda: "n",
    )  # fmt: skip
    for auth in (vendor.credentials(), StaticBearer(SECRET), oauth1):
        assert SECRET not in f"{auth!r} {auth!s}"
