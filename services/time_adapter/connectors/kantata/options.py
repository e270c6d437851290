"""What one Kantata account is configured with; the defaults fit an account set up as the vendor page asks."""

from pydantic import BaseModel, Field

__all__ = ["Options"]


class Options(BaseModel, extra="forbid", frozen=True):
    """Configuration of a Kantata connection."""

    service: str = Field(
        default="fairlead",
        min_length=1,
        description="Service name of the external references on workspaces and stories. Never change it once "
        "workspaces exist: they would be made a second time.",
    )
    posting_service: str = Field(
        default="erp",
        min_length=1,
        description="Service name of the external references that show people how their time stands in finance.",
    )
    worker_service: str = Field(
        default="hcm",
        min_length=1,
        description="Service name of the external references that carry employee numbers on users.",
    )
    worker_model: str = Field(
        default="worker", min_length=1, description="Service model of those references."
    )
    rate_cards: bool = Field(
        default=True,
        description="Give a workspace the rate card whose set is titled like the plan's rate card, in the plan's "
        "currency. Off where Kantata holds no rates.",
    )
    deletions: bool = Field(
        default=True,
        description="Read subscribed events for deleted time entries. Off where the account lacks that add-on: "
        "an entry that is deleted within one poll of losing its approval is then found by reconciliation only.",
    )
    closed_states: frozenset[str] = Field(
        default=frozenset({"completed", "resolved", "closed"}),
        description="States of a story in which no more time is expected on it.",
    )
    entries_every_seconds: float = Field(
        default=15.0, gt=0, description="How often approved and withdrawn time is read."
    )
    stories_every_seconds: float = Field(
        default=60.0, gt=0, description="How often changed tasks and milestones are read."
    )
    look_back_days: int = Field(
        default=35, ge=0, description="How far the first poll of a feed reaches back from today."
    )
    overlap_seconds: int = Field(
        default=120,
        ge=1,
        description="How long a change may be stamped before it can be seen; so often a feed reads back as far.",
    )
    settle_lag_seconds: float = Field(
        default=240.0,
        gt=0,
        description="After this a request that was never answered is over: Kantata ends requests in three minutes.",
    )
    directory_seconds: float = Field(
        default=900.0,
        ge=0,
        description="How long it is remembered what users, workspaces and stories carry as external references.",
    )
