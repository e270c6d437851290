"""Subjects `<owner>.<kind>.<noun>.<verb>.v<major>.<slot>` and streams `<OWNER>_<KIND>`.

A publisher puts the ordering key where the slot goes; the stream replaces it by `partition(64, n)` before it
stores the message, so stored subjects stay few and consumers can take ranges of slots.
"""

import re

from contracts import Contract

__all__ = ["SLOTS", "key_of", "key_token", "publish_subject", "stream_of", "stream_subjects"]

#: For ever: changing it would move keys between shards and break their order.
SLOTS = 64

_PLAIN = re.compile(r"[A-Za-z0-9_\-]+")


def key_token(key: str) -> str:
    """An ordering key as one subject token: letters, digits, `_` and `-` stand, other bytes become `=XX`.

    NATS forbids `.`, `*`, `>`, white space and control characters inside a token.
    """
    if not key:
        raise ValueError("an ordering key cannot be empty")
    if _PLAIN.fullmatch(key):
        return key
    return "".join(
        chr(byte) if _PLAIN.fullmatch(chr(byte)) else f"={byte:02X}" for byte in key.encode("utf-8")
    )


def key_of(token: str) -> str:
    """The ordering key that `key_token` made this token from."""
    return re.sub(rb"=([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), token.encode()).decode()


def stream_of(owner: str, kind: str) -> str:
    """The stream that holds an owner's events or commands: `ERP_CMD`. Queries have no stream."""
    return f"{owner}_{kind}".upper()


def stream_subjects(owner: str, kind: str) -> str:
    """All subjects of one stream. It begins with a literal owner, or it would overlap the server's own API."""
    return f"{owner}.{kind}.*.*.*.*"


def publish_subject(message: Contract) -> str:
    """The subject to publish under, with the ordering key in the slot's place."""
    return f"{type(message).subject.owned_by(message.stream_owner)}.{key_token(message.key)}"
