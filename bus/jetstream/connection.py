"""One connection of one user: FastStream runs it, this watches it and wakes whoever waits on it."""

import asyncio
import logging
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import msgspec
from faststream.nats import NatsBroker
from faststream.nats.broker.broker import UNRECOVERABLE_CONNECT_ERRORS
from faststream.nats.security import NatsNKey
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import ConnectionClosedError, ConnectionReconnectingError, Error

from ..permissions import INBOX, LOG_API, TOPOLOGY_USER, Forbidden

__all__ = ["EXIT_CODE", "Answer", "Connection", "Interrupted", "Patience"]

log = logging.getLogger(__name__)

#: A process whose connection cannot come back ends with this code, and its supervisor starts it again.
EXIT_CODE = 70

_FORBIDDEN = re.compile(r"permissions violation for \w+ (?:to|with reply of) \"([^\"]+)\"", re.IGNORECASE)

_R = TypeVar("_R")


class Interrupted(Exception):
    """The connection broke while an answer was awaited: what was asked may have happened."""


class Patience(msgspec.Struct, frozen=True, kw_only=True):
    """Seconds. `stall` must exceed two heartbeats, `expiry` too: the server refuses a shorter pull request."""

    answer: float = 5.0
    heartbeat: float = 2.0
    expiry: float = 10.0
    stall: float = 5.0
    reconnect: float = 0.2


