"""What a stand-in is: a function from one HTTP request to one response, over a ledger and a clock.

Keeping the stand-ins synchronous and free of sockets lets the same code answer a real HTTP server
(`server.py`) and an in-process transport under virtual time.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import parse_qsl

from .firm import Firm
from .ledger import Ledger

__all__ = ["Answer", "Clock", "Request", "Response", "Router", "StandIn"]


class Clock(Protocol):
    """Aware UTC time, from outside."""

    def __call__(self) -> datetime: ...


class Headers(dict[str, str]):
    """HTTP headers, looked up without regard to case (RFC 9110 section 5.1)."""

    def __init__(self, items: Mapping[str, str] | Iterator[tuple[str, str]] = {}) -> None:  # noqa: B006
        pairs = items.items() if isinstance(items, Mapping) else items
        super().__init__({name.lower(): value for name, value in pairs})

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        return super().get(name.lower(), default)


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request as it came off the wire. `path` is decoded once, `query` is the raw query string."""

    method: str
    path: str
    query: str = ""
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    base_url: str = "http://127.0.0.1"
    #: Requests this stand-in is working on at this moment, this one included.
    in_flight: int = 1

    @cached_property
    def params(self) -> list[tuple[str, str]]:
        """Query parameters in order, repeated ones kept."""
        return parse_qsl(self.query, keep_blank_values=True)

    def param(self, name: str, default: str = "") -> str:
        """The last value of one query parameter."""
        return next((value for key, value in reversed(self.params) if key == name), default)

    def has_param(self, name: str) -> bool:
        return any(key == name for key, _ in self.params)

    @cached_property
    def form(self) -> dict[str, str]:
        """The body read as `application/x-www-form-urlencoded`."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """The body read as JSON; raises `ValueError` where it is not."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP response, ready for the wire."""

    status: int = 200
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""

    @classmethod
    def of(
        cls,
        content: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media: str = "application/json;charset=UTF-8",
    ) -> "Response":
        """A JSON response."""
        return cls(
            status=status,
            headers=Headers({"content-type": media, **(headers or {})}),
            body=json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(),
        )


Answer = Callable[..., Response]


class Router:
    """Maps method and path pattern to a function. Patterns are regular expressions over the whole path."""

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Answer]] = []

    def add(self, method: str, pattern: str) -> Callable[[Answer], Answer]:
        def register(answer: Answer) -> Answer:
            self._routes.append((method, re.compile(pattern), answer))
            return answer

        return register

    def find(self, method: str, path: str) -> tuple[Answer, dict[str, str]] | set[str]:
        """The function and its named groups, or the set of methods that the path does accept."""
        allowed: set[str] = set()
        for verb, pattern, answer in self._routes:
            if matched := pattern.fullmatch(path):
                if verb == method:
                    return answer, matched.groupdict()
                allowed.add(verb)
        return allowed


class StandIn(Protocol):
    """A vendor's system, seen from its HTTP side."""

    name: str
    ledger: Ledger

    def settle(self, firm: Firm) -> None:
        """Fill an empty ledger with what this firm already keeps in this system; do nothing otherwise."""
        ...

    def answer(self, request: Request) -> Response:
        """Answer one request; everything it changed is in the ledger, committed, when this returns."""
        ...

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        """Do what no vendor API offers (`expire_tokens`, ...); raises `ValueError` on other verbs."""
        ...
