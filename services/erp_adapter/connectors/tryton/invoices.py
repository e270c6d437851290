"""Invoices as Tryton holds them, and what of them is told: figures, states, our reference."""

from typing import Final

import msgspec

from contracts.invoices.v1 import InvoiceState
from contracts.types import EngagementId, Money

from .rpc import Row
from .values import Day, Exact, Moment, money

__all__ = ["STATES", "Invoice"]

STATES: Final[dict[str, InvoiceState]] = {
    "draft": "draft", "validated": "draft", "posted": "open", "paid": "paid", "cancelled": "void",
}  # fmt: skip

_ENGAGEMENT = "Engagement "


class _Currency(msgspec.Struct, frozen=True):
    code: str


class Invoice(Row, frozen=True, kw_only=True):
    """A customer invoice. `amount_to_pay` is nought for all that are not posted, drafts among them."""

    model = "account.invoice"
    fields = (
        "number", "state", "reference", "comment", "invoice_date", "untaxed_amount", "tax_amount", "total_amount",
        "amount_to_pay", "currency.code", "company", "create_uid", "create_date", "last_modified_at",
    )  # fmt: skip

    number: str | None
    state: str
    reference: str | None
    comment: str | None
    invoice_date: Day | None
    untaxed_amount: Exact
    tax_amount: Exact
    total_amount: Exact
    amount_to_pay: Exact | None
    currency: _Currency = msgspec.field(name="currency.")
    company: int
    create_uid: int
    create_date: Moment
    last_modified_at: Moment

    def __post_init__(self) -> None:
        if self.state not in STATES:
            raise ValueError(f"invoice state {self.state!r} is unknown")

    @property
    def record(self) -> str:
        return f"invoice:{self.id}"

    @property
    def name(self) -> str:
        """What people call it: its number, or its id while it has none."""
        return self.number or f"draft {self.id}"

    @property
    def standing(self) -> InvoiceState:
        return STATES[self.state]

    @property
    def net(self) -> Money:
        return money(self.untaxed_amount, self.currency.code)

    @property
    def tax(self) -> Money:
        return money(self.tax_amount, self.currency.code)

    @property
    def total(self) -> Money:
        return money(self.total_amount, self.currency.code)

    @property
    def paid(self) -> Money:
        """What of the total is no longer owed."""
        if self.standing not in ("open", "paid"):
            return Money(amount=0, currency=self.currency.code)
        open_amount = self.amount_to_pay
        return self.total - money(open_amount, self.currency.code) if open_amount is not None else self.total

    @property
    def engagement(self) -> EngagementId | None:
        """The engagement that its comment names; None for an invoice that is not ours."""
        first = (self.comment or "").partition("\n")[0].rstrip()
        return EngagementId(first.removeprefix(_ENGAGEMENT)) if first.startswith(_ENGAGEMENT) else None
