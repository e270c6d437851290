"""The account of every minute: drawn when both ledgers are complete, exact about what does not fit."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.actor import Released, TimerFired
from bus.decision import Rejected
from contracts.exceptions.v1 import ExceptionRaised, HeldUp
from contracts.ledgers.v1 import LedgerLine, LedgerPage, TakeSnapshot
from contracts.reconciliations.v1 import StartReconciliation, StatementDrawn
from services.reconciler.comparison import compare
from services.reconciler.handlers import SERVICE
from services.reconciler.model import LEDGER_PAGE, OPEN_EXCEPTION
from tests.support.actors import Stage
from tests.support.business import POLICY, euros

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
DAY = date(2026, 11, 5)


def approved(number: int, minutes: int = 60) -> LedgerLine:
    return LedgerLine(
        kind="approved-time", record=f"{number}", reference=f"kantata:{number}", engagement="E-D-1", day=DAY,
        minutes=minutes,
    )  # fmt: skip


def posted(number: int, minutes: int = 60, *, revision: int = 1, record: str = "") -> LedgerLine:
    return LedgerLine(
        kind="posted-time", record=record or f"tb-{number}", reference=f"kantata:{number}#{revision}",
        engagement="E-D-1", day=DAY, minutes=minutes,
    )  # fmt: skip


def invoice(number: int, record: str = "") -> LedgerLine:
    return LedgerLine(
        kind="invoice", record=record or f"i-{number}", reference=f"INV-{number}", engagement="E-D-1", day=DAY,
        amount=euros(100),
    )  # fmt: skip


def page(
    service: str, *lines: LedgerLine, number: int = 1, last: bool = True, run: str = "R-1"
) -> LedgerPage:
    return LedgerPage(
        snapshot=f"{run}/{service}", service=service, page=number, last=last, taken_at=NOW, lines=lines
    )


def start(run: str = "R-1") -> StartReconciliation:
    return StartReconciliation(
        reconciliation=run, start=date(2026, 11, 1), end=date(2026, 11, 30), requested_by="ann"
    )


def account() -> Stage[Any]:
    return Stage(SERVICE.actors[0], POLICY)


def excepted(number: int) -> Any:
    raised = ExceptionRaised(
        exception=f"ex-{number}", service="orchestrator", code="rate-missing", category="policy", summary="no rate",
        fix="add it", owner="finance", held_up=HeldUp(reference=f"kantata:{number}"), raised_at=NOW,
    )  # fmt: skip
    return OPEN_EXCEPTION.fact(f"ex-{number}", version=1, body=raised, group="open")


def test_both_ledgers_are_asked_for_and_agreement_is_said() -> None:
    stage = account()
    stage.hear(start())
    assert [(asked.service, asked.snapshot) for asked in stage.take(TakeSnapshot)] == [
        ("time", "R-1/time"), ("erp", "R-1/erp"),
    ]  # fmt: skip
    stage.hear(page("time", approved(1), approved(2, 30)))
    assert stage.take(StatementDrawn) == []
    stage.hear(page("erp", posted(1), posted(2, 30), invoice(1)))
    [statement] = stage.take(StatementDrawn)
    assert (statement.approved, statement.posted, statement.excepted, statement.differing) == (90, 90, 0, 0)
    assert (statement.entries, statement.invoices) == (2, 1)


def test_pages_may_come_in_any_order_and_twice() -> None:
    stage = account()
    stage.hear(start())
    pages = [page("erp", posted(2), number=2), page("time", approved(1), approved(2)),
             page("erp", posted(1), number=1, last=False)]  # fmt: skip
    stage.hear(pages[0])
    assert isinstance(stage.hear(pages[0]).outcome, Rejected)
    stage.hear(pages[1])
    stage.hear(pages[2])
    [statement] = stage.take(StatementDrawn)
    assert statement.differing == 0
    assert all(stage.fact(LEDGER_PAGE.of(f"R-1/{name}", "1")) is None for name in ("time", "erp"))


@pytest.mark.parametrize(
    ("time", "erp", "kind", "minutes"),
    [
        ([approved(1)], [], "missing", 60),
        ([], [posted(1)], "surplus", 60),
        ([approved(1)], [posted(1), posted(1, revision=2, record="tb-9")], "doubled", 60),
        ([approved(1)], [posted(1, 45)], "altered", -15),
    ],
)
def test_each_difference_is_named_with_its_record(time: Any, erp: Any, kind: str, minutes: int) -> None:
    [difference] = compare(time, erp, set()).differences
    assert (difference.kind, difference.reference, difference.minutes) == (kind, "kantata:1", minutes)


def test_invoice_that_exists_twice_is_named() -> None:
    [difference] = compare([], [invoice(1), invoice(1, "i-9")], set()).differences
    assert (difference.kind, difference.reference) == ("doubled", "INV-1")
    assert "i-9" in difference.detail


def test_what_an_open_exception_holds_is_explained() -> None:
    stage = account()
    stage.know(excepted(2))
    stage.hear(start())
    stage.hear(page("time", approved(1), approved(2, 30)))
    stage.hear(page("erp", posted(1)))
    [statement] = stage.take(StatementDrawn)
    assert (statement.approved, statement.posted, statement.excepted, statement.differing) == (90, 60, 30, 0)


def test_records_of_others_are_counted_and_not_found_fault_with() -> None:
    strange = LedgerLine(kind="posted-time", record="x", reference=None, engagement=None, day=DAY, minutes=5)
    found = compare([], [strange], set())
    assert (found.foreign, found.differences, found.posted) == (1, (), 0)


def test_only_what_differs_twice_in_a_row_becomes_an_exception_and_agreement_resolves_it() -> None:
    """Ledgers that are read while work goes on differ by what moved in between."""
    stage = account()

    def reconcile(run: str, *erp: LedgerLine) -> None:
        stage.hear(start(run))
        stage.hear(page("time", approved(1), approved(2), run=run))
        stage.hear(page("erp", *erp, run=run))

    reconcile("R-1", posted(1))
    assert stage.problems == {}
    reconcile("R-2", posted(1))
    assert "kantata:2: approved on 2026-11-05, posted nowhere" in stage.problems["ledgers-differ"].summary
    reconcile("R-3", posted(1), posted(2))
    assert stage.problems == {}
    reconcile("R-4", posted(1))
    assert stage.problems == {}


def test_page_of_an_earlier_reconciliation_is_refused() -> None:
    stage = account()
    stage.hear(start("R-1"))
    stage.hear(page("time", approved(1)))
    stage.hear(start("R-2"))
    assert isinstance(stage.hear(page("erp", posted(1), run="R-1")).outcome, Rejected)
    assert stage.fact(LEDGER_PAGE.of("R-1/time", "1")) is None


def test_ledger_that_is_not_read_in_time_is_an_exception() -> None:
    stage = account()
    stage.hear(start())
    stage.hear(page("time", approved(1)))
    stage.hear(TimerFired(name="patience"))
    assert "ledger of erp" in stage.problems["ledger-unread"].summary
    stage.hear(Released(code="ledger-unread", by="ann"))
    assert stage.problems == {}


MINUTES = st.dictionaries(st.integers(1, 20), st.integers(1, 480), max_size=12)


@given(approvals=MINUTES, postings=MINUTES, held=st.sets(st.integers(1, 20)))
def test_minutes_balance_whatever_the_ledgers_hold(
    approvals: dict[int, int], postings: dict[int, int], held: set[int]
) -> None:
    found = compare(
        [approved(n, minutes) for n, minutes in approvals.items()],
        [posted(n, minutes) for n, minutes in postings.items()],
        {f"kantata:{n}" for n in held},
    )
    gap = {"missing": 1, "surplus": -1, "altered": -1}
    unexplained = sum(gap[one.kind] * one.minutes for one in found.differences)
    assert found.approved == found.posted + found.excepted + unexplained
