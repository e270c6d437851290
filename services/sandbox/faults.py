"""Fault scripts: what goes wrong between a client and a vendor, as data, decided without I/O.

`decide` works on values, a time and a random source, so the HTTP server and an in-process transport under
virtual time misbehave in the same way. `fault_script.py` reads the JSON form.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from random import Random
from typing import Any, Literal

from .wire import Request, Response

__all__ = ["SPARED", "Match", "Plan", "Rule", "Script", "Tally", "When", "decide"]

#: Requests that bear this header are spared.
SPARED = "X-Sandbox-Spared"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to do with one request: wait, let the vendor carry it out (or not), then answer."""

    delay_ms: int = 0
    #: The body goes out in pieces over this time, after the headers.
    slow_body_ms: int = 0
    #: When the vendor carries the request out: 0 at once, otherwise so much later; `None` is never.
    commit_after_s: float | None = 0
    #: What the client gets: the vendor's own answer, a connection closed without one, or this one.
    answer: Literal["vendor", "drop"] | Response = "vendor"
    #: From this request on every connection is closed unanswered for so long.
    down_for_s: float = 0

    @property
    def decisive(self) -> bool:
        return self.answer != "vendor" or self.commit_after_s != 0


@dataclass(frozen=True, kw_only=True)
class Match:
    """Which requests a rule is about. `path` is a glob over the whole decoded path (`*` crosses slashes)."""

    method: str = ""
    path: str = ""
    body_contains: str = ""

    def covers(self, request: Request) -> bool:
        return (
            self.method in ("", request.method)
            and (not self.path or fnmatchcase(request.path, self.path))
            and (not self.body_contains or self.body_contains.encode() in request.body)
        )


@dataclass(frozen=True, kw_only=True)
class When:
    """Which of the requests a rule covers it strikes: by count, by chance or by time since the script was set."""

    kind: Literal["always", "every", "nth", "first", "probability", "between_s"] = "always"
    numbers: tuple[float, ...] = ()

    def strikes(self, seen: int, age: timedelta, random: Random) -> bool:
        """Say whether request number `seen` (from 1) is struck."""
        match self.kind:
            case "always":
                return True
            case "every":
                return seen % self.numbers[0] == 0
            case "nth":
                return seen in self.numbers
            case "first":
                return seen <= self.numbers[0]
            case "probability":
                return random.random() < self.numbers[0]
            case "between_s":
                return self.numbers[0] <= age.total_seconds() < self.numbers[1]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One line of a script. `source` is the JSON it was read from."""

    name: str
    match: Match = field(default_factory=Match)
    when: When = field(default_factory=When)
    do: Plan
    source: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Requests a rule covered, and how many of them it struck."""

    seen: int = 0
    hits: int = 0


@dataclass(frozen=True, kw_only=True)
class Script:
    """The rules in force since a moment, and what they have done so far."""

    rules: tuple[Rule, ...] = ()
    since: datetime
    tallies: tuple[Tally, ...] = ()
    down_until: datetime | None = None

    def report(self) -> list[dict[str, Any]]:
        """Each rule as it was given, with its counts."""
        return [
            {"name": rule.name, "rule": rule.source, "seen": tally.seen, "hits": tally.hits}
            for rule, tally in zip(self.rules, self.tallies, strict=True)
        ]


def decide(script: Script, request: Request, now: datetime, random: Random) -> tuple[Plan, Script]:
    """Plan one request, and give the script with its counts moved on.

    Every rule counts every request it covers. Delays of all rules that strike add up; the first of them
    that decides the outcome (answer, drop, commit) is the one that does. A request with a header
    `X-Sandbox-Spared` meets no fault and counts for none: people and auditors share a vendor with the client under
    test.
    """
    if request.headers.get(SPARED):
        return Plan(), script
    if script.down_until is not None and now < script.down_until:
        return Plan(commit_after_s=None, answer="drop"), script
    plan, tallies, down_until = Plan(), [], None
    for rule, tally in zip(script.rules, script.tallies, strict=True):
        if rule.match.covers(request):
            struck = rule.when.strikes(tally.seen + 1, now - script.since, random)
            struck = struck and not (plan.decisive and rule.do.decisive)
            tally = Tally(seen=tally.seen + 1, hits=tally.hits + struck)
            if struck:
                plan = _both(plan, rule.do)
                if rule.do.down_for_s:
                    down_until = now + timedelta(seconds=rule.do.down_for_s)
        tallies.append(tally)
    return plan, replace(script, tallies=tuple(tallies), down_until=down_until)


def _both(plan: Plan, more: Plan) -> Plan:
    outcome = more if more.decisive else plan
    return replace(
        outcome,
        delay_ms=plan.delay_ms + more.delay_ms,
        slow_body_ms=plan.slow_body_ms + more.slow_body_ms,
    )
