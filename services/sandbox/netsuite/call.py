"""One operation on records: what a synchronous request asks for, and one item of an asynchronous one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .problems import Problem

__all__ = ["Call"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """`path` is below the record root, such as `customer/eid:C-0001`; `body` is the parsed JSON object."""

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    base_url: str = ""

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() == "true"

    def names(self, name: str) -> list[str]:
        """A comma-separated parameter."""
        return [part.strip() for part in self.params.get(name, "").split(",") if part.strip()]

    def whole(self, name: str, default: int) -> int:
        """A parameter that is a whole number not below zero; raises `Problem` otherwise."""
        text = self.params.get(name, str(default))
        if not text.isdecimal():
            raise bad_parameter(name, f"Invalid value {text!r} of query parameter {name}.")
        return int(text)


def bad_parameter(name: str, detail: str) -> Problem:
    return Problem("INVALID_PARAMETER", detail, where=("o:errorQueryParam", name))
