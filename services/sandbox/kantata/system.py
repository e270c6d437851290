"""The stand-in itself: one request in, one answer out, everything it changed committed."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from ..firm import Firm
from ..ledger import Duplicate, Ledger
from ..wire import Clock, Headers, Request, Response, Router
from .api import route
from .auth import Auth
from .books import Books
from .errors import Refused, invalid, not_found
from .feed import Feed
from .limits import Limits
from .resource import Call
from .settlement import settle

__all__ = ["Kantata"]


class Kantata:
    """Kantata OX (Mavenlink), REST API v1."""

    name = "kantata"

    def __init__(self, *, ledger: Ledger, clock: Clock, seed: int) -> None:
        self.ledger = ledger
        self._seed, self._answered = seed, 0
        self._books = Books(ledger, clock, seed)
        self._auth = Auth(self._books, seed)
        self._limits = Limits(self._books)
        Feed(self._books)
        self._open, self._api = Router(), Router()
        self._auth.routes(self._open)
        route(self._api)

    def settle(self, firm: Firm) -> None:
        if len(self._books["users"]) == 0:
            settle(self._books, self._auth, firm)
            self.ledger.commit()

    def answer(self, request: Request) -> Response:
        try:
            response = self._answer(request)
            self.ledger.commit()
        except Refused as refusal:
            self._books.rollback()
            response = refusal.response()
        except Duplicate as duplicate:
            self._books.rollback()
            response = invalid(f"{duplicate.field} has already been taken", duplicate.field).response()
        except BaseException:
            self._books.rollback()
            raise
        self._answered += 1
        mark = sha256(f"{self._seed}:{self._answered}".encode()).hexdigest()[:32]
        headers = Headers({**response.headers, "x-request-id": mark})
        return Response(status=response.status, headers=headers, body=response.body)

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        """`revoke` {token | user}, `issue_token` {user}, `configure` {setting: value, ...}."""
        try:
            told = self._control(verb, body)
            self.ledger.commit()
        except BaseException:
            self._books.rollback()
            raise
        return told

    def _answer(self, request: Request) -> Response:
        routed = self._open.find(request.method, request.path)
        if isinstance(routed, tuple):
            return routed[0](request)
        user = self._auth.user(request)
        self._limits.admit(request.method, request.path)
        routed = self._api.find(request.method, request.path)
        if isinstance(routed, set):
            raise not_found()
        answer, named = routed
        return answer(Call(books=self._books, request=request, user=user), **named)

    def _control(self, verb: str, body: Mapping[str, Any]) -> Any:
        match verb:
            case "revoke":
                user_id = self._auth.find_user(str(body["user"]))["id"] if "user" in body else ""
                return {"revoked": self._auth.revoke(token=str(body.get("token", "")), user_id=user_id)}
            case "issue_token":
                user = self._auth.find_user(str(body.get("user", "")))
                return {"access_token": self._auth.grant(user["id"]), "token_type": "bearer"}
            case "configure":
                return dict(self._books.configure(body))
            case _:
                raise ValueError(f"unknown verb: {verb}")
