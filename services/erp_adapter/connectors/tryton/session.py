"""Tryton's own login: a session for a password, sent with every call and renewed once on a 401."""

import base64
from collections.abc import AsyncGenerator

import httpx
import msgspec

from bus.clock import Clock
from services.adapterkit.answer import answer
from services.adapterkit.families import Unauthorised, Unavailable
from services.adapterkit.tokens import Token, Tokens

__all__ = ["SessionLogin"]

#: A wrong password is 401, an unknown database 404: a person has to mend either.
REFUSALS = (400, 401, 403, 404, 405)


class _Login(msgspec.Struct):
    """`result` is user id, session key and the address of the bus; `error` asks for what the login lacks."""

    result: tuple[int, str, str | None] | None = None
    error: list[object] | None = None


class SessionLogin(httpx.Auth):
    """Logs in with `common.db.login` when a session is needed; a 401 means that nothing was done.

    `url` is the database's own address, such as `https://erp.example/firm`; `http` is a client without this auth.
    Raises `Unauthorised` where Tryton refuses the login, `Throttled` or `Unavailable` where it cannot answer now.
    """

    def __init__(self, *, url: str, user: str, password: str, http: httpx.AsyncClient, clock: Clock) -> None:
        self._url, self._user, self._password, self._http = f"{url.rstrip('/')}/rpc/", user, password, http
        self._tokens = Tokens(self._login, clock)

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        token = await self._tokens.get()
        request.headers["Authorization"] = f"Session {token.value}"
        reply = yield request
        if reply.status_code == 401:
            token = await self._tokens.get(instead_of=token)
            request.headers["Authorization"] = f"Session {token.value}"
            yield request

    def __repr__(self) -> str:
        return f"SessionLogin({self._url}, {self._user})"

    async def _login(self) -> Token:
        asked = {
            "id": 1,
            "method": "common.db.login",
            "params": [self._user, {"password": self._password}, "en"],
        }
        reply = await answer(
            self._http, "POST", self._url, writes=False, auth=None, json=asked, accept=REFUSALS
        )
        if not reply.is_success:
            raise Unauthorised(f"login of {self._user}: {reply.status_code}")
        try:
            told = msgspec.json.decode(reply.content, type=_Login)
        except msgspec.DecodeError:
            raise Unavailable("the login was answered with a body of another shape") from None
        if told.result is None:
            raise Unauthorised(f"login of {self._user}: Tryton asks for more than a password")
        key = f"{self._user}:{told.result[0]}:{told.result[1]}"
        return Token(value=base64.b64encode(key.encode()).decode())
