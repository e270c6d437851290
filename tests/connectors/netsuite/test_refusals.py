import json
from typing import Any

import httpx
import pytest

from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.erp_adapter.connectors.netsuite.refusals import family_of, words


def refusal(status: int, *codes: str) -> httpx.Response:
    details = [{"detail": f"about {code}", "o:errorCode": code, "o:errorPath": "item"} for code in codes]
    return httpx.Response(status, json={"title": "Bad Request", "status": status, "o:errorDetails": details})


@pytest.mark.parametrize(
    ("status", "code", "family"),
    [
        (400, "USER_ERROR", Rejected),
        (400, "INVALID_CONTENT", Rejected),
        (404, "NONEXISTENT_ID", Rejected),
        (400, "CONCURRENCY_LIMIT_EXCEEDED", Throttled),
        (429, "CONCURRENCY_LIMIT_EXCEEDED", Throttled),
        (400, "SSS_REQUEST_LIMIT_EXCEEDED", Throttled),
        (400, "INVALID_LOGIN", Unauthorised),
        (401, "INVALID_LOGIN", Unauthorised),
        (403, "INSUFFICIENT_PERMISSION", Unauthorised),
        (400, "RCRD_HAS_BEEN_CHANGED", Unavailable),
        (400, "UNEXPECTED_ERROR", Unsure),
        (500, "UNEXPECTED_ERROR", Unsure),
    ],
)
def test_netsuites_codes_say_which_family_a_write_failed_with(
    status: int, code: str, family: type[Family]
) -> None:
    assert type(family_of(refusal(status, code), writes=True)) is family


def test_an_unexpected_error_of_a_read_did_nothing() -> None:
    assert type(family_of(refusal(400, "UNEXPECTED_ERROR"), writes=False)) is Unavailable


@pytest.mark.parametrize("code", ["IDEMPOTENCY_ERROR", "DUP_ENTITY"])
def test_a_duplicate_is_a_conflict(code: str) -> None:
    family = family_of(refusal(400, code), writes=True)
    assert isinstance(family, Rejected)
    assert family.category == "conflict"


@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>", b"", b"[]", b'{"o:errorDetails": 7}', b"\xff\x00"]
)
def test_a_refusal_that_is_not_netsuites_own_proves_nothing(body: bytes) -> None:
    assert type(family_of(httpx.Response(400, content=body), writes=True)) is Unsure
    assert type(family_of(httpx.Response(404, content=body), writes=False)) is Unavailable


def test_words_are_netsuites_on_one_line_and_short() -> None:
    assert words(refusal(400, "USER_ERROR", "INVALID_CONTENT")) == (
        "USER_ERROR about USER_ERROR (item); INVALID_CONTENT about INVALID_CONTENT (item)"
    )
    long: dict[str, Any] = {"o:errorDetails": [{"detail": "a\n" * 2000, "o:errorCode": "USER_ERROR"}]}
    said = words(httpx.Response(400, content=json.dumps(long).encode()))
    assert len(said) == 500
    assert "\n" not in said
