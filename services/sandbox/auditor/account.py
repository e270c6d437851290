"""The independent account: totals of what the systems hold, and every difference with its exact reference."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Account", "Finding", "Kind"]

Kind = Literal["deal", "workspace", "time", "duplicate", "invoice", "crm"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One difference. `minutes` and `cents` (minor units of `currency`) say how much it makes, never negative."""

    kind: Kind
    reference: str
    words: str
    minutes: int = 0
    cents: int = 0
    currency: str = ""

    def __str__(self) -> str:
        return f"{self.reference}: {self.words}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Amounts by currency are minor units; `invoiced` and `paid` count posted invoices with their tax.

    `entries_held` and `minutes_held` are approved, not posted as approved, and known to the caller.
    """

    deals_won: int
    projects_active: int
    entries_approved: int
    minutes_approved: int
    entries_posted: int
    minutes_posted: int
    entries_held: int
    minutes_held: int
    invoices_posted: int
    invoices_paid: int
    invoiced: Mapping[str, int]
    paid: Mapping[str, int]
    findings: tuple[Finding, ...]

    @property
    def minutes_unexplained(self) -> int:
        return sum(finding.minutes for finding in self.findings)

    @property
    def money_unexplained(self) -> Mapping[str, int]:
        """Differing minor units by currency."""
        sums: Counter[str] = Counter()
        for finding in self.findings:
            if finding.cents:
                sums[finding.currency] += finding.cents
        return dict(sums)

    @property
    def cents_unexplained(self) -> int:
        """Differing minor units of all currencies, as one count."""
        return sum(finding.cents for finding in self.findings)

    @property
    def duplicates(self) -> int:
        return sum(finding.kind == "duplicate" for finding in self.findings)

    @property
    def explained(self) -> bool:
        """Whether there is nothing left to find."""
        return not self.findings

    def report(self) -> list[str]:
        """The findings as one line each."""
        return [str(finding) for finding in self.findings]
