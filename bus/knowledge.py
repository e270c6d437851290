"""The facts a batch knows: read when first named, changed by messages and decisions, written at its end."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from . import tables
from .actor import Service, Woken
from .arrival import Codec
from .facts import Fact, FactKey, Facts, Group, Need
from .ids import derived_id
from .moments import micros
from .rows import Rows
from .timers import Timers

__all__ = ["Knowledge"]


class Knowledge:
    """Facts of one shard within one transaction."""

    def __init__(self, rows: Rows, service: Service, codec: Codec) -> None:
        self._rows, self._codec = rows, codec
        self._kinds = {kind.name: kind for kind in service.fact_kinds}
        self._facts: dict[FactKey, Fact | None] = {}
        self._groups: dict[Group, set[FactKey]] = {}
        self._changed: dict[FactKey, Fact] = {}

    def view(self) -> Facts:
        """What a decision may look at."""
        return Facts(self._facts, self._groups)

    def lacks(self, needs: Iterable[Need]) -> set[Need]:
        """Those of the needs that were not read yet."""
        return {need for need in needs if need not in self._facts and need not in self._groups}

    def read(self, needs: set[Need]) -> None:
        """Read what is lacking, in as few statements as possible."""
        if not needs:
            return
        keys = {need for need in needs if isinstance(need, FactKey)} - self._facts.keys()
        rows = list(self._rows.facts(keys))
        self._facts.update(dict.fromkeys(keys))
        for group in {need for need in needs if isinstance(need, Group)} - self._groups.keys():
            members = self._rows.fact_group(group)
            rows += members
            self._groups[group] = self._members(group, {FactKey(row.kind, row.id) for row in members})
        for row in rows:
            key = FactKey(row.kind, row.id)
            if key not in self._changed:
                body = msgspec.json.decode(row.body, type=self._kinds[row.kind].body)
                self._facts[key] = Fact(key=key, version=row.version, body=body, group=row.group_)

    def _members(self, group: Group, stored: set[FactKey]) -> set[FactKey]:
        """A group as stored, with what this batch changed."""
        kept = {
            key
            for key, fact in self._changed.items()
            if fact.body is not None and (key.kind, fact.group) == (group.kind, group.group)
        }
        return (stored - self._changed.keys()) | kept

    def keep(self, fact: Fact) -> None:
        """Take a fact in, unless a newer version of it is known."""
        self.read(self.lacks([fact.key]))
        known = self._facts.get(fact.key)
        if known is not None and fact.version < known.version:
            return
        self._changed[fact.key] = fact
        self._facts[fact.key] = None if fact.body is None else fact
        if fact.group is not None and (group := Group(fact.key.kind, fact.group)) in self._groups:
            (self._groups[group].discard if fact.body is None else self._groups[group].add)(fact.key)

    def write(self) -> None:
        self._rows.remove_facts([key for key, fact in self._changed.items() if fact.body is None])
        self._rows.put(
            tables.fact,
            [
                {"kind": key.kind, "id": key.id, "group_": fact.group, "version": fact.version,
                 "body": self._codec.encode(fact.body)}
                for key, fact in self._changed.items()
                if fact.body is not None
            ],
        )  # fmt: skip

    def wake(self, timers: Timers, now: datetime, *, but: set[str]) -> None:
        """Every actor with an open problem (none of `but`) that waits for a changed fact hears of it next."""
        for row in self._rows.wakes([str(key) for key in self._changed]):
            if row.exception not in but:
                key = FactKey(*row.fact.split("/", 1))
                message = derived_id(row.actor, row.fact, self._changed[key].version, micros(now))
                timers.soon(f"{row.actor}#wake#{row.fact}", row.actor, Woken(fact=key), message, now)
