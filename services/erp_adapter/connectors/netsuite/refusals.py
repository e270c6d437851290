"""NetSuite's error bodies, and the family that each belongs to. Codes decide, words are only shown."""

import httpx
import msgspec

from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["codes_in", "family_of", "words"]

THROTTLES = {"CONCURRENCY_LIMIT_EXCEEDED", "SSS_REQUEST_LIMIT_EXCEEDED", "WS_REQUEST_BLOCKED"}
LOGINS = {"INVALID_LOGIN", "INVALID_LOGIN_ATTEMPT", "INSUFFICIENT_PERMISSION"}
#: Somebody changed the record between NetSuite's own read and write of it; nothing was done.
OVERTAKEN = {"RCRD_HAS_BEEN_CHANGED"}
CONFLICTS = {"IDEMPOTENCY_ERROR", "DUP_ENTITY", "DUP_RCRD"}


class _Detail(msgspec.Struct):
    detail: str = ""
    code: str = msgspec.field(name="o:errorCode", default="")
    path: str = msgspec.field(name="o:errorPath", default="")


class _Problem(msgspec.Struct):
    title: str = ""
    details: list[_Detail] = msgspec.field(name="o:errorDetails", default_factory=list)


def _problem(reply: httpx.Response) -> _Problem | None:
    try:
        return msgspec.json.decode(reply.content, type=_Problem)
    except msgspec.DecodeError:
        return None


def codes_in(reply: httpx.Response) -> set[str]:
    """NetSuite's error codes in a refusal; none where the body is not NetSuite's."""
    problem = _problem(reply)
    return {one.code for one in problem.details if one.code} if problem else set()


def words(reply: httpx.Response) -> str:
    """What NetSuite says went wrong, on one line, at most 500 characters."""
    problem = _problem(reply)
    if problem is None or not problem.details:
        return " ".join(reply.text[:500].split()) if problem is None else problem.title
    said = "; ".join(
        " ".join(part for part in (one.code, one.detail, one.path and f"({one.path})") if part)
        for one in problem.details
    )
    return " ".join(said.split())[:500]


def family_of(reply: httpx.Response, *, writes: bool) -> Family:
    """The family of an answer that is not a success.

    A body that is not NetSuite's own (a proxy's page) proves nothing about a write: `Unsure`.
    """
    said, codes = f"{reply.status_code}: {words(reply)}", codes_in(reply)
    if reply.status_code == 429 or codes & THROTTLES:
        return Throttled(said)
    if reply.status_code in (401, 403) or codes & LOGINS:
        return Unauthorised(said)
    if codes & OVERTAKEN:
        return Unavailable(said)
    if reply.status_code >= 500 or "UNEXPECTED_ERROR" in codes or not codes:
        return Unsure(said) if writes else Unavailable(said)
    return Rejected(said, "conflict" if reply.status_code == 409 or codes & CONFLICTS else "data")
