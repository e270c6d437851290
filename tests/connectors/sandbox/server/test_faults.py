"""Fault scripts as values: which request is struck, and what a bad script is told."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from services.sandbox.fault_script import BadScript, read
from services.sandbox.faults import SPARED, Plan, decide
from services.sandbox.wire import Headers, Request, Response

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DOWN = Plan(commit_after_s=None, answer="drop")


def struck(when: dict[str, Any], requests: int, seed: int = 7) -> list[int]:
    """The numbers of the requests that a rule with this condition answers itself."""
    script, random, hits = read([{"when": when, "do": {"status": 503}}], NOON), Random(seed), []
    for number in range(1, requests + 1):
        plan, script = decide(script, Request(method="GET", path="/"), NOON, random)
        if plan != Plan():
            hits.append(number)
    return hits


def test_conditions_by_count_strike_the_requests_they_name() -> None:
    assert struck({"every": 3}, 7) == [3, 6]
    assert struck({"nth": [2, 5]}, 7) == [2, 5]
    assert struck({"first": 2}, 7) == [1, 2]
    assert struck({"always": True}, 3) == [1, 2, 3]


def test_probability_strikes_about_that_share_and_the_same_ones_for_the_same_seed() -> None:
    hits = struck({"probability": 0.25}, 2000)
    assert 400 < len(hits) < 600
    assert hits == struck({"probability": 0.25}, 2000)
    assert hits != struck({"probability": 0.25}, 2000, seed=8)


def test_between_counts_seconds_since_the_script_was_set() -> None:
    script = read([{"when": {"between_s": [10, 20]}, "do": {"status": 503}}], NOON)
    request = Request(method="GET", path="/")
    hit = [
        second
        for second in (0, 9, 10, 19, 20)
        if decide(script, request, NOON + timedelta(seconds=second), Random(7))[0] != Plan()
    ]
    assert hit == [10, 19]


def test_request_that_asks_to_be_spared_meets_no_fault_and_counts_for_none() -> None:
    script = read([{"name": "down", "do": {"down_for_s": 30}}], NOON)
    spared = Request(method="GET", path="/", headers=Headers({SPARED: "people"}))
    plan, script = decide(script, spared, NOON, Random(7))
    assert plan == Plan()
    assert script.report()[0]["seen"] == 0
    plan, script = decide(script, Request(method="GET", path="/"), NOON, Random(7))
    assert plan != Plan()
    plan, script = decide(script, spared, NOON + timedelta(seconds=1), Random(7))
    assert plan == Plan()


def test_rule_counts_only_requests_it_covers() -> None:
    match = {"method": "patch", "path": "/services/*/Opportunity/*", "body_contains": "Closed Won"}
    script = read([{"name": "won", "match": match, "when": {"nth": [2]}, "do": {"status": 503}}], NOON)
    won = Request(method="PATCH", path="/services/data/sobjects/Opportunity/1", body=b'{"S":"Closed Won"}')
    other = [
        Request(method="GET", path=won.path, body=won.body),
        Request(method="PATCH", path="/services/data/sobjects/Account/1", body=won.body),
        Request(method="PATCH", path=won.path, body=b"{}"),
    ]
    for request in (won, *other):
        plan, script = decide(script, request, NOON, Random(7))
        assert plan == Plan()
    plan, script = decide(script, won, NOON, Random(7))
    assert isinstance(plan.answer, Response)
    assert plan.commit_after_s is None
    [line] = script.report()
    assert (line["name"], line["seen"], line["hits"]) == ("won", 2, 1)


def test_delays_add_up_and_the_first_outcome_wins() -> None:
    script = read(
        [
            {"do": {"delay_ms": 100}},
            {"do": {"after_commit": "drop_response", "delay_ms": 20}},
            {"do": {"status": 429, "headers": {"retry-after": "2"}}},
        ],
        NOON,
    )
    plan, script = decide(script, Request(method="GET", path="/"), NOON, Random(7))
    assert plan == Plan(delay_ms=120, answer="drop")
    assert [line["hits"] for line in script.report()] == [1, 1, 0]


def test_down_refuses_every_request_until_the_time_is_over() -> None:
    script = read([{"match": {"path": "/a"}, "when": {"nth": [1]}, "do": {"down_for_s": 30}}], NOON)
    anything = Request(method="GET", path="/b")
    plan, script = decide(script, Request(method="GET", path="/a"), NOON, Random(7))
    assert (plan.answer, plan.commit_after_s) == ("drop", None)
    assert decide(script, anything, NOON + timedelta(seconds=29), Random(7))[0] == DOWN
    assert decide(script, anything, NOON + timedelta(seconds=30), Random(7))[0] == Plan()


def test_late_commit_answers_504_unless_it_says_otherwise() -> None:
    def plan(do: dict[str, Any]) -> Plan:
        return decide(read([{"do": do}], NOON), Request(method="GET", path="/"), NOON, Random(7))[0]

    assert plan({"late_commit_s": 90}) == Plan(
        commit_after_s=90, answer=Response(status=504, headers=_text_plain(), body=b"")
    )
    late = plan({"late_commit_s": 90, "status": 502}).answer
    assert isinstance(late, Response)
    assert late.status == 502


def _text_plain() -> Any:
    return Response.of(None, media="text/plain").headers


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ({}, ["JSON list"]),
        ([{"do": {"delay_ms": 1}}, 5], ["rule 1", "match"]),
        ([{"do": {"delay_ms": 1}}, {"when": {"first": 1}}], ["rule 1", "'do'", "late_commit_s"]),
        ([{"do": {"delay": 1}}], ["rule 0.do", "'delay'", "delay_ms"]),
        ([{"do": {"status": 700}}], ["rule 0.do.status", "700", "200 to 599"]),
        ([{"do": {"delay_ms": "1"}}], ["rule 0.do.delay_ms", "number from 0"]),
        ([{"do": {}}], ["rule 0.do", "down_for_s"]),
        ([{"do": {"headers": {"a": 1}}}], ["rule 0.do.headers", "texts"]),
        ([{"do": {"before_commit": "drop"}}], ["rule 0.do.before_commit", "drop_connection"]),
        ([{"do": {"after_commit": "drop"}}], ["rule 0.do.after_commit", "drop_response"]),
        ([{"do": {"down_for_s": 1, "late_commit_s": 1}}], ["rule 0.do", "contradict"]),
        ([{"do": {"after_commit": "drop_response", "status": 1}}], ["rule 0.do", "contradict"]),
        ([{"do": {"status": 500}, "match": {"url": "x"}}], ["rule 0.match", "'url'", "path"]),
        ([{"do": {"status": 500}, "match": {"path": 1}}], ["rule 0.match.path", "text"]),
        ([{"do": {"status": 500}, "when": {"every": 0}}], ["rule 0.when.every", "whole number"]),
        ([{"do": {"status": 500}, "when": {"nth": []}}], ["rule 0.when.nth", "list"]),
        ([{"do": {"status": 500}, "when": {"probability": 2}}], ["rule 0.when.probability", "0 to 1"]),
        ([{"do": {"status": 500}, "when": {"between_s": [1]}}], ["rule 0.when.between_s", "from, to"]),
        ([{"do": {"status": 500}, "when": {"sometimes": 1}}], ["rule 0.when", "'sometimes'", "between_s"]),
        ([{"do": {"status": 500}, "when": {}}], ["rule 0.when", "one condition"]),
    ],
)
def test_bad_script_is_told_where_and_what_is_legal(script: Any, words: list[str]) -> None:
    with pytest.raises(BadScript) as refused:
        read(script, NOON)
    assert all(word in str(refused.value) for word in words), refused.value
