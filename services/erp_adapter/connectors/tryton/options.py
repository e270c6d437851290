"""What one Tryton database is configured with; the defaults fit a database set up as the vendor page asks."""

from collections.abc import Mapping

from pydantic import BaseModel, Field

from contracts.projects.v1 import ProjectState

__all__ = ["Options"]


class Options(BaseModel, extra="forbid", frozen=True):
    """Configuration of a Tryton connection."""

    legal_entities: tuple[str, ...] = Field(
        default=(),
        description="Entity codes to serve; each is the party code of a company. Empty: all that the user sees.",
    )
    item_prefix: str = Field(
        default="ITEM-",
        description="With a labour category behind it, the code of the service product that prices its hours.",
    )
    fixed_fee_item: str = Field(
        default="ITEM-FIXED-FEE", description="Code of the service product that milestones are billed with."
    )
    hour_symbol: str = Field(
        default="h", description="Symbol of the unit of measure that hourly products are priced in."
    )
    rate_cards: Mapping[str, str] = Field(
        default={code: f"RC-{code}-STD" for code in ("US01", "GB01", "DE01", "JP01")},
        description="The rate card that a company's product prices are, by entity code.",
    )
    project_states: Mapping[str, ProjectState] = Field(
        default={"Open": "active", "On hold": "on-hold", "Done": "closed"},
        description="What the names of project statuses mean; a name that is missing counts as on hold.",
    )
    batch: int = Field(default=200, ge=1, le=500, description="Time lines in one call.")
    settle_lag_seconds: float = Field(
        default=180.0,
        gt=0,
        description="After this an unanswered call is over; Tryton may repeat a locked one for two minutes.",
    )
    reference_every_seconds: float = Field(
        default=300.0, gt=0, description="How often periods and rate cards are read."
    )
    changes_every_seconds: float = Field(
        default=15.0, gt=0, description="How often changed projects and invoices are read."
    )
    overlap_seconds: int = Field(
        default=120, ge=1, description="How far a feed reads back: a change is stamped before it is seen."
    )
    remember_seconds: float = Field(
        default=600.0, ge=0, description="How long companies and employees are remembered between two reads."
    )
