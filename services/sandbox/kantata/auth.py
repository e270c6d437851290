"""OAuth 2: the authorisation-code flow and bearer tokens that live until somebody revokes them."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from ..ledger import Document
from ..wire import Headers, Request, Response, Router
from .books import Books
from .errors import stranger

__all__ = ["CLIENT_ID", "CLIENT_SECRET", "INTEGRATION_TOKEN", "Auth"]

#: Fixed, documented values of a sandbox; they open nothing else.
CLIENT_ID = "fairlead-sandbox"
CLIENT_SECRET = "fairlead-sandbox-secret"  # noqa: S105
INTEGRATION_TOKEN = "integration-kantata"  # noqa: S105
CODE_SECONDS = 600


class Auth:
    """Who a request speaks for."""

    def __init__(self, books: Books, seed: int) -> None:
        self._books, self._seed = books, seed
        self._tokens = books.ledger.collection("tokens", index=("user_id",))
        self._codes = books.ledger.collection("codes")

    def user(self, request: Request) -> Document:
        """The user of the bearer token; 401 without a good one."""
        scheme, _, token = request.headers.get("authorization").partition(" ")
        grant = self._tokens.get(token.strip()) if scheme.lower() == "bearer" else None
        user = self._books["users"].get(grant["user_id"]) if grant and not grant["revoked"] else None
        if user is None or user["disabled"]:
            raise stranger()
        return user

    def grant(self, user_id: str, token: str = "") -> str:
        """Give a user a bearer token and return it."""
        token = token or self._secret("token")
        self._tokens.put(token, {"token": token, "user_id": user_id, "revoked": False})
        return token

    def revoke(self, *, token: str = "", user_id: str = "") -> int:
        """Revoke one token, or every token of a user; returns how many died."""
        held = self._tokens.get(token)
        doomed = {token: held} if held else {}
        if user_id:
            doomed |= {grant["token"]: grant for grant in self._tokens.where("user_id", user_id)}
        alive = {key: grant for key, grant in doomed.items() if not grant["revoked"]}
        for key, grant in alive.items():
            self._tokens.put(key, {**grant, "revoked": True})
        return len(alive)

    def find_user(self, who: str) -> Document:
        """A user by id, employee number, email address, or `integration`; `ValueError` where there is none."""
        books = self._books
        if who == "integration":
            who = str((self._tokens.get(INTEGRATION_TOKEN) or {}).get("user_id", ""))
        near = books["external_references"].where("identity", f"User:hcm:{who}")
        number = near[0]["subject_id"] if near else who
        user = books["users"].get(number) or books["users"].by("email_address", who)
        if user is None:
            raise ValueError(f"no such user: {who}")
        return user

    def routes(self, router: Router) -> None:
        router.add("GET", "/oauth/authorize")(self._authorize)
        router.add("POST", "/oauth/token")(self._token)

    def _secret(self, kind: str) -> str:
        number = self._books.number(kind)
        return sha256(f"kantata:{self._seed}:{kind}:{number}".encode()).hexdigest()

    def _authorize(self, request: Request) -> Response:
        """Consent is given at once, by the integration's user or by the one named in `login_hint`."""
        target = request.param("redirect_uri")
        if request.param("client_id") != CLIENT_ID or not target.startswith(("http://", "https://", "urn:")):
            return _problem(401, "invalid_client")
        answer = {"state": request.param("state")} if request.has_param("state") else {}
        if request.param("response_type") != "code":
            return _redirect(target, {"error": "unsupported_response_type", **answer})
        try:
            user = self.find_user(request.param("login_hint") or "integration")
        except ValueError:
            return _redirect(target, {"error": "access_denied", **answer})
        code = self._secret("code")
        self._codes.put(
            code, {"user_id": user["id"], "redirect_uri": target, "until": self._books.now() + CODE_SECONDS}
        )
        return _redirect(target, {"code": code, **answer})

    def _token(self, request: Request) -> Response:
        form = request.form
        if "json" in request.headers.get("content-type"):
            try:
                form = dict(request.json())
            except (TypeError, ValueError):
                return _problem(400, "invalid_request")
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return _problem(401, "invalid_client")
        if form.get("grant_type") != "authorization_code":
            return _problem(400, "unsupported_grant_type")
        code = str(form.get("code", ""))
        held = self._codes.get(code)
        if (
            held is None
            or held["redirect_uri"] != form.get("redirect_uri")
            or held["until"] < self._books.now()
        ):
            return _problem(400, "invalid_grant")
        self._codes.delete(code)
        return Response.of({"access_token": self.grant(held["user_id"]), "token_type": "bearer"})


def _redirect(target: str, answer: Mapping[str, Any]) -> Response:
    mark = "&" if "?" in target else "?"
    return Response(status=302, headers=Headers({"location": f"{target}{mark}{urlencode(answer)}"}))


def _problem(status: int, error: str) -> Response:
    """RFC 6749 section 5.2."""
    return Response.of({"error": error}, status=status)
