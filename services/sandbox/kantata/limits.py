"""Requests per minute, where a test or a demonstration sets them. The vendor publishes no numbers."""

import re
from typing import Any

from .books import Books
from .errors import overloaded

__all__ = ["Limits"]

#: HTTP method of a request on a collection, and on one record, to the word that a limit is set for.
ON_COLLECTION = {"GET": "list", "POST": "create", "DELETE": "delete"}
ON_RECORD = {"GET": "show", "PUT": "update", "DELETE": "delete"}


class Limits:
    """Counts requests in the current minute. What was counted does not outlive the process."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._minute = 0
        self._counts: dict[str, int] = {}

    def admit(self, method: str, path: str) -> None:
        """Count one request; 429 past the limit of its collection (`workspaces`) or verb (`workspaces:list`)."""
        limits: Any = self._books.settings["limits"]
        if not limits:
            return
        parts = re.sub(r"\.json$", "", path).split("/")[3:]
        if len(parts) == 0:
            return
        verb = (ON_COLLECTION if len(parts) == 1 else ON_RECORD).get(method, "")
        minute = self._books.now() // 60
        if minute != self._minute:
            self._minute = minute
            self._counts.clear()
        for name in (parts[0], f"{parts[0]}:{verb}"):
            if name in limits:
                self._counts[name] = self._counts.get(name, 0) + 1
                if self._counts[name] > limits[name]:
                    raise overloaded()
