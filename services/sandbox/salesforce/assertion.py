"""Reads a JWT bearer assertion (RFC 7523) signed with RS256."""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

__all__ = ["BadAssertion", "claims", "public_key"]


class BadAssertion(Exception):
    """The assertion is not a JWT signed with RS256 by the key its issuer registered."""


def public_key(pem: str) -> RSAPublicKey:
    """An RSA public key in PEM; raises `ValueError`."""
    key = load_pem_public_key(pem.encode())
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the public key is not an RSA key")
    return key


def claims(token: str, key_of: Callable[[str], str | None]) -> dict[str, Any]:
    """The claims, once the signature is verified with the key of their `iss`; raises `BadAssertion`."""
    try:
        signed, signature = token.rsplit(".", 1)
        header, said = (json.loads(_decoded(part)) for part in signed.split("."))
        pem = key_of(str(said["iss"]))
        if header["alg"] != "RS256" or pem is None:
            raise BadAssertion
        public_key(pem).verify(_decoded(signature), signed.encode(), PKCS1v15(), SHA256())
    except (ValueError, KeyError, TypeError, binascii.Error, InvalidSignature) as error:
        raise BadAssertion from error
    return dict(said)


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))
