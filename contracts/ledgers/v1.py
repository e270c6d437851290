"""What the vendors' own ledgers hold, read back for the account of every minute and cent."""

from datetime import date, datetime
from typing import Literal

from ..base import Contract, published
from ..types import EngagementId, Minutes, Money, RecordId, Value

__all__ = ["LedgerLine", "LedgerPage", "TakeSnapshot"]


class LedgerLine(Value, frozen=True, kw_only=True):
    """One record as the vendor holds it now.

    `reference` is the canonical id where the record carries one (`kantata:85`, `kantata:85#1` for a posted
    revision, an invoice id) and None for a record that is not ours. `billed_on` names the invoice record that
    carries a posting.
    """

    kind: Literal["approved-time", "posted-time", "invoice"]
    record: RecordId
    reference: str | None
    engagement: EngagementId | None
    day: date
    minutes: Minutes = 0
    amount: Money | None = None
    paid: Money | None = None
    state: str = ""
    billed_on: RecordId | None = None


@published("{service}.cmd.ledger.snapshot.v1", key="snapshot")
class TakeSnapshot(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="ledgers.take-snapshot.v1"
):
    """Read the vendor's records whose day lies in [start, end] and publish them in pages."""

    snapshot: str
    service: str
    start: date
    end: date


@published("{service}.evt.ledger.page.v1", key="snapshot")
class LedgerPage(Contract, frozen=True, kw_only=True, tag="ledgers.ledger-page.v1"):
    """A page of one snapshot. Pages count from 1; the last one says so; `taken_at` is when reading began."""

    snapshot: str
    service: str
    page: int
    last: bool
    taken_at: datetime
    lines: tuple[LedgerLine, ...]
