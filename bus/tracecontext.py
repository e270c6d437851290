"""Trace context of messages: W3C `traceparent`, carried from cause to effect through every service."""

import re

from .ids import derived_id

__all__ = ["continued"]

_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}")


def continued(parent: str | None, cause: str, message: str) -> str:
    """The `traceparent` of a message: the trace of what caused it, and a span of its own.

    A cause without legible trace context begins a trace that follows from its id, so that everything it leads to is
    in one trace, at every try the same. Sampling is decided by whoever exports spans (W3C Trace Context section 3.2).
    """
    known = _TRACEPARENT.fullmatch(parent or "")
    trace = known[1] if known else derived_id("trace", cause)
    return f"00-{trace}-{derived_id('span', message)[:16]}-01"
