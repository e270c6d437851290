"""How a Salesforce connection signs in: OAuth 2.0 client credentials of a connected app."""

import httpx

from bus.clock import Clock
from services.adapterkit.auth import ClientCredentials
from services.configuration import Connection

__all__ = ["sign_in"]


def sign_in(connection: Connection, tokens: httpx.AsyncClient, clock: Clock) -> httpx.Auth:
    """`user` is the consumer key, `secrets.client_secret` the consumer secret; the app needs a run-as user."""
    return ClientCredentials(
        token_url=f"{connection.base_url}/services/oauth2/token", client_id=connection.user,
        client_secret=connection.secret("client_secret"), http=tokens, clock=clock,
    )  # fmt: skip
