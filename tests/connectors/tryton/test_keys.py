"""Our keys in Tryton's texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.types import EngagementId, MilestoneCode, TaskCode
from services.erp_adapter.connectors.tryton.keys import (
    SET_ASIDE,
    described,
    engagement_in,
    line_reference,
    milestone_key,
    posting_key,
    priced_key,
    project_key,
    same_key,
    task_key,
)

CODES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)


def test_usual_codes_are_written_as_they_are() -> None:
    engagement = EngagementId("E-D-00042")
    task = task_key(engagement, TaskCode("DESIGN"))
    assert project_key(engagement) == "FL-E-D-00042"
    assert task == "FL-E-D-00042/task/DESIGN"
    assert priced_key(task, "SENIOR") == "FL-E-D-00042/task/DESIGN/SENIOR"
    assert milestone_key(engagement, MilestoneCode("M1")) == "FL-E-D-00042/milestone/M1"
    assert described(posting_key("kantata:85", 2), "Design, Senior") == "kantata:85#2 | Design, Senior"


@given(CODES, CODES, CODES)
def test_different_parts_never_share_a_key(engagement: str, code: str, category: str) -> None:
    """The parts can be read back from the key, so no two triples have the same one."""
    key = priced_key(task_key(EngagementId(engagement), TaskCode(code)), category)
    assert key.count("/") == 3
    assert engagement_in(project_key(EngagementId(engagement))) == engagement
    assert engagement_in(key) is None


@given(CODES, st.integers(min_value=1, max_value=10**6), CODES)
def test_the_revision_of_a_line_is_read_back(record: str, revision: int, text: str) -> None:
    entry = f"kantata:{record}"
    assert line_reference(described(posting_key(entry, revision), text)) == f"{entry}#{revision}"


@pytest.mark.parametrize(
    "text", [None, "", "workshop", "by hand | x", "kantata:85 | x", "see kantata:85#1 | x", "#1 | x"]
)
def test_what_people_write_is_no_posting_of_ours(text: str | None) -> None:
    assert line_reference(text) is None


@pytest.mark.parametrize(
    "comment", [None, "", "Call Bob", "FL-", "FL-ask Bob", "FL-E-1/task/A", SET_ASIDE, "x FL-E-1"]
)
def test_what_people_write_is_no_engagement_of_ours(comment: str | None) -> None:
    assert engagement_in(comment) is None


def test_notes_below_the_key_do_not_count() -> None:
    comment = "FL-E-1\nAsk Bob"
    assert same_key(comment, "FL-E-1") and same_key("FL-E-1\r\nAsk Bob", "FL-E-1")
    assert engagement_in(comment) == "E-1"
    assert not same_key("FL-E-11", "FL-E-1") and not same_key(None, "FL-E-1")
