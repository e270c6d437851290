"""Who may call: the account, its two users, their fixed OAuth 1.0a tokens and the certificates registered.

The secrets below protect nothing: they open a sandbox on the machine that runs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from ..ledger import Document, Ledger

__all__ = ["ACCOUNT", "INTEGRATION", "PEOPLE", "TOKENS", "USERS", "Credentials", "TokenPair"]

#: The account id as the OAuth realm has it; in host names it is lower case with a hyphen.
ACCOUNT = "900100_SB1"
INTEGRATION = "9001"
PEOPLE = "9002"
USERS = {INTEGRATION: "Fairlead Integration", PEOPLE: "Northmark People", "-5": "System"}


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """One OAuth 1.0a consumer and token, and the user they act as."""

    consumer_key: str
    consumer_secret: str
    token: str
    token_secret: str
    user: str


TOKENS = tuple(
    TokenPair(
        consumer_key=f"sandbox-{name}-consumer",
        consumer_secret=f"sandbox-{name}-consumer-secret",
        token=f"sandbox-{name}-token",
        token_secret=f"sandbox-{name}-token-secret",
        user=user,
    )
    for name, user in (("integration", INTEGRATION), ("people", PEOPLE))
)


class Credentials:
    """Certificates, access tokens and used nonces, all in the ledger so that a restart forgets none."""

    def __init__(self, ledger: Ledger, seed: int, tokens: tuple[TokenPair, ...] = TOKENS) -> None:
        self._seed = seed
        self._pairs = {pair.token: pair for pair in tokens}
        self._certificates = ledger.collection("certificate")
        self._access = ledger.collection("accessToken")
        self._nonces = ledger.collection("nonce")
        self._revoked = ledger.collection("revoked")
        self._counter = ledger.collection("tokenCounter")

    def register(self, body: Mapping[str, Any]) -> None:
        """Keep a public key under its certificate id (`kid`); raises `ValueError` for unfit keys."""
        pem = str(body["public_key_pem"])
        key = load_pem_public_key(pem.encode())
        if not isinstance(key, RSAPublicKey | EllipticCurvePublicKey):
            raise ValueError("a certificate key is RSA or elliptic curve")
        user = PEOPLE if body.get("user") == "people" else INTEGRATION
        kid = str(body["kid"])
        self._certificates.put(
            kid, {"kid": kid, "client_id": str(body["client_id"]), "pem": pem, "user": user}
        )
        self._revoked.delete(kid)

    def certificate(self, kid: str) -> Document | None:
        return None if kid in self._revoked else self._certificates.get(kid)

    def pair(self, token: str) -> TokenPair | None:
        return None if token in self._revoked else self._pairs.get(token)

    def issue(self, certificate: Document, now: datetime, seconds: int) -> str:
        """A new bearer token for the certificate's user."""
        count = (self._counter.get("issued") or {"count": 0})["count"] + 1
        self._counter.put("issued", {"count": count})
        kid = certificate["kid"]
        token = "eyJ" + sha256(f"netsuite:{self._seed}:{kid}:{count}".encode()).hexdigest()
        until = (now + timedelta(seconds=seconds)).isoformat()
        self._access.put(token, {"token": token, "user": certificate["user"], "kid": kid, "until": until})
        return token

    def bearer(self, token: str, now: datetime) -> str | None:
        """The user of a live access token."""
        held = self._access.get(token)
        if held is None or held["kid"] in self._revoked or datetime.fromisoformat(held["until"]) <= now:
            return None
        return str(held["user"])

    def first_use(self, token: str, nonce: str, at: float, window: float) -> bool:
        """Whether this token never sent this nonce within the window; remembers it."""
        stale = []
        for held in self._nonces:
            if held["at"] >= at - window:
                break
            stale.append(held["key"])
        for key in stale:
            self._nonces.delete(key)
        key = f"{token}\n{nonce}"
        if key in self._nonces:
            return False
        self._nonces.put(key, {"key": key, "at": at})
        return True

    def expire(self) -> None:
        """Forget all access tokens, as if their hour were over."""
        for held in list(self._access):
            self._access.delete(held["token"])

    def revoke(self, body: Mapping[str, Any]) -> None:
        """Revoke a certificate (`kid`), an OAuth 1.0a token (`token`) or all of a `client_id`."""
        named = [str(body[name]) for name in ("kid", "token") if name in body]
        if not named and "client_id" not in body:
            raise ValueError("revoke needs kid, token or client_id")
        if "client_id" in body:
            named += [held["kid"] for held in self._certificates if held["client_id"] == body["client_id"]]
        for name in named:
            self._revoked.put(name, {"revoked": True})
