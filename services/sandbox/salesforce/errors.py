"""How Salesforce refuses: an array of messages on a resource, one row inside a collection call."""

from collections.abc import Sequence
from typing import Any

from ..wire import Response

__all__ = ["Refused", "data_refused", "not_found"]


class Refused(Exception):
    """Salesforce answers an error and keeps nothing of the request."""

    def __init__(self, status: int, code: str, message: str, fields: Sequence[str] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message, self.fields = status, code, message, fields

    def response(self) -> Response:
        """The error as a resource answers it (`errorCode`)."""
        problem: dict[str, Any] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            problem["fields"] = list(self.fields)
        return Response.of([problem], self.status)

    def row(self) -> dict[str, Any]:
        """The error as one record of a collection call answers it (`statusCode`)."""
        problem = {"statusCode": self.code, "message": self.message, "fields": list(self.fields or ())}
        return {"success": False, "errors": [problem]}


def data_refused(code: str, message: str, *fields: str) -> Refused:
    """A record that does not satisfy its object's rules."""
    return Refused(400, code, message, fields)


def not_found(message: str = "The requested resource does not exist") -> Refused:
    """404, for a resource or a record that is not there."""
    return Refused(404, "NOT_FOUND", message)
