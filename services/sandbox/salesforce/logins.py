"""The token endpoint: client credentials and JWT bearer, and the sessions they open."""

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..ledger import Document, Ledger
from ..wire import Clock, Request, Response
from . import assertion
from .errors import Refused
from .ids import made
from .records import Records
from .times import moment, stamp

__all__ = ["Logins"]

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LOGIN_HOSTS = ("https://login.salesforce.com", "https://test.salesforce.com")
SESSION = timedelta(hours=2)
ORG_PREFIX = "00D"


class Logins:
    """Client applications, and one live session for each user that logged in with one."""

    def __init__(self, ledger: Ledger, records: Records, clock: Clock, seed: int) -> None:
        self._records, self._clock, self._seed = records, clock, seed
        self._clients = ledger.collection("clients")
        self._sessions = ledger.collection("sessions", index=("user",))
        self.org_id = made(ORG_PREFIX, seed, 1)

    def register(self, *, client_id: str, client_secret: str, user: str) -> None:
        """Install a client application that runs as this user (18-character id)."""
        client = {"client_id": client_id, "client_secret": client_secret, "user": user, "public_key": None}
        self._clients.put(client_id, client)

    def trust_key(self, client_id: str, pem: str) -> None:
        """Register the public key that a client signs its assertions with; raises `ValueError`."""
        client = self._clients.get(client_id)
        if client is None:
            raise ValueError(f"no client {client_id!r}")
        assertion.public_key(pem)
        self._clients.put(client_id, client | {"public_key": pem})

    def expire(self) -> int:
        """End all sessions; says how many there were."""
        tokens = [session["token"] for session in self._sessions]
        for token in tokens:
            self._sessions.delete(token)
        return len(tokens)

    def user_of(self, request: Request) -> str:
        """The user whose session the request carries; raises `Refused` 401."""
        scheme, _, token = request.headers.get("authorization").partition(" ")
        if token and scheme.lower() not in ("bearer", "oauth"):
            raise Refused(401, "INVALID_AUTH_HEADER", "INVALID_HEADER_TYPE")
        session = self._sessions.get(token)
        if session is None or moment(session["issued"]) + SESSION <= self._clock():
            raise Refused(401, "INVALID_SESSION_ID", "Session expired or invalid")
        return str(session["user"])

    def token(self, request: Request) -> Response:
        """`POST /services/oauth2/token`."""
        form = request.form
        match form.get("grant_type"):
            case "client_credentials":
                return self._client_credentials(request, form)
            case str(grant) if grant == JWT_BEARER:
                return self._jwt_bearer(request, form)
            case None:
                return _refused("invalid_request", "missing required parameter: grant_type")
        return _refused("unsupported_grant_type", "grant type not supported")

    def identity(self, request: Request) -> Response:
        """`GET /services/oauth2/userinfo`: who the session belongs to."""
        user = self._records.live["User"].get(self.user_of(request)) or {}
        return Response.of(
            {
                "sub": self._identity_url(request, user["Id"]),
                "user_id": user["Id"],
                "organization_id": self.org_id,
                "preferred_username": user["Username"],
                "name": user["Name"],
                "email": user["Email"],
                "active": user["IsActive"],
            }
        )

    def _client_credentials(self, request: Request, form: Mapping[str, str]) -> Response:
        client_id, secret = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
        client = self._clients.get(client_id)
        if client is None:
            return _refused("invalid_client_id", "client identifier invalid")
        if secret != client["client_secret"]:
            return _refused("invalid_client", "invalid client credentials")
        session = self._session(client["user"])
        issued = str(int(self._clock().timestamp() * 1000))
        signature = hashlib.sha256(f"{session['token']} {issued}".encode()).hexdigest()
        return Response.of(self._granted(request, session) | {"issued_at": issued, "signature": signature})

    def _jwt_bearer(self, request: Request, form: Mapping[str, str]) -> Response:
        try:
            said = assertion.claims(form.get("assertion", ""), self._key_of)
        except assertion.BadAssertion:
            return _refused("invalid_grant", "invalid assertion")
        if said.get("aud") not in (*LOGIN_HOSTS, request.base_url):
            return _refused("invalid_grant", "audience is invalid")
        expires = said.get("exp")
        if not isinstance(expires, int | float) or expires <= self._clock().timestamp():
            return _refused("invalid_grant", "expired authorization code")
        user = self._records.live["User"].by("Username", said.get("sub"))
        if user is None or not user["IsActive"]:
            return _refused("invalid_grant", "user hasn't approved this consumer")
        return Response.of(self._granted(request, self._session(user["Id"])))

    def _key_of(self, client_id: str) -> str | None:
        client = self._clients.get(client_id)
        return None if client is None else client["public_key"]

    def _session(self, user: str) -> Document:
        """The user's live session, or a new one."""
        now = self._clock()
        for session in self._sessions.where("user", user):
            if moment(session["issued"]) + SESSION > now:
                return session
            self._sessions.delete(session["token"])
        number = self._records.next_id("0Ak")
        secret = hashlib.sha256(f"{self._seed} {number} {now.isoformat()}".encode()).hexdigest()
        token = f"{self.org_id[:15]}!{secret}"
        return self._sessions.put(token, {"token": token, "user": user, "issued": stamp(now)})

    def _granted(self, request: Request, session: Document) -> dict[str, Any]:
        return {
            "access_token": session["token"],
            "scope": "api",
            "instance_url": request.base_url,
            "id": self._identity_url(request, session["user"]),
            "token_type": "Bearer",
        }

    def _identity_url(self, request: Request, user: str) -> str:
        return f"{request.base_url}/id/{self.org_id}/{user}"


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, encoded = request.headers.get("authorization").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(encoded).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret


def _refused(error: str, description: str) -> Response:
    """Token errors are an object, unlike the API's arrays."""
    return Response.of({"error": error, "error_description": description}, 400)
