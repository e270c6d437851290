"""A shard's store: one SQLite file, one process, one writer, every commit on disk before it counts."""

import asyncio
import fcntl
import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import event, insert, select, text, update
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import StaticPool

from . import tables
from .clock import Clock
from .migrations import migrate
from .moments import micros

__all__ = ["Fenced", "ShardTaken", "Store", "UnsafeStore"]

T = TypeVar("T")


class ShardTaken(Exception):
    """Another process owns this store."""


class Fenced(Exception):
    """Another owner took the shard: nothing may be committed here any more."""


class UnsafeStore(Exception):
    """The store does not promise what was asked of it."""


class Store:
    """One shard's store, owned from `open` to `close`.

    Ownership is `flock` on `<path>.lock` and the epoch in the store, which every commit compares: a paused owner
    that wakes up after a takeover commits nothing. SQLite runs in WAL mode with `synchronous=FULL`: with NORMAL
    a power failure takes recent commits away. There is one connection that writes, under one lock: with two
    coroutines inside one transaction, one's rollback takes the other's rows (aiosqlite).
    """

    def __init__(
        self, path: Path, engine: AsyncEngine, connection: AsyncConnection, lock: int, epoch: int
    ) -> None:
        self.path, self.epoch = path, epoch
        self._engine, self._connection, self._lock = engine, connection, lock
        self._writing = asyncio.Lock()

    @classmethod
    async def open(cls, path: Path, *, owner: str, clock: Clock, synchronous: str = "FULL") -> "Store":
        """Take the shard, bring its tables up to date and raise its epoch; raises `ShardTaken`."""
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = _take_lock(path)
        try:
            await asyncio.to_thread(migrate, f"sqlite:///{path}")
            engine = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=StaticPool)
            event.listen(engine.sync_engine, "connect", _connected(synchronous))
            event.listen(
                engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE")
            )
            connection = await engine.connect()
            async with connection.begin():
                epoch = await _raise_epoch(connection, owner, micros(clock.now()))
                if synchronous == "FULL" and (await connection.scalar(text("PRAGMA synchronous"))) != 2:
                    raise UnsafeStore(f"{path}: synchronous is not FULL")
        except BaseException:
            os.close(lock)
            raise
        return cls(path, engine, connection, lock, epoch)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run synchronous statements in one transaction of the owner, and commit.

        Raises `Fenced`, and changes nothing, if the epoch in the store is no longer ours. A caller that is cancelled
        meanwhile leaves once the transaction has come to its end: aiosqlite runs what it was given in its thread
        regardless, so giving up in the middle would leave a transaction open, or a commit unnoticed.
        """
        return await _to_the_end(self._write(work))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run synchronous queries, not interleaved with a transaction; nothing is kept."""
        return await _to_the_end(self._read(work))

    async def _write(self, work: Callable[[Connection], T]) -> T:
        async with self._writing, self._connection.begin():
            held = await self._connection.scalar(select(tables.shard.c.epoch))
            if held != self.epoch:
                raise Fenced(f"{self.path.name}: epoch {held} took over from {self.epoch}")
            return await self._connection.run_sync(work)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        async with self._writing, self._connection.begin() as transaction:
            result = await self._connection.run_sync(work)
            await transaction.rollback()
            return result

    async def close(self) -> None:
        """Give the shard back. An aiosqlite connection left open would keep the process from ending."""
        await self._connection.close()
        await self._engine.dispose()
        os.close(self._lock)


async def _to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Await work to its end even when we are cancelled meanwhile, then pass the cancellation on."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as asked:
            cancelled = asked
    if cancelled is not None:
        task.exception()  # nobody is left to hear of it
        raise cancelled
    return task.result()


def _take_lock(path: Path) -> int:
    lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise ShardTaken(f"{path} belongs to another running process") from None
    return lock


def _connected(synchronous: str) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, record: Any) -> None:
        # Python's own implicit transactions are switched off; `BEGIN IMMEDIATE` is sent by the begin event.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "busy_timeout=5000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return prepare


async def _raise_epoch(connection: AsyncConnection, owner: str, now: int) -> int:
    shard = tables.shard
    epoch = await connection.scalar(select(shard.c.epoch))
    if epoch is None:
        await connection.execute(insert(shard).values(id=1, epoch=1, owner=owner, taken_at=now))
        return 1
    await connection.execute(update(shard).values(epoch=epoch + 1, owner=owner, taken_at=now))
    return int(epoch) + 1
