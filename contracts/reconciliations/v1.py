"""The account of every minute and cent, drawn from the vendors' own ledgers."""

from datetime import date, datetime

from ..base import Contract, published
from ..types import EngagementId, Minutes, Money, Value

__all__ = ["Difference", "StartReconciliation", "StatementDrawn"]


@published("reconciler.cmd.reconciliation.start.v1", key="reconciliation")
class StartReconciliation(
    Contract,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    tag="reconciliations.start-reconciliation.v1",
):
    """Compare the ledgers of the time system and the ERP over the days [start, end]."""

    reconciliation: str
    start: date
    end: date
    requested_by: str


class Difference(Value, frozen=True, kw_only=True):
    """One record that the ledgers disagree about, and how: `missing`, `surplus`, `doubled` or `altered`."""

    kind: str
    reference: str
    engagement: EngagementId | None
    detail: str
    minutes: Minutes = 0
    amount: Money | None = None


@published("reconciler.evt.statement.drawn.v1", key="reconciliation")
class StatementDrawn(Contract, frozen=True, kw_only=True, tag="reconciliations.statement-drawn.v1"):
    """The account balances when `differences` is empty: approved = posted + held by an open exception.

    `approved`, `posted` and `excepted` are minutes. `entries` and `invoices` count records, `foreign` those of the
    ERP that did not come from here. `differences` names at most 200 records, `differing` counts them all.
    """

    reconciliation: str
    start: date
    end: date
    drawn_at: datetime
    approved: int
    posted: int
    excepted: int
    entries: int
    invoices: int
    foreign: int
    differing: int
    differences: tuple[Difference, ...]
