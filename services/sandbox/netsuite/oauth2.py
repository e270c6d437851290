"""OAuth 2.0 client credentials with a certificate: a signed assertion in, a bearer token of an hour out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ..ledger import Document
from ..wire import Request, Response
from .credentials import ACCOUNT, Credentials
from .problems import Problem, unauthorised

__all__ = ["TOKEN_PATH", "authenticate", "grant"]

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ["PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
HOST = f"https://{ACCOUNT.lower().replace('_', '-')}.suitetalk.api.netsuite.com"
#: Seconds: the longest life of an assertion, how far clocks may differ, the life of an access token.
LONGEST, LEEWAY, LIFE = 3600, 60, 3600


class Refusal(Exception):
    """The token endpoint refuses with an OAuth 2.0 error code (RFC 6749 section 5.2)."""


def grant(request: Request, credentials: Credentials, now: datetime) -> Response:
    """Answer the token endpoint."""
    try:
        certificate = _assert(request, credentials, now)
    except Refusal as refusal:
        error, why = refusal.args
        return Response.of({"error": error, "error_description": why}, 400)
    token = credentials.issue(certificate, now, LIFE)
    return Response.of({"access_token": token, "expires_in": str(LIFE), "token_type": "Bearer"})


def authenticate(request: Request, credentials: Credentials, now: datetime) -> str:
    """The user behind an `Authorization: Bearer` header; raises `Problem` where it does not hold."""
    token = request.headers.get("authorization").partition(" ")[2].strip()
    if not token or " " in token:
        challenge = f'Bearer realm="{ACCOUNT}", error="invalid_request", error_description="Malformed token."'
        raise Problem("INVALID_LOGIN", "Malformed token.", headers={"WWW-Authenticate": challenge})
    user = credentials.bearer(token, now)
    if user is None:
        raise unauthorised(ACCOUNT, "Invalid login attempt. The token is unknown, expired or revoked.")
    return user


def _assert(request: Request, credentials: Credentials, now: datetime) -> Document:
    form = request.form
    if form.get("grant_type") != "client_credentials":
        raise Refusal("unsupported_grant_type", "Only client_credentials is supported here.")
    if form.get("client_assertion_type") != ASSERTION_TYPE or not form.get("client_assertion"):
        raise Refusal("invalid_request", "A client assertion of type jwt-bearer is required.")
    assertion = form["client_assertion"]
    try:
        header = jws.extract_compact(assertion.encode()).headers()
        certificate = credentials.certificate(str(header.get("kid")))
        if certificate is None or header.get("alg") not in ALGORITHMS:
            raise Refusal("invalid_client", "Unknown certificate or algorithm.")
        kind = RSAKey if str(header["alg"]).startswith("PS") else ECKey
        claims = jwt.decode(assertion, kind.import_key(certificate["pem"]), algorithms=ALGORITHMS).claims
    except (JoseError, ValueError) as broken:
        raise Refusal("invalid_grant", "The assertion cannot be verified.") from broken
    _check(claims, certificate, request.base_url, now.timestamp())
    return certificate


def _check(claims: Mapping[str, Any], certificate: Document, base_url: str, now: float) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    issued, expires = claims.get("iat"), claims.get("exp")
    scope = claims.get("scope", "")
    scopes = scope if isinstance(scope, list) else str(scope).replace(",", " ").split()
    if claims.get("iss") != certificate["client_id"]:
        raise Refusal("invalid_client", "The issuer is not the client of this certificate.")
    if not {HOST + TOKEN_PATH, base_url + TOKEN_PATH} & set(audiences):
        raise Refusal("invalid_grant", "The audience is not this token endpoint.")
    if not isinstance(issued, int | float) or not isinstance(expires, int | float):
        raise Refusal("invalid_grant", "The assertion needs iat and exp.")
    if issued > now + LEEWAY or expires <= now or expires - issued > LONGEST:
        raise Refusal("invalid_grant", "The assertion is expired, not yet valid, or lives too long.")
    if "rest_webservices" not in scopes:
        raise Refusal("invalid_scope", "The scope rest_webservices is required.")
