"""Token-based authentication: OAuth 1.0a with HMAC-SHA256 (RFC 5849), the way NetSuite checks it."""

import hmac
import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from urllib.parse import quote, unquote, urlsplit

from ..wire import Request
from .credentials import ACCOUNT, Credentials
from .problems import Problem, unauthorised

__all__ = ["WINDOW", "authenticate", "signature"]

#: How far a timestamp may be off, in seconds.
WINDOW = 300
PAIR = re.compile(r'\s*([A-Za-z_]+)="([^"]*)"\s*')
NEEDED = ("oauth_consumer_key", "oauth_token", "oauth_nonce", "oauth_timestamp", "oauth_signature")


def _encode(text: str) -> str:
    """Percent-encoding of RFC 5849 section 3.6."""
    return quote(text, safe="~")


def signature(
    method: str, url: str, params: Iterable[tuple[str, str]], consumer_secret: str, token_secret: str
) -> str:
    """The base64 signature of one request; `url` has no query, `params` are query and OAuth parameters."""
    parts = urlsplit(url)
    port = parts.port
    usual = port in (None, 443 if parts.scheme == "https" else 80)
    host = (parts.hostname or "") + ("" if usual else f":{port}")
    joined = "&".join(f"{key}={value}" for key, value in sorted((_encode(k), _encode(v)) for k, v in params))
    base = "&".join(
        (method.upper(), _encode(f"{parts.scheme.lower()}://{host}{parts.path}"), _encode(joined))
    )
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return b64encode(hmac.digest(key.encode(), base.encode(), sha256)).decode()


def authenticate(request: Request, credentials: Credentials, now: float) -> str:
    """The user behind an `Authorization: OAuth` header; raises `Problem` (401) where it does not hold.

    `now` is in seconds since 1970. The nonce of a request that is let in is remembered.
    """
    said = _header(request.headers.get("authorization"))
    if any(name not in said for name in NEEDED):
        raise _refused("An OAuth parameter is missing.")
    if said.get("realm") != ACCOUNT:
        raise _refused("The realm is not this account.")
    if said.get("oauth_signature_method") != "HMAC-SHA256" or said.get("oauth_version", "1.0") != "1.0":
        raise _refused("Only OAuth 1.0 with HMAC-SHA256 is accepted.")
    pair = credentials.pair(said["oauth_token"])
    if pair is None or pair.consumer_key != said["oauth_consumer_key"]:
        raise _refused("The token is unknown or revoked.")
    if not said["oauth_timestamp"].isdecimal() or abs(int(said["oauth_timestamp"]) - now) > WINDOW:
        raise _refused("The timestamp is outside the allowed window.")
    params = [(k, v) for k, v in said.items() if k not in ("realm", "oauth_signature")] + request.params
    right = (
        signature(request.method, request.base_url + path, params, pair.consumer_secret, pair.token_secret)
        for path in _spellings(request.path)
    )
    if not any(hmac.compare_digest(one, said["oauth_signature"]) for one in right):
        raise _refused("The signature does not match.")
    if not credentials.first_use(pair.token, said["oauth_nonce"], now, 2 * WINDOW):
        raise _refused("The nonce was used before.")
    return pair.user


def _header(value: str) -> Mapping[str, str]:
    return {key: unquote(text) for key, text in PAIR.findall(value.partition(" ")[2])}


def _spellings(path: str) -> tuple[str, str]:
    """The ways a client may have spelt a path that arrives decoded: `:` and `!` bare, or encoded."""
    return quote(path, safe="/:!~@$&'()*+,;="), quote(path, safe="/~")


def _refused(why: str) -> Problem:
    return unauthorised(ACCOUNT, f"Invalid login attempt. {why}", scheme="OAuth")
