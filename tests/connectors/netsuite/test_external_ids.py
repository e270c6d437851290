import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.erp_adapter.connectors.netsuite.external_ids import ExternalIds, is_legal

IDS = ExternalIds("FL")
TEXTS = st.text(
    st.one_of(st.sampled_from("aAbB09:-_#/ é"), st.characters(codec="utf-8")), min_size=1, max_size=8
)


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (IDS.project("D-00042"), "FL-D-00042"),
        (IDS.task("D-00042", "DESIGN"), "FL-D-00042_-DESIGN"),
        (IDS.milestone("D-00042", "GO"), "FL-D-00042_-MS_-GO"),
        (IDS.time("kantata:85", 1), "FL-kantata__85_-1"),
        (IDS.time("psa:a0B/9", 12), "FL-psa__a0_B_47_9_-12"),
        (IDS.invoice("D-00042", "INV-7"), "FL-D-00042_-INV-7"),
    ],
)
def test_external_ids_stay_readable(made: str, text: str) -> None:
    assert made == text


@given(TEXTS, st.integers(1, 99), TEXTS, st.integers(1, 99))
def test_two_revisions_share_an_external_id_only_when_they_are_one(
    one: str, first: int, other: str, second: int
) -> None:
    """Compared as NetSuite compares: without regard to case."""
    same = IDS.time(one, first).lower() == IDS.time(other, second).lower()
    assert same == ((one, first) == (other, second))


@given(TEXTS, TEXTS)
def test_ids_are_legal_and_read_back_in_any_case(engagement: str, invoice: str) -> None:
    made = IDS.invoice(engagement, invoice)
    assert is_legal(made)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", made)
    assert IDS.read_invoice(made.swapcase()) == (engagement, invoice)
    assert IDS.read_project(IDS.project(engagement)) == engagement
    assert IDS.read_time(IDS.time(engagement, 3)) == (engagement, 3)


@pytest.mark.parametrize(
    "foreign",
    ["", "None", "FL", "C-0001", "PSI-T-9", "FL-D_", "FL-D_9", "FL-D_999999999_", "FL-D_65_", "fly-D-1"],
)
def test_what_is_not_ours_is_not_read(foreign: str) -> None:
    """`FL-D_65_` would be an A that we never write that way."""
    assert IDS.read_project(foreign) is None
    assert IDS.read_invoice(foreign) is None
    assert IDS.read_time(foreign) is None


def test_a_task_is_no_project_and_a_milestone_no_invoice() -> None:
    assert IDS.read_project(IDS.task("D-1", "A")) is None
    assert IDS.read_invoice(IDS.milestone("D-1", "A")) is None
