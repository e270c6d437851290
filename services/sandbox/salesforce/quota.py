"""The daily number of API calls an org may make."""

from datetime import datetime, timedelta
from typing import Any

from ..ledger import Ledger
from ..wire import Clock
from .errors import Refused

__all__ = ["Quota"]

DAILY = 100_000
WINDOW = timedelta(hours=24)


class Quota:
    """Counts calls over 24 hours from the first. The limit is kept; the count starts anew with the process."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._clock = clock
        self._settings = ledger.collection("settings")
        self._since: datetime | None = None
        self.used = 0

    @property
    def daily(self) -> int:
        return int((self._settings.get("quota") or {"daily": DAILY})["daily"])

    def set(self, daily: int) -> None:
        """Allow so many calls a day, and count from nothing."""
        self._settings.put("quota", {"daily": daily})
        self._since, self.used = None, 0

    def spend(self) -> None:
        """Count one call; raises `Refused` REQUEST_LIMIT_EXCEEDED where none is left."""
        now = self._clock()
        if self._since is None or now - self._since >= WINDOW:
            self._since, self.used = now, 0
        if self.used >= self.daily:
            raise Refused(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
        self.used += 1

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self.used}/{self.daily}"

    def show(self) -> dict[str, Any]:
        """The body of `/limits`."""
        return {"DailyApiRequests": {"Max": self.daily, "Remaining": self.daily - self.used}}
