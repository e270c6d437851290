"""Time as the ERP carries it. Append-only: a correction is a reversal and a new posting."""

from datetime import date

from ..base import Contract, published
from ..types import (
    ConnectionName,
    EngagementId,
    EntityCode,
    EntryId,
    Minutes,
    Money,
    RecordId,
    TaskCode,
    WorkerId,
)  # fmt: skip

__all__ = ["PostTime", "ReverseTime", "TimePosted", "TimeReversed"]


@published("erp.cmd.time.post.v1", key="engagement")
class PostTime(Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="postings.post-time.v1"):
    """Carry the minutes of one approved revision in the ERP. `posting_date` lies in an open period."""

    entry: EntryId
    revision: int
    engagement: EngagementId
    project_record: RecordId
    task: TaskCode
    task_record: RecordId
    worker: WorkerId
    labour_category: str
    legal_entity: EntityCode
    work_date: date
    posting_date: date
    minutes: Minutes
    billable: bool


@published("erp.evt.time.posted.v1", key="engagement")
class TimePosted(Contract, frozen=True, kw_only=True, tag="postings.time-posted.v1"):
    """The ERP carries the revision as `record`; `amount` is the ERP's own valuation where it gave one."""

    entry: EntryId
    revision: int
    engagement: EngagementId
    record: RecordId
    minutes: Minutes
    posting_date: date
    amount: Money | None
    connection: ConnectionName


@published("erp.cmd.time.reverse.v1", key="engagement")
class ReverseTime(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="postings.reverse-time.v1"
):
    """Take one posted revision out of the ERP's balance again."""

    entry: EntryId
    revision: int
    engagement: EngagementId
    record: RecordId
    minutes: Minutes
    posting_date: date


@published("erp.evt.time.reversed.v1", key="engagement")
class TimeReversed(Contract, frozen=True, kw_only=True, tag="postings.time-reversed.v1"):
    """The ERP no longer carries the revision."""

    entry: EntryId
    revision: int
    engagement: EngagementId
    record: RecordId
    connection: ConnectionName
