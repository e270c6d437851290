"""How a Tryton connection signs in: a session for a user's password."""

import httpx

from bus.clock import Clock
from services.configuration import Connection

from .session import SessionLogin

__all__ = ["sign_in"]


def sign_in(connection: Connection, tokens: httpx.AsyncClient, clock: Clock) -> httpx.Auth:
    """`user` is the login, `secrets.password` its password."""
    return SessionLogin(
        url=connection.base_url,
        user=connection.user,
        password=connection.secret("password"),
        http=tokens,
        clock=clock,
    )
