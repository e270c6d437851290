"""Writes to vendors as rows: planned by decisions, admitted when they may be tried, settled by how they ended."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec
from sqlalchemy.engine import Row

from . import tables
from .actor import EffectSettled
from .arrival import Arrival, Codec
from .decision import Effect
from .ids import derived_id
from .moments import micros
from .rows import Rows, as_json
from .timers import Timers

__all__ = ["Admission", "Effects", "Settlement"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Settlement:
    """How an effect ended at the vendor: `applied`, `refused`, or `unsure` for good.

    `planned` gives it back untried, as a graceful stop does.
    """

    key: str
    status: str
    result: Mapping[str, Any] = field(default_factory=dict)
    category: str = "data"
    why: str = ""


class Admission(Protocol):
    """Which planned effects may be tried now. They are marked as attempted in the commit that admits them."""

    def admit(self, planned: Sequence[Row[Any]], settled: Iterable[str]) -> Sequence[Row[Any]]: ...

    @property
    def reach(self) -> int:
        """How many planned effects to look at."""
        ...


class Effects:
    """Effect rows of one shard within one transaction."""

    def __init__(self, rows: Rows, codec: Codec, now: datetime) -> None:
        self._rows, self._codec, self._now = rows, codec, now
        self._first: int | None = None
        self._planned: dict[str, dict[str, Any]] = {}
        self._settled: list[dict[str, Any]] = []

    def settle(self, settlements: Sequence[Settlement]) -> list[Arrival]:
        """Record how effects ended; what their actors are to hear. One that is not under way is left alone."""
        rows = self._rows.effects([settlement.key for settlement in settlements])
        found = []
        for settlement in settlements:
            row = rows.get(settlement.key)
            if row is None or row.status != "attempting":
                continue
            self._settled.append(
                {"key": row.key, "status": settlement.status, "settled_at": micros(self._now),
                 "result": as_json(settlement.result), "category": settlement.category, "why": settlement.why}
            )  # fmt: skip
            message = derived_id("settled", row.key, row.attempted_at, settlement.status)
            found.append(
                self._codec.internal(
                    _told(row, settlement),
                    message=message,
                    at=self._now,
                    actor=row.actor,
                    cause=row.cause,
                    trace=row.trace,
                )
            )
        return found

    def plan(self, effect: Effect, actor: str, cause: str, trace: str) -> None:
        """Plan a write. Its sequence follows every earlier one's, also when the clock was set back."""
        if self._first is None:
            self._first = self._rows.last_effect_sequence() + 1
        self._planned[effect.key] = {
            "key": effect.key, "sequence": self._first + len(self._planned), "actor": actor,
            "verb": effect.verb, "lane": effect.lane, "priority": effect.priority, "status": "planned",
            "command_type": self._codec.type_of(effect.command), "cause": cause, "trace": trace,
            "command": self._codec.encode(effect.command), "planned_at": micros(self._now),
        }  # fmt: skip

    def write(self, timers: Timers) -> None:
        """Write settlements, then plans.

        What was refused, or stayed unsure, may be planned again: its `category` stays, so that an unsure one is
        looked up before it is tried. What was applied settles at once with the result it had.
        """
        self._rows.change(tables.effect, self._settled)
        known = self._rows.effects(list(self._planned))
        for key, row in known.items():
            plan = self._planned[key]
            if row.status in ("refused", "unsure"):
                fresh = {"settled_at": None, "attempted_at": None, "result": None, "why": None}
                self._rows.change(tables.effect, [{**plan, **fresh}])
            elif row.status == "applied":
                settled = Settlement(
                    key=key, status="applied", result=msgspec.json.decode(row.result or "{}")
                )
                message = derived_id("settled", key, plan["cause"])
                timers.soon(
                    f"{plan['actor']}#settled#{key}", plan["actor"], _told(row, settled), message, self._now,
                    plan["cause"], plan["trace"],
                )  # fmt: skip
        self._rows.add(tables.effect, [plan for key, plan in self._planned.items() if key not in known])

    def admit(self, admission: Admission | None, settlements: Sequence[Settlement]) -> list[Row[Any]]:
        """Mark what may be tried now, and hand it over once this is committed."""
        if admission is None:
            return []
        planned = self._rows.planned_effects(admission.reach)
        admitted = list(admission.admit(planned, [settlement.key for settlement in settlements]))
        now = micros(self._now)
        self._rows.change(
            tables.effect, [{"key": row.key, "status": "attempting", "attempted_at": now} for row in admitted]
        )
        return admitted


def _told(row: Row[Any], settlement: Settlement) -> EffectSettled:
    return EffectSettled(
        key=row.key, verb=row.verb, status=settlement.status, command_type=row.command_type,
        command=msgspec.Raw(row.command), result=dict(settlement.result), category=settlement.category,
        why=settlement.why,
    )  # fmt: skip
