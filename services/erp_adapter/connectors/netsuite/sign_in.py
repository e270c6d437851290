"""How a NetSuite connection signs in: OAuth 2.0 machine to machine, with a certificate."""

import httpx
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bus.clock import Clock
from services.adapterkit.auth import ClientAssertion
from services.configuration import Connection

__all__ = ["sign_in"]


def sign_in(connection: Connection, tokens: httpx.AsyncClient, clock: Clock) -> httpx.Auth:
    """`user` is the client id, `key_id` the certificate's id, `secrets.private_key` its key in PEM (EC or RSA)."""
    private_key = connection.secret("private_key")
    is_curve = isinstance(load_pem_private_key(private_key.encode(), password=None), EllipticCurvePrivateKey)
    return ClientAssertion(
        token_url=f"{connection.base_url}/services/rest/auth/oauth2/v1/token", client_id=connection.user,
        certificate=connection.key_id, private_key=private_key, scopes=["rest_webservices"],
        algorithm="ES256" if is_curve else "PS256", http=tokens, clock=clock,
    )  # fmt: skip
