"""Instants as integer microseconds since 1970 UTC, the form that stores keep."""

from datetime import UTC, datetime, timedelta

__all__ = ["instant", "micros"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(moment: datetime) -> int:
    """Microseconds since 1970; raises `ValueError` for a naive time."""
    if moment.tzinfo is None:
        raise ValueError("an aware time is needed")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(moment: int) -> datetime:
    """The aware UTC time of that many microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=moment)
