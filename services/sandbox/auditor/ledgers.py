"""What the auditor reads off each system, in one vocabulary. Minutes and minor units are whole numbers.

`engagement` is the engagement a record belongs to; it is empty where the record names none.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Protocol

from ..firm import ENTITIES
from .arithmetic import Arithmetic

__all__ = [
    "EXPONENTS", "CrmDeal", "CrmReader", "Customer", "ErpLedger", "ErpReader", "Invoice", "Line", "Posting",
    "Project", "TimeEntry", "TimeLedger", "TimeReader", "Workspace", "engagement_in", "entry_in", "minor",
]  # fmt: skip

#: Minor digits of the firm's currencies.
EXPONENTS: Final[Mapping[str, int]] = {entity.currency: entity.exponent for entity in ENTITIES}
ENGAGEMENT: Final = re.compile(r"(?:[A-Z0-9]{1,8}-)?(E-[A-Za-z0-9-]+)")
#: The reference that a posting's text starts with: `kantata:85#1`.
REFERENCE: Final = re.compile(r"([a-z][a-z0-9-]*:[^\s#]+)#(\d+)(?=\s|$)")


@dataclass(frozen=True, kw_only=True)
class CrmDeal:
    """An opportunity. `amount`, `invoiced` and `paid` are what the CRM shows, 0 where it shows nothing."""

    number: str
    won: bool
    fixed_fee: bool
    currency: str
    amount: int
    invoiced: int
    paid: int

    @property
    def engagement(self) -> str:
        return f"E-{self.number}"


@dataclass(frozen=True, kw_only=True)
class Workspace:
    record: str
    engagement: str
    archived: bool


@dataclass(frozen=True, kw_only=True)
class TimeEntry:
    """A booked entry; `entry` is its reference (`kantata:85`), `person` an employee number."""

    entry: str
    engagement: str
    workspace: str
    person: str
    minutes: int
    approved: bool


@dataclass(frozen=True, kw_only=True)
class TimeLedger:
    workspaces: Sequence[Workspace]
    entries: Sequence[TimeEntry]


@dataclass(frozen=True, kw_only=True)
class Customer:
    record: str
    reference: str


@dataclass(frozen=True, kw_only=True)
class Project:
    """`entity` is the legal entity's code."""

    record: str
    engagement: str
    entity: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class Posting:
    """Time in the ERP. `entry` is empty where it carries no reference of ours; `invoice` is the record it is on."""

    record: str
    entry: str
    revision: int
    engagement: str
    person: str
    minutes: int
    rate: Decimal | None
    invoice: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of an invoice before tax: over `postings` (their records), a `fee`, or neither.

    `rate` is the hourly price it was billed at, in units of the currency.
    """

    amount: int
    what: str
    postings: tuple[str, ...] = ()
    fee: bool = False
    rate: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """`total` is what the ledger says; `posted` tells an invoice from a draft."""

    record: str
    number: str
    reference: str
    engagement: str
    entity: str
    currency: str
    posted: bool
    tax: int
    total: int
    paid: int
    open: int
    lines: tuple[Line, ...] = field(default=())

    @property
    def called(self) -> str:
        return self.number or f"draft {self.record}"


@dataclass(frozen=True, kw_only=True)
class ErpLedger:
    """Postings are those of engagements, and those that carry a reference of ours wherever they are."""

    name: str
    arithmetic: Arithmetic
    customers: Sequence[Customer]
    projects: Sequence[Project]
    postings: Sequence[Posting]
    invoices: Sequence[Invoice]


class CrmReader(Protocol):
    async def read(self) -> Sequence[CrmDeal]: ...


class TimeReader(Protocol):
    async def read(self) -> TimeLedger: ...


class ErpReader(Protocol):
    async def read(self) -> ErpLedger: ...


def engagement_in(text: str | None) -> str:
    """The engagement that a project's reference names, such as `FL-E-D-00042` or `E-D-00042`; else nothing."""
    found = ENGAGEMENT.fullmatch(text or "")
    return found[1] if found else ""


def entry_in(text: str | None) -> tuple[str, int]:
    """Entry and revision at the start of a posting's text; `("", 0)` where it starts with none."""
    found = REFERENCE.match(text or "")
    return (found[1], int(found[2])) if found else ("", 0)


def minor(amount: Decimal | int | str, currency: str) -> int:
    """Whole minor units of an amount in units of its currency; what is finer is a float's noise."""
    return round(Decimal(amount).scaleb(EXPONENTS[currency]))
