"""What an adapter declares, and that two commands never share an effect by accident."""

import pytest

from contracts.ledgers.v1 import LedgerPage, TakeSnapshot
from contracts.postings.v1 import PostTime, TimePosted
from contracts.timesheets.v1 import TimeApproved
from contracts.writes.v1 import WriteRefused
from services.adapterkit.adapter import adapter_service
from services.adapterkit.carry import effect_key
from tests.support.kit_stage import BOOKS, posting


def test_the_service_reads_its_commands_and_writes_receipts_refusals_events_and_pages() -> None:
    service = adapter_service("erp", [posting()], [TimeApproved], BOOKS)
    declared = service.declaration()
    assert {PostTime, TakeSnapshot} <= set(declared.reads)
    assert {TimePosted, WriteRefused, TimeApproved, LedgerPage} <= set(declared.writes)


def test_two_carries_with_one_verb_are_a_mistake_that_shows_at_once() -> None:
    with pytest.raises(ValueError, match="share a verb"):
        adapter_service("erp", [posting(), posting()], [], BOOKS)


def test_the_same_thing_under_two_verbs_or_connections_has_two_keys() -> None:
    keys = {
        effect_key(connection, verb, "kantata:1#1") for connection in "ab" for verb in ("post", "reverse")
    }
    assert len(keys) == 4
