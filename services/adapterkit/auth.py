"""How a connection proves who it is: OAuth 2.0 grants, signed assertions, OAuth 1.0a, plain bearer tokens.

Tokens are fetched through a client of their own (`http`, without this auth): when the token endpoint fails, the
vendor has not been asked for anything yet, so no write becomes unsure by it.
"""

import base64
import hmac
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
from authlib.oauth1.rfc5849 import client_auth, parameters, signature
from authlib.oauth1.rfc5849.util import escape
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from bus.clock import Clock

from .answer import answer, read_json
from .families import Throttled, Unauthorised, Unavailable
from .tokens import Token, Tokens

__all__ = ["ClientAssertion", "ClientCredentials", "JwtBearer", "OAuth1", "StaticBearer", "TokenAuth"]

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#: OAuth error codes that pass by themselves. The first two are RFC 6749's, the third is Salesforce's.
_TEMPORARY = frozenset({"temporarily_unavailable", "server_error", "rate_limit_exceeded"})

#: A person has to mend whatever makes a token endpoint answer one of these, a wrong address among it.
_REFUSALS = tuple(status for status in range(400, 500) if status not in (408, 429))

#: What is posted to the token endpoint: form fields and headers, made anew for each fetch.
Grant = Callable[[], tuple[Mapping[str, str], Mapping[str, str]]]


class TokenAuth(httpx.Auth):
    """Sends a bearer token from a token endpoint; a 401 means that nothing was done, so it renews and repeats once.

    Raises `Unauthorised` where the endpoint refuses, `Throttled` or `Unavailable` where it cannot answer now.
    `secrets` never appear in what is raised.
    """

    def __init__(
        self, *, token_url: str, grant: Grant, secrets: Iterable[str], http: httpx.AsyncClient, clock: Clock
    ) -> None:
        self._url, self._grant, self._http = token_url, grant, http
        self._secrets = tuple(secret for secret in secrets if secret)
        self._tokens = Tokens(self._fetch, clock)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._tokens.get()
        request.headers["Authorization"] = f"Bearer {token.value}"
        reply = yield request
        if reply.status_code == 401:
            token = await self._tokens.get(instead_of=token)
            request.headers["Authorization"] = f"Bearer {token.value}"
            yield request

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url})"

    async def _fetch(self) -> Token:
        form, headers = self._grant()
        reply = await answer(
            self._http, "POST", self._url, writes=False, words=self._words, auth=None, data=form,
            accept=_REFUSALS, headers={"Accept": "application/json", **headers},
        )  # fmt: skip
        if reply.is_success:
            return _token(read_json(reply, writes=False))
        said = f"token endpoint: {reply.status_code}: {self._words(reply)}"
        raise Throttled(said) if _oauth_error(reply)[0] in _TEMPORARY else Unauthorised(said)

    def _words(self, reply: httpx.Response) -> str:
        """The OAuth error code and its description; nothing else of the answer, and no secret in it."""
        said = " ".join(_oauth_error(reply))[:300]
        for secret in self._secrets:
            said = said.replace(secret, "***")
        return said


def _oauth_error(reply: httpx.Response) -> tuple[str, str]:
    """Code and description of a refusal (RFC 6749 section 5.2)."""
    try:
        body = read_json(reply, writes=False)
    except Unavailable:
        return "no OAuth error", ""
    said = body if isinstance(body, dict) else {}
    return str(said.get("error", "no OAuth error")), str(said.get("error_description", ""))


def _token(body: Any) -> Token:
    """Read a token answer (RFC 6749 section 5.1); NetSuite writes `expires_in` as text, Salesforce leaves it out."""
    value = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise Unavailable("the token endpoint answered without a token")
    try:
        lasts = float(body["expires_in"])
    except (KeyError, TypeError, ValueError):
        return Token(value=value)
    return Token(value=value, lasts=lasts if lasts > 0 else None)


class ClientCredentials(TokenAuth):
    """The OAuth 2.0 client credentials grant; the secret goes in the body, or as HTTP Basic with `basic`."""

    def __init__(
        self, *, token_url: str, client_id: str, client_secret: str, http: httpx.AsyncClient, clock: Clock,
        scope: str = "", basic: bool = False,
    ) -> None:  # fmt: skip
        form = {"grant_type": "client_credentials", **({"scope": scope} if scope else {})}
        headers = {}
        pair = base64.b64encode(f"{quote(client_id)}:{quote(client_secret)}".encode()).decode()
        if basic:
            headers["Authorization"] = f"Basic {pair}"
        else:
            form |= {"client_id": client_id, "client_secret": client_secret}
        super().__init__(
            token_url=token_url, grant=lambda: (form, headers), secrets=(client_secret, pair), http=http,
            clock=clock,
        )  # fmt: skip


