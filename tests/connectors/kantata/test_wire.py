"""Answers are hostile: what does not fit is never read as something else."""

import httpx
import msgspec
import pytest

from services.adapterkit.families import Unavailable, Unsure
from services.time_adapter.connectors.kantata.wire import Entry, Envelope, Role, Stamped, words

ROLE = {"id": "5", "name": "SENIOR"}
GOOD = {"count": 1, "results": [{"key": "roles", "id": "5"}], "roles": {"5": ROLE}}


def envelope(body: object, *, writes: bool = False) -> Envelope:
    return Envelope(msgspec.json.encode(body), writes=writes)


def test_order_is_that_of_results_and_extra_fields_are_ignored():
    body = {
        "count": 7,
        "meta": {"page_size": 2},
        "results": [{"key": "roles", "id": "9"}, {"key": "roles", "id": "5"}],
        "roles": {"5": ROLE, "9": {"id": "9", "name": "ANALYST", "new": True}},
    }
    read = envelope(body)
    assert [role.name for role in read.rows("roles", Role)] == ["ANALYST", "SENIOR"]
    assert (read.count, read.ids) == (7, ["9", "5"])
    assert read.side("users", Role) == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>signed out</html>",
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b'{"roles": {}}',
        b'{"count": -1, "results": []}',
        b'{"count": 1, "results": [{"key": "roles", "id": 5}]}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5; DROP"}]}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5"}]}',
        b'{"count": 1, "results": [{"key": "users", "id": "5"}], "users": {"5": {"id": "5", "name": "x"}}}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5"}], "roles": {"5": {"id": "5"}}}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5"}], "roles": {"5": {"id": "6", "name": "x"}}}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5"}], "roles": {"5": null}}',
        b'{"count": 1, "results": [{"key": "roles", "id": "5"}], "roles": ["5"]}',
    ],
)
@pytest.mark.parametrize(("writes", "family"), [(True, Unsure), (False, Unavailable)])
def test_wrong_shapes_are_unsure_after_a_write_and_unavailable_after_a_read(
    body: bytes, writes: bool, family: type[Exception]
):
    with pytest.raises(family) as told:
        Envelope(body, writes=writes).rows("roles", Role)
    assert str(told.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_in_minutes", 12.5),
        ("time_in_minutes", "90"),
        ("time_in_minutes", -1),
        ("time_in_minutes", 10**9),
        ("date_performed", "10.11.2026"),
        ("approved", "yes"),
        ("approved", None),
        ("workspace_id", None),
    ],
)
def test_entries_with_impossible_values_are_refused_with_the_fields_name(field: str, value: object):
    entry = {
        "id": "85", "date_performed": "2026-11-10", "time_in_minutes": 90, "billable": True, "approved": True,
        "workspace_id": "10",
    }  # fmt: skip
    body = {"count": 1, "results": [{"key": "time_entries", "id": "85"}], "time_entries": {"85": entry}}
    assert envelope(body).rows("time_entries", Entry)[0].time_in_minutes == 90
    with pytest.raises(Unavailable, match=field):
        envelope({**body, "time_entries": {"85": {**entry, field: value}}}).rows("time_entries", Entry)


def test_moments_without_offset_are_refused():
    body = {**GOOD, "roles": {"5": {"id": "5", "updated_at": "2026-11-16T09:00:00"}}}
    with pytest.raises(Unavailable):
        envelope(body).rows("roles", Stamped)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"errors":[{"type":"validation","message":"Title can\'t be blank","field":"title"}]}',
            "Title can't be blank (title)",
        ),
        (b'{"errors":[{"type":"system","message":"A"},{"type":"system","message":"B"}]}', "A; B"),
        (b'{"error_message":"Old wording"}', "Old wording"),
        (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
        (b'{"errors":"none"}', '{"errors":"none"}'),
        (b"{}", "{}"),
    ],
)
def test_refusals_are_told_in_the_vendors_words(body: bytes, said: str):
    assert words(httpx.Response(422, content=body)) == said
