"""What one batch reads from the store, and the rows it will write: all statements of the host in one place."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Table, bindparam, delete, func, insert, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import Connection, Row

from . import tables
from .facts import FactKey, Group

__all__ = ["Rows"]

Values = dict[str, Any]


class Rows:
    """Reads and bulk writes inside one open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._upsert = sqlite_insert if connection.dialect.name == "sqlite" else postgresql_insert

    # -- reading

    def known(self, messages: Collection[str]) -> set[str]:
        """Which of these message ids took effect already."""
        inbox = tables.inbox.c.message
        return set(self._connection.scalars(select(inbox).where(inbox.in_(messages)))) if messages else set()

    def states(self, actors: Collection[str]) -> dict[str, bytes]:
        table = tables.actor.c
        if not actors:
            return {}
        found = self._connection.execute(select(table.actor, table.state).where(table.actor.in_(actors)))
        return {row.actor: row.state for row in found}

    def open_exceptions(self, actors: Collection[str]) -> dict[str, dict[str, Row[Any]]]:
        """The open exceptions of each actor, by code."""
        table = tables.exception.c
        found: dict[str, dict[str, Row[Any]]] = {}
        if actors:
            query = select(tables.exception).where(table.actor.in_(actors), table.resolved_at.is_(None))
            for row in self._connection.execute(query):
                found.setdefault(row.actor, {})[row.code] = row
        return found

    def exception(self, key: str) -> Row[Any] | None:
        query = select(tables.exception).where(tables.exception.c.exception == key)
        return self._connection.execute(query).one_or_none()

    def blocked(self, actors: Collection[str]) -> set[str]:
        """Actors with a parked message: what follows has to wait behind it."""
        actor = tables.parked.c.actor
        return set(self._connection.scalars(select(actor).where(actor.in_(actors)))) if actors else set()

    def facts(self, keys: Collection[FactKey]) -> Sequence[Row[Any]]:
        table = tables.fact.c
        if not keys:
            return []
        pairs = [(key.kind, key.id) for key in keys]
        return self._connection.execute(
            select(tables.fact).where(tuple_(table.kind, table.id).in_(pairs))
        ).all()

    def fact_group(self, group: Group) -> Sequence[Row[Any]]:
        table = tables.fact.c
        query = select(tables.fact).where(table.kind == group.kind, table.group_ == group.group)
        return self._connection.execute(query).all()

    def effects(self, keys: Collection[str]) -> dict[str, Row[Any]]:
        query = select(tables.effect).where(tables.effect.c.key.in_(keys))
        return {row.key: row for row in self._connection.execute(query)} if keys else {}

    def planned_effects(self, limit: int) -> Sequence[Row[Any]]:
        table = tables.effect.c
        query = select(tables.effect).where(table.status == "planned")
        return self._connection.execute(query.order_by(table.priority, table.sequence).limit(limit)).all()

    def last_effect_sequence(self) -> int:
        return self._connection.scalar(select(func.max(tables.effect.c.sequence))) or 0

    def due_timers(self, now: int, limit: int) -> Sequence[Row[Any]]:
        table = tables.timer.c
        query = select(tables.timer).where(table.due_at <= now).order_by(table.due_at, table.id).limit(limit)
        return self._connection.execute(query).all()

    def next_due(self) -> int | None:
        found: int | None = self._connection.scalar(select(func.min(tables.timer.c.due_at)))
        return found

    def wakes(self, facts: Collection[str]) -> Sequence[Row[Any]]:
        query = select(tables.wake).where(tables.wake.c.fact.in_(facts))
        return self._connection.execute(query).all() if facts else []

    def parked(self, ids: Collection[int]) -> Sequence[Row[Any]]:
        query = select(tables.parked).order_by(tables.parked.c.id)
        return self._connection.execute(query.where(tables.parked.c.id.in_(ids)) if ids else query).all()

    # -- writing

    def add(self, table: Table, rows: Sequence[Values]) -> None:
        if rows:
            self._connection.execute(insert(table), rows)

    def put(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert, or replace the row of the same primary key."""
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        statement = self._upsert(table)
        changed = {name: statement.excluded[name] for name in rows[0] if name not in keys}
        self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changed), rows)

    def add_new(self, table: Table, rows: Sequence[Values]) -> None:
        """Insert the rows whose primary key is new."""
        if rows:
            self._connection.execute(self._upsert(table).on_conflict_do_nothing(), rows)

    def change(self, table: Table, rows: Sequence[Values]) -> None:
        """Update by primary key the columns that the rows name beside it."""
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        statement = update(table).where(*(table.c[name] == bindparam(f"_{name}") for name in keys))
        columns = [name for name in rows[0] if name not in keys]
        self._connection.execute(
            statement.values({name: bindparam(name) for name in columns}),
            [{**{f"_{name}": row[name] for name in keys}, **{n: row[n] for n in columns}} for row in rows],
        )

    def remove(self, table: Table, column: str, values: Iterable[Any]) -> None:
        wanted = list(values)
        if wanted:
            self._connection.execute(delete(table).where(table.c[column].in_(wanted)))

    def remove_facts(self, keys: Iterable[FactKey]) -> None:
        pairs = [(key.kind, key.id) for key in keys]
        if pairs:
            table = tables.fact
            self._connection.execute(delete(table).where(tuple_(table.c.kind, table.c.id).in_(pairs)))


def as_json(value: Any) -> str:
    """A value as JSON text for a column that people read."""
    return msgspec.json.encode(value).decode()
