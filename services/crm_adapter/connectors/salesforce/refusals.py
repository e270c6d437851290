"""Salesforce's error bodies, and the family that each belongs to. Codes decide, words are only shown."""

import re
from collections.abc import Sequence

import httpx
import msgspec

from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["Problem", "family_of", "row_family", "words"]

LIMITS = {"REQUEST_LIMIT_EXCEEDED"}
#: Somebody else holds the record; Salesforce waited ten seconds for it and did nothing.
LOCKS = {"UNABLE_TO_LOCK_ROW"}
#: Nothing was done, or all of it was undone.
BUSY = {"SERVER_UNAVAILABLE", "QUERY_TIMEOUT"}
LOGINS = {
    "INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED",
    "FUNCTIONALITY_NOT_ENABLED",
}  # fmt: skip
UNKNOWN = {"UNKNOWN_EXCEPTION"}
CONFLICTS = {"DUPLICATE_VALUE", "DUPLICATES_DETECTED", "DUPLICATE_EXTERNAL_ID"}
#: The record waits for somebody's approval.
POLICIES = {"ENTITY_IS_LOCKED"}
SECURITY = "INSUFFICIENT_ACCESS"

#: `Sforce-Limit-Info: api-usage=48/15000`, calls used and allowed in 24 hours.
USAGE = re.compile(r"api-usage=(\d{1,12})/(\d{1,12})")
#: Seconds until the next try where the day's calls are used up: they come back one by one.
WAIT_FOR_QUOTA = 900.0


class Problem(msgspec.Struct, frozen=True):
    """One error: `errorCode` on a resource, `statusCode` in a row of a collection."""

    message: str = ""
    error_code: str = msgspec.field(name="errorCode", default="")
    status_code: str = msgspec.field(name="statusCode", default="")
    fields: list[str] | None = None

    @property
    def code(self) -> str:
        return self.error_code or self.status_code


def family_of(reply: httpx.Response, *, writes: bool) -> Family:
    """The family of an answer that is not a success.

    A body that is not Salesforce's own (a proxy's page) proves nothing about a write: `Unsure`.
    """
    problems = _problems(reply)
    family = _family(reply.status_code, problems, f"{reply.status_code}: {words(reply)}", writes=writes)
    if isinstance(family, Throttled) and _used_up(reply):
        return Throttled(family.why, WAIT_FOR_QUOTA)
    return family


def row_family(problems: Sequence[Problem]) -> Family:
    """The family of one row that a collection call did not write."""
    return _family(400, problems, _said(problems), writes=True)


def words(reply: httpx.Response) -> str:
    """What Salesforce says went wrong, on one line, at most 500 characters."""
    problems = _problems(reply)
    return _said(problems) if problems else " ".join(reply.text[:500].split())


def _family(status: int, problems: Sequence[Problem], said: str, *, writes: bool) -> Family:
    codes = {problem.code for problem in problems if problem.code}
    if codes & (LIMITS | LOCKS) or status == 420:
        return Throttled(said)
    if codes & BUSY:
        return Unavailable(said)
    if writes and any(code.startswith(SECURITY) for code in codes):
        return Rejected(said, "security")
    if codes & LOGINS or status in (401, 403):
        return Unauthorised(said)
    if status >= 500 or codes & UNKNOWN or not codes:
        return Unsure(said) if writes else Unavailable(said)
    if codes & POLICIES:
        return Rejected(said, "policy")
    return Rejected(said, "conflict" if codes & CONFLICTS else "data")


def _problems(reply: httpx.Response) -> list[Problem]:
    """The errors in a refusal; none where the body is not Salesforce's."""
    try:
        return msgspec.json.decode(reply.content, type=list[Problem])
    except msgspec.DecodeError:
        return []


def _said(problems: Sequence[Problem]) -> str:
    parts = [
        ": ".join(part for part in (problem.code, problem.message) if part)
        + (f" ({', '.join(problem.fields)})" if problem.fields else "")
        for problem in problems
    ]
    return " ".join("; ".join(parts).split())[:500]


def _used_up(reply: httpx.Response) -> bool:
    usage = USAGE.search(reply.headers.get("sforce-limit-info", ""))
    return usage is not None and int(usage[1]) >= int(usage[2])
