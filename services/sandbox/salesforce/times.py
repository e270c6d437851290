"""Dates and times as the API writes them: `2026-11-02T09:10:11.000+0000`, always UTC, to the second."""

from datetime import UTC, datetime

__all__ = ["moment", "read_moment", "stamp"]


def stamp(time: datetime) -> str:
    """The wire form, cut to the second. Stamps sort as the times they stand for."""
    return f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def moment(text: str) -> datetime:
    """The time a stamp of ours stands for."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def read_moment(text: str) -> str:
    """A time given by a client in ISO 8601 with an offset, as a stamp; raises `ValueError`."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no offset")
    time = time.astimezone(UTC)
    return f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond // 1000:03d}+0000"