class Answer:
    """One answer that somebody waits for, or the reason why it will not come."""

    def __init__(self, reply: str) -> None:
        self.reply = reply
        self.future: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()

    @property
    def settled(self) -> bool:
        return self.future.done()

    def raise_if_failed(self) -> None:
        if self.future.done():
            self.future.result()

    def arrived(self, message: Msg) -> None:
        if not self.future.done():
            self.future.set_result(message)

    def failed(self, reason: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(reason)
            self.future.exception()  # read here, so that one nobody came to await is not reported as lost

    async def within(self, seconds: float) -> Msg:
        """Raises `TimeoutError`, `Interrupted` or `Forbidden`."""
        async with asyncio.timeout(seconds):
            return await asyncio.shield(self.future)


class Connection:
    """Made by `open`. `counts` tells what went wrong so far, by kind of error."""

    broker: NatsBroker
    client: Client
    _inbox: str

    def __init__(
        self, name: str, patience: Patience, leave: Callable[[int], None], on_forbidden: Callable[[str], None]
    ) -> None:
        self.name, self.patience = name, patience
        self.api = "$JS.API" if name == TOPOLOGY_USER else LOG_API
        self.counts: Counter[str] = Counter()
        self._leave, self._on_forbidden = leave, on_forbidden
        self._answers: dict[str, Answer] = {}
        self._concerned: dict[Answer, dict[str, str]] = {}
        self._interruptions: set[Callable[[str], None]] = set()
        self._asked = 0
        self._online = asyncio.Event()
        self._opened = self._closing = False

    @classmethod
    async def open(
        cls,
        servers: str | Iterable[str],
        name: str,
        seed: Path | None,
        *,
        patience: Patience | None = None,
        leave: Callable[[int], None] = os._exit,
        on_forbidden: Callable[[str], None] = lambda subject: None,
    ) -> "Connection":
        """Connect as user `name`, waiting for ever for a server that is not there yet.

        Raises `nats.errors.Error` when the server refuses the key in `seed`.
        """
        connection = cls(name, patience or Patience(), leave, on_forbidden)
        connection.broker = NatsBroker(
            servers,
            name=name,
            security=None if seed is None else NatsNKey.from_file(seed),
            inbox_prefix=f"{INBOX}{name}",
            max_reconnect_attempts=-1,  # with a limit, FastStream's pull loops spin for ever once it is reached
            reconnect_time_wait=connection.patience.reconnect,  # type: ignore[arg-type] # a float will do
            ping_interval=5,
            max_outstanding_pings=2,
            error_cb=connection._on_error,
            disconnected_cb=connection._on_disconnected,
            reconnected_cb=connection._on_connected,
            closed_cb=connection._on_closed,
            graceful_timeout=15.0,
            logger=None,
            apply_types=False,
        )
        await connection.broker.start()
        connection.client = connection.broker.connection
        connection._inbox = connection.client.new_inbox()
        await connection.client.subscribe(f"{connection._inbox}.*", cb=connection._on_answer)
        await connection._on_connected()
        connection._opened = True
        return connection

    async def close(self) -> None:
        """Let running answers finish, then leave."""
        self._closing = True
        self._interrupt("the bus was closed")
        try:
            await self.broker.stop()
        except (ConnectionReconnectingError, ConnectionClosedError):
            await self.client.close()

    # -- waiting

    @contextmanager
    def awaiting(self, subjects: Iterable[str] = ()) -> Iterator[Answer]:
        """An answer to what is about to be published under `subjects`; it fails at once if one is forbidden."""
        self._asked += 1
        answer = Answer(f"{self._inbox}.{self._asked}")
        self._answers[answer.reply] = answer
        self._concerned[answer] = {subject.lower(): subject for subject in subjects}
        try:
            yield answer
        finally:
            del self._answers[answer.reply], self._concerned[answer]

    @contextmanager
    def interruptions(self, heed: Callable[[str], None]) -> Iterator[None]:
        """Call `heed` with the reason whenever the connection breaks or is closed."""
        self._interruptions.add(heed)
        try:
            yield
        finally:
            self._interruptions.discard(heed)

    async def online(self) -> None:
        """Wait for the connection; raises `Interrupted` when it does not come back in time."""
        if self._closing:
            raise Interrupted("the bus was closed")
        try:
            async with asyncio.timeout(self.patience.answer):
                await self._online.wait()
        except TimeoutError:
            raise Interrupted("there is no connection to the bus") from None

    async def settle(self) -> None:
        """Wait until the server has dealt with everything sent so far.

        nats-py writes a flush's PING past what is still in its buffer; the second comes after all of it.
        """
        for _ in range(2):
            await self.client.flush()

    # -- what happens to the connection

    async def _on_answer(self, message: Msg) -> None:
        # Empty and without a status: the server took the first message of an atomic batch, more will follow.
        if (answer := self._answers.get(message.subject)) is not None and (message.data or message.headers):
            answer.arrived(message)

    async def _on_connected(self) -> None:
        self._online.set()

    async def _on_disconnected(self) -> None:
        self.counts["disconnected"] += 1
        self._online.clear()
        self._interrupt("the connection broke")

    async def _on_closed(self) -> None:
        if not self._closing:
            log.critical("connection closed for good: user=%s", self.name)
            self._leave(EXIT_CODE)

    async def _on_error(self, error: Exception) -> None:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            # Python 3.11's wait_for loses a cancellation that comes together with a refused connection:
            # nats-py's reconnecting task would then outlive its loop's end and the process would hang.
            raise asyncio.CancelledError
        self.counts[type(error).__name__] += 1
        if (found := _FORBIDDEN.search(str(error))) is not None:
            self._forbid(found[1].lower())
        elif self._opened and not self._closing and _is_final(error):
            # FastStream raises these again, which ends nats-py's reconnecting without a word.
            log.critical("the server will not have us: user=%s error=%s", self.name, error)
            self._leave(EXIT_CODE)
        else:
            log.log(logging.DEBUG if isinstance(error, OSError) else logging.WARNING,
                    "bus error: user=%s error=%r", self.name, error)  # fmt: skip

    def _forbid(self, lowered: str) -> None:
        """nats-py hands the server's words over in lower case: the waiting know how the subject is spelled."""
        concerned = [
            (answer, spelled[lowered]) for answer, spelled in self._concerned.items() if lowered in spelled
        ]
        subject = concerned[0][1] if concerned else lowered
        self.counts["forbidden"] += 1
        log.error("forbidden: user=%s subject=%s", self.name, subject)
        self._on_forbidden(subject)
        for answer, spelled in concerned:
            answer.failed(Forbidden(spelled))

    def _interrupt(self, why: str) -> None:
        for answer in self._concerned:
            answer.failed(Interrupted(why))
        for heed in tuple(self._interruptions):
            heed(why)


def _is_final(error: Exception) -> bool:
    return isinstance(error, Error) and (
        str(error).removeprefix("nats: ").strip("'").lower() in UNRECOVERABLE_CONNECT_ERRORS
    )
