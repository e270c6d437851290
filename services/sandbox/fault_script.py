"""Reads a fault script: a JSON list of rules `{"name"?, "match"?, "when"?, "do"}`."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from .faults import Match, Plan, Rule, Script, Tally, When
from .wire import Headers, Response

__all__ = ["BadScript", "read"]

RULE = ("name", "match", "when", "do")
MATCH = ("method", "path", "body_contains")
REPLY = ("status", "headers", "body")
OUTCOMES = ("before_commit", "after_commit", "late_commit_s", "down_for_s")
DO = (*REPLY, *OUTCOMES, "delay_ms", "slow_body_ms")


class BadScript(ValueError):
    """The fault script says something that is not legal; the text names the rule, the key and what is."""


def read(content: Any, now: datetime) -> Script:
    """Make a script that starts now; raises `BadScript` at the first thing that is not legal."""
    if not isinstance(content, list):
        raise BadScript("a fault script is a JSON list of rules")
    rules = tuple(_rule(item, f"rule {index}") for index, item in enumerate(content))
    return Script(rules=rules, since=now, tallies=(Tally(),) * len(rules))


def _rule(item: Any, at: str) -> Rule:
    _keys(item, RULE, at)
    if "do" not in item:
        raise BadScript(f"{at}: 'do' is missing; legal: an object with {', '.join(DO)}")
    match = item.get("match", {})
    _keys(match, MATCH, f"{at}.match")
    for key in match:
        _text(match[key], f"{at}.match.{key}")
    return Rule(
        name=_text(item.get("name", at), f"{at}.name"),
        match=Match(**{**match, "method": match.get("method", "").upper()}),
        when=_when(item.get("when", {"always": True}), f"{at}.when"),
        do=_plan(item["do"], f"{at}.do"),
        source=item,
    )


#: Each condition with its legal form and how the numbers are read from it (`None` where it is not legal).
WHEN: Mapping[str, tuple[str, Callable[[Any], tuple[float, ...] | None]]] = {
    "always": ("true", lambda value: () if value is True else None),
    "every": ("a whole number from 1", lambda value: (value,) if _whole(value) else None),
    "first": ("a whole number from 1", lambda value: (value,) if _whole(value) else None),
    "nth": (
        "a list of whole numbers from 1",
        lambda value: tuple(value) if isinstance(value, list) and value and all(map(_whole, value)) else None,
    ),
    "probability": (
        "a number from 0 to 1",
        lambda value: (value,) if _number(value) and value <= 1 else None,
    ),
    "between_s": (
        "[from, to] in seconds since the script was set",
        lambda value: (
            tuple(value) if isinstance(value, list) and len(value) == 2 and all(map(_number, value)) else None
        ),
    ),
}


def _when(item: Any, at: str) -> When:
    _keys(item, tuple(WHEN), at)
    if len(item) != 1:
        raise BadScript(f"{at}: give one condition; legal: {', '.join(WHEN)}")
    ((kind, value),) = item.items()
    legal, numbers_of = WHEN[kind]
    if (numbers := numbers_of(value)) is None:
        raise BadScript(f"{at}.{kind}: {value!r} is not legal; legal: {legal}")
    return When(kind=kind, numbers=numbers)


def _plan(item: Any, at: str) -> Plan:
    _keys(item, DO, at)
    if not item:
        raise BadScript(f"{at}: nothing to do; legal: {', '.join(DO)}")
    for key in ("delay_ms", "slow_body_ms", "late_commit_s", "down_for_s"):
        if key in item and not _number(item[key]):
            raise BadScript(f"{at}.{key}: {item[key]!r} is not legal; legal: a number from 0")
    outcomes = [key for key in OUTCOMES if key in item]
    reply = {key: item[key] for key in REPLY if key in item}
    if len(outcomes) > 1 or (reply and outcomes not in ([], ["late_commit_s"])):
        given = ", ".join([*outcomes, *reply])
        raise BadScript(f"{at}: {given} contradict each other; legal: one outcome of {', '.join(OUTCOMES)}")
    slow = {"delay_ms": item.get("delay_ms", 0), "slow_body_ms": item.get("slow_body_ms", 0)}
    match outcomes:
        case ["before_commit"]:
            _only(item["before_commit"], "drop_connection", f"{at}.before_commit")
            return Plan(**slow, commit_after_s=None, answer="drop")
        case ["after_commit"] if isinstance(item["after_commit"], dict):
            return Plan(**slow, answer=_reply(item["after_commit"], f"{at}.after_commit", status=200))
        case ["after_commit"]:
            _only(item["after_commit"], "drop_response", f"{at}.after_commit")
            return Plan(**slow, answer="drop")
        case ["late_commit_s"]:
            answer = _reply(reply, at, status=504)
            return Plan(**slow, commit_after_s=item["late_commit_s"], answer=answer)
        case ["down_for_s"]:
            return Plan(**slow, commit_after_s=None, answer="drop", down_for_s=item["down_for_s"])
    if reply:
        return Plan(**slow, commit_after_s=None, answer=_reply(reply, at, status=200))
    return Plan(**slow)


def _reply(item: Mapping[str, Any], at: str, *, status: int) -> Response:
    """The answer given in place of the vendor's; `body` is text, or anything else as JSON."""
    _keys(item, REPLY, at)
    status = item.get("status", status)
    if not _whole(status) or not 200 <= status <= 599:
        raise BadScript(f"{at}.status: {status!r} is not legal; legal: 200 to 599")
    headers = item.get("headers", {})
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise BadScript(f"{at}.headers: {headers!r} is not legal; legal: an object of texts")
    body = item.get("body", "")
    if not isinstance(body, str):
        return Response.of(body, status, headers)
    media = "text/html" if body.lstrip().startswith("<") else "text/plain"
    return Response(status=status, headers=Headers({"content-type": media, **headers}), body=body.encode())


def _keys(item: Any, legal: tuple[str, ...], at: str) -> None:
    if not isinstance(item, dict):
        raise BadScript(f"{at}: {item!r} is not legal; legal: an object with {', '.join(legal)}")
    for key in item:
        if key not in legal:
            raise BadScript(f"{at}: unknown key {key!r}; legal: {', '.join(legal)}")


def _only(value: Any, legal: str, at: str) -> None:
    if value != legal:
        raise BadScript(f"{at}: {value!r} is not legal; legal: {legal!r}")


def _text(value: Any, at: str) -> str:
    if not isinstance(value, str):
        raise BadScript(f"{at}: {value!r} is not legal; legal: a text")
    return value


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
