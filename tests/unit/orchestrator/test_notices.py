"""A note that a vendor refuses to show is an exception: silence would look like good news."""

from typing import Any

import pytest

from bus.actor import Released
from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.postings.v1 import PostTime
from contracts.timesheets.v1 import AnnotateTime
from contracts.writes.v1 import WriteRefused
from services.orchestrator.sagas.notices import ACTOR
from tests.support.actors import Stage
from tests.support.business import POLICY


def refused(command: Any) -> WriteRefused:
    return WriteRefused(
        service="time", key="E-D-1", command=command.wire_name(), reference="kantata:85", category="data",
        why="422: entry is locked", connection="kantata",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "who"), [(AnnotateTime, "the consultant"), (AnnotateOpportunity, "sales")]
)
def test_refused_note_is_held_up_in_the_vendors_words_until_somebody_takes_note(
    command: Any, who: str
) -> None:
    stage: Stage[Any] = Stage(ACTOR, POLICY)
    stage.hear(refused(command))
    summary = stage.problems["notice-refused"].summary
    assert who in summary
    assert "entry is locked" in summary
    stage.hear(Released(code="notice-refused", by="ann"))
    assert stage.problems == {}


def test_refusals_of_postings_are_for_the_entry_itself() -> None:
    [handler, _] = ACTOR.on
    assert handler.key(refused(PostTime)) is None
    assert handler.key(refused(AnnotateTime)) == "kantata:85"
