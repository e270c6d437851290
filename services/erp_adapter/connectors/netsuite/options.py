"""What one NetSuite account is configured with; the defaults fit an account set up as the vendor page asks."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field

from contracts.projects.v1 import ContractType

__all__ = ["Options"]

Column = Annotated[str, Field(pattern="^[a-z][a-z0-9_]*$")]
InternalId = Annotated[str, Field(pattern=r"^-?\d+$")]
State = Literal["draft", "open", "paid", "void"]


class Options(BaseModel, extra="forbid", frozen=True):
    """Configuration of a NetSuite connection."""

    legal_entities: tuple[str, ...] = Field(
        default=("US01", "GB01", "DE01", "JP01"),
        min_length=1,
        description="Entity codes; each is the external id of a subsidiary.",
    )
    prefix: str = Field(
        default="FL",
        pattern="^[A-Z0-9]{1,8}$",
        description="Begins every external id that this connection gives. Never change it once records exist.",
    )
    currencies: Mapping[str, InternalId] = Field(
        default={},
        description="Internal ids of currencies whose external id is not their ISO code.",
    )
    item_prefix: str = Field(
        default="ITEM-",
        description="With a labour category behind it, the external id of the service item that prices its hours.",
    )
    fixed_fee_item: str = Field(
        default="ITEM-FIXED-FEE", description="External id of the item that milestones are billed with."
    )
    billing_types: Mapping[ContractType, InternalId] = Field(
        default={"fixed-fee": "3", "time-and-materials": "4"},
        description="jobBillingType by contract type (3 is fixed bid by milestone, 4 time and materials).",
    )
    project_expense_type: InternalId = Field(
        default="-2", description="projectExpenseType that new projects get; NetSuite demands one."
    )
    billing_schedules: bool = Field(
        default=True,
        description="Write a billingSchedule for each project. Off where finance keeps them by hand.",
    )
    closed_project_statuses: frozenset[str] = Field(
        default=frozenset({"1"}),
        description="entityStatus ids that mean a closed project; an inactive project is closed in any case.",
    )
    held_project_statuses: frozenset[str] = Field(
        default=frozenset(),
        description="entityStatus ids that mean on hold; a project that takes no time is in any case.",
    )
    invoice_states: Mapping[str, State] = Field(
        default={"A": "open", "B": "paid", "D": "draft", "E": "void", "V": "void"},
        description="What the status letters of invoices mean; a letter that is missing stops the invoice feed.",
    )
    fiscal_calendars: bool = Field(
        default=True,
        description="Periods belong to a subsidiary's fiscal calendar. Off where all subsidiaries share one.",
    )
    time_amount_column: Column | None = Field(
        default="amount",
        description="SuiteQL column of timebill that values it; none where the account has no such column.",
    )
    time_invoice_column: Column | None = Field(
        default="invoice",
        description="SuiteQL column of timebill that names its invoice; none where the account has no such column.",
    )
    batch: int = Field(default=100, ge=1, le=100, description="Time bills in one call; NetSuite takes 100.")
    job_poll_seconds: float = Field(
        default=0.25,
        gt=0,
        description="First wait for an asynchronous job; each next one is half as long again.",
    )
    job_wait_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How long to wait for an asynchronous job; then its time bills are unsure.",
    )
    settle_lag_seconds: float = Field(
        default=900.0,
        gt=0,
        description="After this a request that was never answered is over: NetSuite ends requests in 15 minutes.",
    )
    reference_every_seconds: float = Field(
        default=300.0, gt=0, description="How often periods and rate cards are read."
    )
    changes_every_seconds: float = Field(
        default=30.0, gt=0, description="How often changed projects and invoices are read."
    )
    overlap_seconds: int = Field(
        default=120,
        ge=1,
        description="How far a feed reads back: changes are stamped when made, to the second, and seen later.",
    )
