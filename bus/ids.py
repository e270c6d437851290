"""Ids that are functions of their cause, so that doing something again gives the same id again."""

from hashlib import blake2b

__all__ = ["derived_id"]


def derived_id(*parts: object) -> str:
    """32 hex digits that depend on the parts and on nothing else."""
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(str(part).encode())
        digest.update(b"\x00")
    return digest.hexdigest()
