"""The business rules of each record type: what is completed, checked and passed on when one is written."""

from collections.abc import Callable
from dataclasses import dataclass

from ...ledger import Document
from ..books import Books, Stamp
from . import expenses, invoices, parties, payments, setup, time

__all__ = ["RULES", "Rule"]


def _nothing(books: Books, new: Document, old: Document | None, stamp: Stamp) -> None:
    """Most records change no others."""


def _free(books: Books, document: Document, stamp: Stamp) -> None:
    """Nothing depends on this record type."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`complete` fills and checks the new state, `written` passes it on to others, `removing` may refuse.

    Each raises `Problem`. `complete` may change the document it is given; `old` is None for a new record.
    """

    complete: Callable[[Books, Document, Document | None, Stamp], None]
    written: Callable[[Books, Document, Document | None, Stamp], None] = _nothing
    removing: Callable[[Books, Document, Stamp], None] = _free


RULES = {
    "subsidiary": Rule(complete=setup.subsidiary, removing=setup.keep),
    "currency": Rule(complete=setup.currency, removing=setup.keep),
    "employee": Rule(complete=setup.employee, removing=setup.keep),
    "serviceItem": Rule(complete=setup.service_item, removing=setup.keep),
    "billingRateCard": Rule(complete=setup.rate_card, removing=setup.keep),
    "accountingPeriod": Rule(complete=setup.accounting_period, removing=setup.keep),
    "billingSchedule": Rule(complete=setup.billing_schedule),
    "customer": Rule(complete=parties.customer, removing=parties.removing_customer),
    "job": Rule(complete=parties.job, removing=parties.removing_job),
    "projectTask": Rule(complete=parties.project_task, removing=parties.removing_task),
    "timeBill": Rule(complete=time.complete, removing=time.removing),
    "expenseReport": Rule(complete=expenses.complete, removing=expenses.removing),
    "invoice": Rule(complete=invoices.complete, written=invoices.written, removing=invoices.removing),
    "customerPayment": Rule(complete=payments.complete, written=payments.written, removing=payments.removing),
}