class JwtBearer(TokenAuth):
    """The JWT bearer grant (RFC 7523 section 2.1) as Salesforce takes it: RS256, and at most three minutes long."""

    def __init__(
        self, *, token_url: str, client_id: str, username: str, audience: str, private_key: str,
        http: httpx.AsyncClient, clock: Clock,
    ) -> None:  # fmt: skip
        key = RSAKey.import_key(private_key)

        def grant() -> tuple[Mapping[str, str], Mapping[str, str]]:
            expires = clock.now() + timedelta(minutes=3)
            claims = {"iss": client_id, "sub": username, "aud": audience, "exp": int(expires.timestamp())}
            signed = jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])
            return {"grant_type": _JWT_BEARER, "assertion": signed}, {}

        super().__init__(token_url=token_url, grant=grant, secrets=(), http=http, clock=clock)


class ClientAssertion(TokenAuth):
    """Client credentials proven by a signed assertion (RFC 7523 section 2.2): NetSuite's machine-to-machine flow.

    `certificate` is the id under which the vendor keeps the public key (`kid`); `algorithm` is PS256 or ES256,
    NetSuite does not take RS256. The assertion lives five minutes (NetSuite allows an hour).
    """

    def __init__(
        self, *, token_url: str, client_id: str, certificate: str, private_key: str, scopes: Iterable[str],
        http: httpx.AsyncClient, clock: Clock, algorithm: str = "PS256", audience: str = "",
    ) -> None:  # fmt: skip
        key = (ECKey if algorithm.startswith("ES") else RSAKey).import_key(private_key)
        wanted = list(scopes)

        def grant() -> tuple[Mapping[str, str], Mapping[str, str]]:
            now = int(clock.now().timestamp())
            claims = {
                "iss": client_id,
                "scope": wanted,
                "aud": audience or token_url,
                "iat": now,
                "exp": now + 300,
            }
            signed = jwt.encode({"alg": algorithm, "kid": certificate}, claims, key, algorithms=[algorithm])
            form = {"grant_type": "client_credentials", "client_assertion_type": _ASSERTION_TYPE}
            return {**form, "client_assertion": signed}, {}

        super().__init__(token_url=token_url, grant=grant, secrets=(), http=http, clock=clock)


class StaticBearer(httpx.Auth):
    """A token that a person made at the vendor; `scheme` may be empty for vendors that want the bare token."""

    def __init__(self, token: str, *, header: str = "Authorization", scheme: str = "Bearer") -> None:
        self._header, self._value = header, f"{scheme} {token}".strip()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers[self._header] = self._value
        yield request

    def __repr__(self) -> str:
        return f"StaticBearer({self._header})"


class OAuth1(httpx.Auth):
    """OAuth 1.0a with HMAC-SHA256 (RFC 5849): each request is signed; `realm` is NetSuite's account id.

    Authlib builds the base string and the header. Its own request signer has neither HMAC-SHA256 nor a clock that
    is given to it, and adds a body hash that NetSuite does not know. `nonce` makes a new text for each request.
    """

    requires_request_body = True

    def __init__(
        self, *, consumer_key: str, consumer_secret: str, token: str, token_secret: str, realm: str, clock: Clock,
        nonce: Callable[[], str],
    ) -> None:  # fmt: skip
        self._client = client_auth.ClientAuth(
            consumer_key, token=token, signature_method="HMAC-SHA256", realm=realm
        )
        self._key = f"{escape(consumer_secret)}&{escape(token_secret)}".encode()
        self._realm, self._clock, self._nonce = realm, clock, nonce

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        made = self._client.get_oauth_params(self._nonce(), str(int(self._clock.now().timestamp())))
        signed = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        if request.headers.get("content-type", "").startswith(client_auth.CONTENT_TYPE_FORM_URLENCODED):
            signed += parse_qsl(request.content.decode(), keep_blank_values=True)
        base = signature.construct_base_string(request.method, str(request.url), [*signed, *made])
        digest = base64.b64encode(hmac.digest(self._key, base.encode(), sha256)).decode()
        headers = parameters.prepare_headers([*made, ("oauth_signature", digest)], {}, realm=self._realm)
        request.headers["Authorization"] = headers["Authorization"]
        yield request

    def __repr__(self) -> str:
        return f"OAuth1(realm={self._realm})"
