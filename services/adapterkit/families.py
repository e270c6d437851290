"""What a vendor's answer means for the caller: the type says what to do next."""

from dataclasses import dataclass
from typing import Literal

__all__ = ["Family", "Rejected", "Throttled", "Unauthorised", "Unavailable", "Unsure"]


class Family(Exception):
    """A call to a vendor that did not end well."""


@dataclass(eq=False)
class Rejected(Family):
    """The vendor understood and refused; trying again unchanged is useless. `why` is in the vendor's words."""

    why: str
    category: Literal["data", "policy", "conflict", "security"] = "data"

    def __str__(self) -> str:
        return self.why


@dataclass(eq=False)
class Throttled(Family):
    """Nothing was done: too many calls. Try again after `retry_after` seconds, or after a back-off when None."""

    why: str
    retry_after: float | None = None

    def __str__(self) -> str:
        return self.why


@dataclass(eq=False)
class Unavailable(Family):
    """Nothing was done: the vendor cannot be reached, or says that it is not there. Try again later."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(eq=False)
class Unsure(Family):
    """The vendor may or may not have done it. Ask it; never try again blindly."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(eq=False)
class Unauthorised(Family):
    """The credential is not accepted, or lacks a permission. Pauses the connection until a person mends it."""

    why: str

    def __str__(self) -> str:
        return self.why
