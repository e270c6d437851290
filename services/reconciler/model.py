"""State and facts of the reconciler."""

from datetime import date

import msgspec

from bus.facts import FactKind
from contracts.exceptions.v1 import ExceptionRaised
from contracts.ledgers.v1 import LedgerPage

__all__ = ["FACT_KINDS", "LEDGER_PAGE", "OPEN_EXCEPTION", "Account", "Reading"]

#: Pages of the snapshots that are being compared, grouped by snapshot.
LEDGER_PAGE = FactKind("ledger-page", LedgerPage)
#: Every exception that is open now, in one group.
OPEN_EXCEPTION = FactKind("open-exception", ExceptionRaised)
FACT_KINDS = (LEDGER_PAGE, OPEN_EXCEPTION)


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """How far one service's snapshot has come. `pages` is known once the last page arrived."""

    received: tuple[int, ...] = ()
    pages: int | None = None

    @property
    def complete(self) -> bool:
        return self.pages is not None and len(self.received) == self.pages


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The reconciliation under way, and what the one before it could not explain.

    `suspects` are references that differed last time: only what differs twice in a row is raised, because ledgers
    that are read one after the other while work goes on differ by what moved in between.
    """

    reconciliation: str | None = None
    start: date | None = None
    end: date | None = None
    readings: dict[str, Reading] = {}
    suspects: tuple[str, ...] = ()
