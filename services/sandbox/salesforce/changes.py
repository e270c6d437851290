"""Which records changed or were deleted in a stretch of time."""

from datetime import timedelta

from ..wire import Response
from .call import Call
from .errors import Refused
from .times import moment, read_moment, stamp

__all__ = ["deleted", "updated"]

KEPT = timedelta(days=30)


def updated(call: Call, name: str) -> Response:
    """`GET /sobjects/Account/updated/?start=&end=`: ids of live records written in [start, end)."""
    sobject = call.sobject(name)
    start, end = _stretch(call)
    live = call.records.live[sobject.name]
    ids = [document["Id"] for document in live if start <= document["SystemModstamp"] < end]
    return Response.of({"ids": ids, "latestDateCovered": end})


def deleted(call: Call, name: str) -> Response:
    """`GET /sobjects/Account/deleted/?start=&end=`."""
    sobject = call.sobject(name)
    start, end = _stretch(call)
    rows = [
        {"id": document["Id"], "deletedDate": document["SystemModstamp"]}
        for document in call.records.gone[sobject.name]
        if start <= document["SystemModstamp"] < end
    ]
    earliest = stamp(call.clock() - KEPT)
    return Response.of({"deletedRecords": rows, "earliestDateAvailable": earliest, "latestDateCovered": end})


def _stretch(call: Call) -> tuple[str, str]:
    try:
        start, end = (read_moment(call.request.param(name)) for name in ("start", "end"))
    except ValueError:
        raise Refused(
            400, "INVALID_REPLICATION_DATE", "start and end are ISO 8601 times with an offset"
        ) from None
    if start >= end:
        raise Refused(400, "INVALID_REPLICATION_DATE", "startDate before endDate is required")
    if moment(start) < call.clock() - KEPT:
        raise Refused(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
    return start, end
