"""Which family an answer of Salesforce's belongs to."""

import json
from typing import Any

import httpx
import pytest

from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.crm_adapter.connectors.salesforce.refusals import Problem, family_of, row_family, words


def reply(status: int, *codes: str, headers: dict[str, str] | None = None) -> httpx.Response:
    body = [{"message": f"about {code}", "errorCode": code} for code in codes]
    return httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("status", "code", "reading", "writing"),
    [
        (401, "INVALID_SESSION_ID", Unauthorised, Unauthorised),
        (401, "INVALID_AUTH_HEADER", Unauthorised, Unauthorised),
        (403, "API_DISABLED_FOR_ORG", Unauthorised, Unauthorised),
        (403, "API_CURRENTLY_DISABLED", Unauthorised, Unauthorised),
        (403, "SOMETHING_NEW", Unauthorised, Unauthorised),
        (403, "REQUEST_LIMIT_EXCEEDED", Throttled, Throttled),
        (420, "ENHANCE_YOUR_CALM", Throttled, Throttled),
        (400, "UNABLE_TO_LOCK_ROW", Throttled, Throttled),
        (503, "SERVER_UNAVAILABLE", Unavailable, Unavailable),
        (400, "QUERY_TIMEOUT", Unavailable, Unavailable),
        (503, "SOMETHING_NEW", Unavailable, Unsure),
        (500, "UNKNOWN_EXCEPTION", Unavailable, Unsure),
        (400, "UNKNOWN_EXCEPTION", Unavailable, Unsure),
        (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", Rejected, Rejected),
        (400, "INVALID_FIELD", Rejected, Rejected),
        (400, "STRING_TOO_LONG", Rejected, Rejected),
        (404, "NOT_FOUND", Rejected, Rejected),
        (404, "ENTITY_IS_DELETED", Rejected, Rejected),
        (403, "INSUFFICIENT_ACCESS", Unauthorised, Rejected),
        (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", Rejected, Rejected),
    ],
)
def test_the_code_decides(status: int, code: str, reading: type[Family], writing: type[Family]) -> None:
    assert type(family_of(reply(status, code), writes=False)) is reading
    assert type(family_of(reply(status, code), writes=True)) is writing


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "data"),
        ("INVALID_CROSS_REFERENCE_KEY", "data"),
        ("DUPLICATE_VALUE", "conflict"),
        ("DUPLICATES_DETECTED", "conflict"),
        ("ENTITY_IS_LOCKED", "policy"),
        ("INSUFFICIENT_ACCESS_OR_READONLY", "security"),
    ],
)
def test_a_refused_row_says_who_can_mend_it(code: str, category: str) -> None:
    family = row_family([Problem(message="no", status_code=code)])
    assert isinstance(family, Rejected) and family.category == category and family.why == f"{code}: no"


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("UNABLE_TO_LOCK_ROW", Throttled),
        ("REQUEST_LIMIT_EXCEEDED", Throttled),
        ("SERVER_UNAVAILABLE", Unavailable),
        ("UNKNOWN_EXCEPTION", Unsure),
    ],
)
def test_a_row_can_fail_for_now(code: str, family: type[Family]) -> None:
    assert type(row_family([Problem(status_code=code)])) is family


def test_a_row_that_failed_without_a_reason_is_unsure() -> None:
    assert isinstance(row_family([]), Unsure)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>Bad gateway</html>",
        b"",
        b"{}",
        b'{"error":"x"}',
        b"[]",
        b"[{}]",
        b"[1]",
        b'[{"errorCode":5}]',
        b"\xff",
    ],
)
def test_a_body_that_is_not_salesforces_proves_nothing_about_a_write(body: bytes) -> None:
    assert isinstance(family_of(httpx.Response(400, content=body), writes=True), Unsure)
    assert isinstance(family_of(httpx.Response(400, content=body), writes=False), Unavailable)


@pytest.mark.parametrize(
    ("usage", "wait"), [("api-usage=15000/15000", 900.0), ("api-usage=4/15000", None), ("nonsense", None)]
)
def test_a_day_that_is_used_up_waits_longer_than_too_many_calls_at_once(
    usage: str, wait: float | None
) -> None:
    family = family_of(
        reply(403, "REQUEST_LIMIT_EXCEEDED", headers={"Sforce-Limit-Info": usage}), writes=False
    )
    assert isinstance(family, Throttled) and family.retry_after == wait


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([{"message": "Too\n long", "errorCode": "STRING_TOO_LONG", "fields": ["A", "B"]}],
         "STRING_TOO_LONG: Too long (A, B)"),
        ([{"message": "one", "errorCode": "X"}, {"errorCode": "Y"}], "X: one; Y"),
    ],
)  # fmt: skip
def test_words_are_one_line_with_code_and_fields(body: list[dict[str, Any]], said: str) -> None:
    assert words(httpx.Response(400, content=json.dumps(body))) == said


def test_words_are_cut() -> None:
    assert len(words(reply(400, "X" * 900))) == 500
    assert len(words(httpx.Response(400, text="x" * 900))) == 500
