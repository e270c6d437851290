"""The records a stand-in holds: documents in memory, written through to SQLite, so they survive a restart."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Collection", "Document", "Duplicate", "Ledger"]

Document = dict[str, Any]


class Duplicate(Exception):
    """A unique field holds this value on another record already."""

    def __init__(self, collection: str, field: str, value: object, holder: str) -> None:
        super().__init__(f"{collection}.{field} = {value!r} is held by {holder}")
        self.collection, self.field, self.value, self.holder = collection, field, value, holder


class Collection:
    """Documents of one kind by id, with unique and plain indexes over top-level fields.

    Documents are replaced, never edited in place: change a copy and `put` it.
    """

    def __init__(self, ledger: "Ledger", name: str, unique: tuple[str, ...], index: tuple[str, ...]) -> None:
        self._ledger, self.name = ledger, name
        self._documents: dict[str, Document] = {}
        self._unique: dict[str, dict[Any, str]] = {field: {} for field in unique}
        self._index: dict[str, dict[Any, dict[str, None]]] = {field: {} for field in index}

    def __len__(self) -> int:
        return len(self._documents)

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def __contains__(self, key: object) -> bool:
        return key in self._documents

    def get(self, key: str) -> Document | None:
        return self._documents.get(key)

    def by(self, field: str, value: Any) -> Document | None:
        """The one document whose unique `field` holds `value`."""
        key = self._unique[field].get(value)
        return None if key is None else self._documents[key]

    def where(self, field: str, value: Any) -> list[Document]:
        """All documents whose indexed `field` holds `value`, oldest first."""
        return [self._documents[key] for key in self._index[field].get(value, ())]

    def put(self, key: str, document: Document) -> Document:
        """Insert or replace; raises `Duplicate` and changes nothing where a unique field is taken."""
        for field, holders in self._unique.items():
            value = document.get(field)
            if value is not None and holders.get(value, key) != key:
                raise Duplicate(self.name, field, value, holders[value])
        self._ledger.remember(self, key, self._documents.get(key))
        self._place(key, document)
        return document

    def delete(self, key: str) -> None:
        self._ledger.remember(self, key, self._documents.get(key))
        self._place(key, None)

    def _place(self, key: str, document: Document | None) -> None:
        if (old := self._documents.get(key)) is not None:
            for field, holders in self._unique.items():
                if old.get(field) is not None:
                    holders.pop(old[field], None)
            for field, groups in self._index.items():
                group = groups.get(old.get(field), {})
                if document is None or document.get(field) != old.get(field):
                    group.pop(key, None)
        if document is None:
            self._documents.pop(key, None)
            return
        self._documents[key] = document
        for field, holders in self._unique.items():
            if document.get(field) is not None:
                holders[document[field]] = key
        for field, groups in self._index.items():
            groups.setdefault(document.get(field), {})[key] = None


class Ledger:
    """All collections of one stand-in, changed in transactions.

    `path=None` keeps everything in memory. With a path every commit is one SQLite transaction in WAL mode
    with `synchronous=NORMAL`: it survives the death of the process, which is what a stand-in's ledger is
    asked to survive.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._collections: dict[str, Collection] = {}
        self._undo: list[tuple[Collection, str, Document | None]] = []
        self._sql: sqlite3.Connection | None = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sql = sqlite3.connect(path, isolation_level=None)
            self._sql.execute("PRAGMA journal_mode=WAL")
            self._sql.execute("PRAGMA synchronous=NORMAL")
            self._sql.execute(
                "CREATE TABLE IF NOT EXISTS document"
                " (collection TEXT, id TEXT, body TEXT, PRIMARY KEY (collection, id))"
            )

    def collection(
        self, name: str, *, unique: tuple[str, ...] = (), index: tuple[str, ...] = ()
    ) -> Collection:
        """Declare a collection and load what an earlier run left in it."""
        made = self._collections[name] = Collection(self, name, unique, index)
        if self._sql is not None:
            rows = self._sql.execute(
                "SELECT id, body FROM document WHERE collection = ? ORDER BY rowid", (name,)
            )
            for key, body in rows:
                made._place(key, json.loads(body))
        return made

    def __getitem__(self, name: str) -> Collection:
        return self._collections[name]

    def __iter__(self) -> Iterator[Collection]:
        return iter(self._collections.values())

    def remember(self, collection: Collection, key: str, before: Document | None) -> None:
        self._undo.append((collection, key, before))

    def commit(self) -> None:
        """Make all changes since the last commit durable together."""
        touched = {(collection.name, key): collection.get(key) for collection, key, _ in self._undo}
        self._undo.clear()
        if self._sql is None or not touched:
            return
        self._sql.execute("BEGIN")
        self._sql.executemany(
            "INSERT INTO document VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body",
            [(name, key, json.dumps(body)) for (name, key), body in touched.items() if body is not None],
        )
        self._sql.executemany(
            "DELETE FROM document WHERE collection = ? AND id = ?",
            [(name, key) for (name, key), body in touched.items() if body is None],
        )
        self._sql.execute("COMMIT")

    def savepoint(self) -> int:
        """A mark to roll back to."""
        return len(self._undo)

    def rollback(self, to: int = 0) -> None:
        """Undo every change since `to`, newest first."""
        while len(self._undo) > to:
            collection, key, before = self._undo.pop()
            collection._place(key, before)

    def close(self) -> None:
        if self._sql is not None:
            self._sql.close()
