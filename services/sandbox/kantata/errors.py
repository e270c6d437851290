"""The refusals Kantata OX answers with, each an `errors` list of oauth, system or validation entries."""

from typing import Any

from ..wire import Response

__all__ = [
    "Refused",
    "forbidden",
    "invalid",
    "malformed",
    "not_found",
    "overloaded",
    "stranger",
]


class Refused(Exception):
    """The request was refused; nothing it did is kept."""

    def __init__(self, status: int, *errors: dict[str, str]) -> None:
        super().__init__(f"{status}: " + "; ".join(error["message"] for error in errors))
        self.status, self.errors = status, list(errors)

    def response(self) -> Response:
        body: dict[str, Any] = {"errors": self.errors}
        return Response.of(body, status=self.status)


def invalid(message: str, field: str) -> Refused:
    """422: a value breaks a rule of its record."""
    return Refused(422, {"type": "validation", "message": message, "field": field})


def malformed(message: str) -> Refused:
    """400: the body, a filter, the order or the paging cannot be read."""
    return Refused(400, {"type": "system", "message": message})


def not_found() -> Refused:
    """404: no such record, or one that a default filter hides."""
    return Refused(404, {"type": "system", "message": "Resource not found"})


def forbidden(message: str = "You do not have permission to do this") -> Refused:
    """403: a known person without the right."""
    return Refused(403, {"type": "system", "message": message})


def stranger() -> Refused:
    """401: no bearer token, or one that is unknown or revoked."""
    return Refused(401, {"type": "oauth", "message": "Invalid OAuth 2 Request"})


def overloaded() -> Refused:
    """429: the vendor documents neither Retry-After nor any other rate header, so there is none."""
    return Refused(429, {"type": "system", "message": "Too many requests"})
