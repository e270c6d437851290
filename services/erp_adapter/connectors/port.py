"""What every ERP connector offers: its verbs, its feeds, and what an applied write reports.

A verb takes one command of `contracts` (named beside it) and reports plain JSON of the shape beside that.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, get_args

from contracts import Contract
from contracts.customers.v1 import EnsureCustomer
from contracts.invoices.v1 import DraftInvoice, PostInvoice
from contracts.postings.v1 import PostTime, ReverseTime
from contracts.projects.v1 import CreateProject
from contracts.types import Money

__all__ = [
    "COMMANDS", "FEEDS", "VERBS", "FeedName", "InvoiceDraft", "InvoiceNumber", "MoneyJson", "Project", "Recorded",
    "TimeValue", "VerbName", "money_json",
]  # fmt: skip

VerbName = Literal[
    "ensure_customer", "create_project", "post_time", "reverse_time", "draft_invoice", "post_invoice"
]
VERBS: Final[tuple[VerbName, ...]] = get_args(VerbName)

FeedName = Literal["periods", "rate-cards", "projects", "invoices"]
FEEDS: Final[tuple[FeedName, ...]] = get_args(FeedName)

#: The command that each verb carries out.
COMMANDS: Final[Mapping[VerbName, type[Contract]]] = {
    "ensure_customer": EnsureCustomer,
    "create_project": CreateProject,
    "post_time": PostTime,
    "reverse_time": ReverseTime,
    "draft_invoice": DraftInvoice,
    "post_invoice": PostInvoice,
}


class MoneyJson(TypedDict):
    """`contracts.types.Money` as plain JSON: minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class Recorded(TypedDict):
    """`ensure_customer`, `reverse_time`: the ERP's own id of the record."""

    record: str


class Project(TypedDict):
    """`create_project`: the project's record, and the record of each task by its code."""

    record: str
    tasks: dict[str, str]


class TimeValue(TypedDict):
    """`post_time`: the posting's record, and the ERP's own valuation where it gave one."""

    record: str
    amount: MoneyJson | None


class InvoiceDraft(TypedDict):
    """`draft_invoice`: the draft's record and figures; net and tax make the total."""

    record: str
    net: MoneyJson
    tax: MoneyJson
    total: MoneyJson


class InvoiceNumber(TypedDict):
    """`post_invoice`: the number that the ERP gave the posted invoice."""

    record: str
    number: str
    total: MoneyJson


def money_json(money: Money) -> MoneyJson:
    """Money in the shape that results carry."""
    return {"amount": money.amount, "currency": money.currency}
