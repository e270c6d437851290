"""Facts: versioned rows of reference data that decisions rest on, declared by key, read once a batch."""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

__all__ = ["Fact", "FactKey", "FactKind", "Facts", "Group", "Need"]

T = TypeVar("T")


class FactKey(msgspec.Struct, frozen=True, order=True):
    """One fact: its kind and its id within the kind."""

    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.id}"


class Group(msgspec.Struct, frozen=True, order=True):
    """All facts of a kind that share a group, such as the unbilled postings of one engagement."""

    kind: str
    group: str


Need = FactKey | Group


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to be kept. A lower `version` than the one known changes nothing; `body=None` removes it."""

    key: FactKey
    version: int
    body: Any
    group: str | None = None


class FactKind(Generic[T]):
    """A kind of fact and the type of its bodies."""

    def __init__(self, name: str, body: type[T]) -> None:
        self.name, self.body = name, body

    def of(self, *parts: str) -> FactKey:
        """The key of one fact; several parts are joined by `/`."""
        return FactKey(self.name, "/".join(parts))

    def within(self, group: str) -> Group:
        return Group(self.name, group)

    def fact(self, *parts: str, version: int, body: T | None, group: str | None = None) -> Fact:
        return Fact(key=self.of(*parts), version=version, body=body, group=group)


class Facts:
    """The facts that a decision declared it needs. Remembers which ones it looked at, for the record."""

    def __init__(
        self, rows: Mapping[FactKey, Fact | None], groups: Mapping[Group, Iterable[FactKey]]
    ) -> None:
        self._rows, self._groups = rows, groups
        self.used: dict[str, int] = {}

    def one(self, kind: FactKind[T], *parts: str) -> T | None:
        """The body of one fact, or None while it is not known."""
        key = kind.of(*parts)
        fact = self._rows.get(key)
        self.used[str(key)] = fact.version if fact else 0
        body: T | None = fact.body if fact else None
        return body

    def all(self, kind: FactKind[T], group: str) -> tuple[T, ...]:
        """The bodies of all facts of a group, by id."""
        found = [self._rows.get(key) for key in sorted(self._groups.get(kind.within(group), ()))]
        rows = [row for row in found if row is not None]
        self.used.update({str(row.key): row.version for row in rows})
        return tuple(row.body for row in rows)
