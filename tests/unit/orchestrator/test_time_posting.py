"""Approved time becomes exactly one posting, or exactly one exception, in whatever order things happen."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.actor import Released, Woken
from contracts.invoices.v1 import BilledTime
from contracts.postings.v1 import PostTime, ReverseTime, TimePosted, TimeReversed
from contracts.timesheets.v1 import AnnotateTime, TimeWithdrawn
from contracts.types import Money
from contracts.writes.v1 import WriteRefused
from services.orchestrator.model import BILLED, PERIOD, RATE_CARD, UNBILLED
from services.orchestrator.sagas.time_posting import ACTOR
from tests.support.actors import Stage
from tests.support.business import (
    POLICY,
    approved,
    engagement,
    period,
    project_state,
    rate_card,
    task_state,
)  # fmt: skip


def entry(*facts: Any) -> Stage[Any]:
    return Stage(ACTOR, POLICY, engagement(), rate_card(), period(), *facts)


def posted(command: PostTime) -> TimePosted:
    return TimePosted(
        entry=command.entry, revision=command.revision, engagement=command.engagement,
        record=f"tb-{command.revision}", minutes=command.minutes, posting_date=command.posting_date, amount=None,
        connection="netsuite",
    )  # fmt: skip


def reversed_(command: ReverseTime) -> TimeReversed:
    return TimeReversed(
        entry=command.entry, revision=command.revision, engagement=command.engagement, record=command.record,
        connection="netsuite",
    )  # fmt: skip


def refused(kind: type, revision: int = 1, why: str = "400: no", category: str = "data") -> WriteRefused:
    return WriteRefused(
        service="erp", key="E-D-1", command=kind.wire_name(), reference=f"kantata:85#{revision}",  # type: ignore[attr-defined]
        category=category, why=why, connection="netsuite",  # type: ignore[arg-type]
    )  # fmt: skip


def withdrawn(revision: int) -> TimeWithdrawn:
    return TimeWithdrawn(
        entry="kantata:85", revision=revision, engagement="E-D-1", reason="cancelled", connection="kantata"
    )


def test_approved_entry_is_posted_once_and_may_be_billed() -> None:
    stage = entry()
    stage.hear(approved())
    [command] = stage.take(PostTime)
    assert (command.project_record, command.task_record, command.labour_category) == ("55", "301", "SENIOR")
    assert command.posting_date == date(2026, 11, 5)
    stage.hear(posted(command))
    unbilled = stage.fact(UNBILLED.of("kantata:85"))
    assert unbilled.time == BilledTime(
        entry="kantata:85",
        revision=1,
        record="tb-1",
        minutes=90,
        expected=Money(amount=30_000, currency="EUR"),
    )
    assert [note.standing for note in stage.take(AnnotateTime)] == ["posted"]


def test_same_revision_twice_posts_once() -> None:
    stage = entry()
    stage.hear(approved())
    stage.hear(approved())
    assert len(stage.take(PostTime)) == 1


def test_correction_reverses_first_and_posts_only_then() -> None:
    stage = entry()
    stage.hear(approved())
    stage.hear(posted(*stage.take(PostTime)))
    stage.hear(approved(2, minutes=120))
    assert stage.take(PostTime) == []
    [reversal] = stage.take(ReverseTime)
    assert (reversal.revision, reversal.record, reversal.minutes) == (1, "tb-1", 90)
    assert stage.fact(UNBILLED.of("kantata:85")) is None
    stage.hear(reversed_(reversal))
    [command] = stage.take(PostTime)
    assert (command.revision, command.minutes) == (2, 120)


def test_withdrawal_takes_the_posting_back() -> None:
    stage = entry()
    stage.hear(approved())
    stage.hear(posted(*stage.take(PostTime)))
    stage.hear(withdrawn(2))
    stage.hear(reversed_(*stage.take(ReverseTime)))
    assert stage.state.posting is None
    assert [note.standing for note in stage.take(AnnotateTime)] == ["posted", "reversed"]


def test_correction_of_billed_time_is_held_and_nothing_is_reversed() -> None:
    stage = entry()
    stage.hear(approved())
    stage.hear(posted(*stage.take(PostTime)))
    stage.know(BILLED.fact("kantata:85", version=1, body="INV-1"))
    stage.hear(approved(2, minutes=120))
    assert stage.take(ReverseTime) == []
    assert list(stage.problems) == ["billed-already"]


def test_person_may_keep_the_posting_that_an_invoice_carries() -> None:
    stage = entry()
    stage.hear(approved())
    stage.hear(posted(*stage.take(PostTime)))
    stage.know(BILLED.fact("kantata:85", version=1, body="INV-1"))
    stage.hear(approved(2, minutes=120))
    stage.hear(Released(code="billed-already", by="ann"))
    assert stage.problems == {}
    assert stage.take(ReverseTime) == []
    stage.hear(approved(3, minutes=150))
    assert list(stage.problems) == ["billed-already"], "the next correction asks again"


@pytest.mark.parametrize(
    ("facts", "changes", "code"),
    [
        ([project_state("on-hold")], {}, "project-on-hold"),
        ([project_state("closed")], {}, "project-closed"),
        ([], {"task": "T9"}, "task-unknown"),
        ([], {"task": None}, "task-unknown"),
        ([task_state(False)], {}, "task-inactive"),
        ([], {"worker": "EMP-9"}, "worker-not-assigned"),
        ([], {"worker": None}, "worker-not-assigned"),
        ([], {"labour_category": "Wizard"}, "labour-category-unmapped"),
        ([rate_card(PARTNER="400")], {}, "rate-missing"),
        ([period(is_open=False)], {}, "period-closed"),
        ([], {"work_date": date(2026, 7, 1)}, "period-closed"),
        ([], {"minutes": 0}, "minutes-implausible"),
        ([], {"minutes": 1441}, "minutes-implausible"),
    ],
)
def test_each_rule_holds_the_entry_with_its_own_code_and_tells_the_consultant(
    facts: list[Any], changes: dict[str, Any], code: str
) -> None:
    stage = entry(*facts)
    stage.hear(approved(**changes))
    assert stage.take(PostTime) == []
    assert list(stage.problems) == [code]
    assert stage.problems[code].held_up.reference == "kantata:85"
    [note] = stage.take(AnnotateTime)
    assert (note.standing, note.message) == ("held", stage.problems[code].summary)


def test_everything_wrong_with_an_entry_is_said_at_once() -> None:
    stage = entry(project_state("on-hold"), task_state(False), period(is_open=False))
    stage.hear(approved(worker="EMP-9"))
    assert set(stage.problems) == {"project-on-hold", "task-inactive", "period-closed", "worker-not-assigned"}


@pytest.mark.parametrize(
    ("broken", "mended", "key"),
    [
        (rate_card(PARTNER="400"), rate_card(version=2), RATE_CARD.of("RC-DE01")),
        (period(is_open=False), period(version=2), PERIOD.of("DE01", "2026-11")),
    ],
)
def test_fact_that_mends_the_cause_releases_the_entry_by_itself(broken: Any, mended: Any, key: Any) -> None:
    stage = entry(broken)
    stage.hear(approved())
    [problem] = stage.problems.values()
    assert problem.releases_on == (key,)
    stage.know(mended)
    stage.hear(Woken(fact=key))
    assert stage.problems == {}
    assert len(stage.take(PostTime)) == 1


def test_time_on_an_engagement_that_is_not_ready_waits_for_it() -> None:
    stage: Stage[Any] = Stage(ACTOR, POLICY)
    stage.hear(approved())
    assert list(stage.problems) == ["engagement-unknown"]
    stage.know(engagement(), rate_card(), period())
    stage.hear(Woken(fact=engagement().key))
    assert len(stage.take(PostTime)) == 1


def test_refusal_is_held_in_the_vendors_words_until_a_person_releases_it() -> None:
    stage = entry()
    stage.hear(approved())
    stage.take(PostTime)
    stage.hear(refused(PostTime, why="400: Please enter value(s) for: Item"))
    assert "Please enter value(s) for: Item" in stage.problems["write-refused"].summary
    stage.hear(Released(code="write-refused", by="ann"))
    assert stage.problems == {}
    assert len(stage.take(PostTime)) == 1


def test_unsure_posting_is_not_tried_again_by_itself() -> None:
    stage = entry()
    stage.hear(approved())
    stage.take(PostTime)
    stage.hear(refused(PostTime, category="unsure", why="ReadTimeout"))
    assert list(stage.problems) == ["write-unsure"]
    stage.hear(Woken(fact=RATE_CARD.of("RC-DE01")))
    assert stage.take(PostTime) == []


def test_person_may_post_into_another_period_and_bad_dates_are_refused() -> None:
    stage = entry(period(is_open=False))
    stage.hear(approved())
    decision = stage.hear(Released(code="period-closed", by="ann", values={"posting_date": "soon"}))
    assert "YYYY-MM-DD" in decision.outcome.note
    decision = stage.hear(Released(code="period-closed", by="ann", values={"colour": "red"}))
    assert "legal is posting_date" in decision.outcome.note
    stage.hear(Released(code="period-closed", by="ann", values={"posting_date": "2026-12-01"}))
    [command] = stage.take(PostTime)
    assert (command.work_date, command.posting_date) == (date(2026, 11, 5), date(2026, 12, 1))


def test_fixed_fee_time_is_posted_and_never_billed_by_the_hour() -> None:
    stage: Stage[Any] = Stage(ACTOR, POLICY, engagement("fixed-fee"), rate_card(), period())
    stage.hear(approved())
    [command] = stage.take(PostTime)
    assert command.billable is False
    stage.hear(posted(command))
    assert stage.fact(UNBILLED.of("kantata:85")) is None


class Ledger:
    """An ERP that carries out whatever it is asked, when the test lets it."""

    def __init__(self) -> None:
        self.lines: dict[int, int] = {}
        self.waiting: list[Any] = []

    def ask(self, stage: Stage[Any]) -> None:
        self.waiting += stage.take(PostTime) + stage.take(ReverseTime)

    def answer(self, refuses: bool) -> Any:
        command = self.waiting.pop(0)
        if refuses:
            return refused(type(command), command.revision)
        if isinstance(command, PostTime):
            assert command.revision not in self.lines, "posted twice"
            assert not self.lines, "a second open posting for one entry"
            self.lines[command.revision] = command.minutes
            return posted(command)
        del self.lines[command.revision]
        return reversed_(command)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("approve"), st.integers(15, 480)),
        st.tuples(st.just("withdraw"), st.just(0)),
        st.tuples(st.just("repeat"), st.integers(0, 5)),
        st.tuples(st.just("answer"), st.just(0)),
        st.tuples(st.just("refuse"), st.just(0)),
        st.tuples(st.just("release"), st.just(0)),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_any_history_ends_with_the_erp_carrying_exactly_what_was_approved_last(steps: list[Any]) -> None:
    stage, ledger = entry(), Ledger()
    history: list[Any] = []
    for step, value in steps:
        match step:
            case "approve":
                history.append(approved(len(history) + 1, minutes=value))
                stage.hear(history[-1])
            case "withdraw":
                history.append(withdrawn(len(history) + 1))
                stage.hear(history[-1])
            case "repeat" if history:
                stage.hear(history[value % len(history)])
            case "answer" | "refuse" if ledger.waiting:
                stage.hear(ledger.answer(step == "refuse"))
            case "release" if stage.problems:
                stage.hear(Released(code="write-refused", by="ann"))
        ledger.ask(stage)
        assert len(ledger.waiting) <= 1, "one step is under way at a time"
    while ledger.waiting or stage.problems:
        stage.hear(ledger.answer(False) if ledger.waiting else Released(code="write-refused", by="ann"))
        ledger.ask(stage)
    last = history[-1] if history else None
    wanted = {last.revision: last.minutes} if last is not None and not isinstance(last, TimeWithdrawn) else {}
    assert ledger.lines == wanted
    unbilled = stage.fact(UNBILLED.of("kantata:85"))
    assert (unbilled.time.minutes if unbilled else 0) == sum(wanted.values())
