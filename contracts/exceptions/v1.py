"""Exceptions: what is held up, why, for whom, and what lets it go on."""

from datetime import datetime
from typing import Literal

from ..base import Contract, published
from ..types import EngagementId, ExceptionId, Minutes, Money, Value

__all__ = ["Category", "ExceptionRaised", "ExceptionResolved", "FixException", "HeldUp", "ReleaseException"]

Category = Literal["transient", "data", "policy", "conflict", "unsure", "security"]


class HeldUp(Value, frozen=True, kw_only=True):
    """What cannot go on until the exception is resolved. `reference` names the record, such as a time entry."""

    reference: str
    engagement: EngagementId | None = None
    customer: str | None = None
    minutes: Minutes = 0
    amount: Money | None = None


@published("{service}.evt.exception.raised.v1", key="exception")
class ExceptionRaised(Contract, frozen=True, kw_only=True, tag="exceptions.exception-raised.v1"):
    """Something needs a person, or a fact that is missing. `code` is stable, such as `rate-missing`.

    `fix` says in one sentence what to do; `releases_on` names the facts whose arrival releases it by itself.
    """

    exception: ExceptionId
    service: str
    code: str
    category: Category
    summary: str
    fix: str
    owner: str
    held_up: HeldUp
    raised_at: datetime
    releases_on: tuple[str, ...] = ()


@published("{service}.evt.exception.resolved.v1", key="exception")
class ExceptionResolved(Contract, frozen=True, kw_only=True, tag="exceptions.exception-resolved.v1"):
    """Nothing is held up by it any more. `how` says what resolved it."""

    exception: ExceptionId
    service: str
    how: str
    resolved_at: datetime


@published("{service}.cmd.exception.release.v1", key="exception")
class ReleaseException(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exceptions.release-exception.v1"
):
    """Try again what the exception holds up, with the original effect keys."""

    exception: ExceptionId
    service: str
    requested_by: str
    reason: str


@published("{service}.cmd.exception.fix.v1", key="exception")
class FixException(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="exceptions.fix-exception.v1"
):
    """Supply the values that were missing or wrong, then release. Legal `values` depend on the exception's code."""

    exception: ExceptionId
    service: str
    requested_by: str
    values: dict[str, str]
