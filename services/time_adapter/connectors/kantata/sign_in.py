"""How a Kantata connection signs in: the bearer token of the integration's own user, which does not expire."""

import httpx

from bus.clock import Clock
from services.adapterkit.auth import StaticBearer
from services.configuration import Connection

__all__ = ["sign_in"]


def sign_in(connection: Connection, tokens: httpx.AsyncClient, clock: Clock) -> httpx.Auth:
    """`secrets.token` is what the vendor's OAuth 2.0 flow gave once, when an administrator consented."""
    return StaticBearer(connection.secret("token"))
