"""Carries admitted effects to their end at the vendor: applied, refused, or unsure for good. Exactly once."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from sqlalchemy import select
from sqlalchemy.engine import Connection, Row

from bus import tables
from bus.batch import Settlement
from bus.clock import Clock
from bus.host import Host

from .connector import Connector, Verb, Write
from .families import Family, Rejected, Unavailable, Unsure
from .governor import Governor, Turn
from .ready import Ready
from .settling import Settling
from .trial import Again, Answer, Defect, Rules, Trial, plain, refused, unsure
from .window import EffectWindow, capacity_for

__all__ = ["Executor"]

log = logging.getLogger(__name__)

#: What only reads may take so much longer than a write.
READING = 30


class Executor:
    """Runs the effects that the host admits, within the governor's turns.

    What ends well, badly or in doubt for good is handed to the host in as few commits as possible; what the vendor
    did not do at all is tried again; what it may have done is looked up first. `readings` are verbs of the kit's own
    that only read; `deadline` is how long a call may take, in seconds.
    """

    def __init__(
        self, host: Host, connector: Connector, governor: Governor, window: EffectWindow, clock: Clock,
        random: Random, *, readings: Mapping[str, Verb] | None = None, deadline: float = 120.0,
    ) -> None:  # fmt: skip
        self._host, self._governor, self._window = host, governor, window
        self._clock, self._random, self._deadline = clock, random, deadline
        self._name, self._proof = connector.name, connector.proof
        self._capacity = capacity_for(connector, governor.at_once)
        self._readings = dict(readings or {})
        self._verbs = {**connector.verbs(), **self._readings}
        self._rules = Rules(proof=connector.proof, settle_lag=connector.settle_lag)
        self._ready = Ready()
        self._settling = Settling(host, window)
        self._calls: set[asyncio.Task[None]] = set()
        self._is_ready, self._is_later = asyncio.Event(), asyncio.Event()
        self._stop: float | None = None
        self._stopping = asyncio.Event()
        self._known_defects: set[str] = set()
        host.on_admitted = self._admitted

    async def run(self) -> None:
        """Take over what an earlier process left, then work until `stop`; raises what the host's commits raise."""
        self._take_over(await self._host.store.read(_left_attempting))
        self._window.open(self._capacity)
        async with asyncio.TaskGroup() as group:
            working = [
                group.create_task(work)
                for work in (self._dispatch(group), self._wake(), self._look_again(), self._settling.run())
            ]
            await self._stopping.wait()
            self._window.close()
            await self._finish(working)

    def stop(self, *, within: float = 30.0) -> None:
        """Begin nothing new, let the calls in flight end within so many seconds, then end `run`."""
        self._stop = within
        self._stopping.set()

    # -- what comes in

    def _take_over(self, rows: Sequence[Row[Any]]) -> None:
        """Nobody knows how far the writes of an earlier process came.

        `attempted_at` tells when the first try began, not the last: only now is it certain that there is none
        after it, so the vendor's lag counts from now.
        """
        self._window.entered(rows)
        for row in rows:
            trial = self._trial(row)
            if isinstance(trial, Defect):
                self._settling.end(
                    unsure(row.key, f"the service stopped while the write was on its way; {trial.what}")
                )
            elif not trial.reads and self._proof == "none":
                self._settling.end(unsure(row.key, "the service stopped while the write was on its way"))
            else:
                self._doubt(trial)

    def _admitted(self, rows: Sequence[Row[Any]]) -> None:
        self._window.entered(rows)
        for row in rows:
            trial = self._trial(row)
            if isinstance(trial, Defect):
                self._settling.end(refused(row.key, trial.what))
            elif row.category == "unsure" and self._proof != "none":
                self._doubt(trial)  # somebody wants it tried again that ended in doubt
            else:
                self._put(trial)

    def _trial(self, row: Row[Any]) -> Trial | Defect:
        offered = self._verbs.get(row.verb)
        if offered is None:
            return Defect(f"{self._name} does not offer {row.verb}")
        try:
            command = self._host.codec.decode(row.command_type, row.command)
        except ValueError as wrong:
            return Defect(str(wrong))
        return Trial(
            key=row.key, verb=row.verb, offered=offered, write=Write(key=row.key, command=command),
            priority=row.priority, sequence=row.sequence, reads=row.verb in self._readings,
        )  # fmt: skip

    def _doubt(self, trial: Trial) -> None:
        if not trial.reads:
            self._rules.ask_from(trial, self._clock.monotonic())
        self._put(trial)

    def _put(self, trial: Trial, seconds: float = 0.0) -> None:
        if seconds > 0:
            self._ready.put_off(trial, self._clock.monotonic() + seconds)
            self._is_later.set()
        else:
            self._ready.put(trial)
            self._is_ready.set()

    # -- at work

    async def _dispatch(self, group: asyncio.TaskGroup) -> None:
        """One turn, one call: with whatever is ready by then, never waiting for it to become more."""
        while True:
            await self._is_ready.wait()
            turn = await self._governor.begin(self._ready.priority)
            call = group.create_task(self._call(turn, self._ready.take()))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
            if not self._ready:
                self._is_ready.clear()

    async def _call(self, turn: Turn, trials: Sequence[Trial]) -> None:
        began = self._clock.monotonic()
        async with turn:
            answers = await self._answers(trials)
            decided = any(answer is None or isinstance(answer, Mapping | Rejected) for answer in answers)
            turn.heard([answer for answer in answers if isinstance(answer, Family)], answered=decided)
        now, luck = self._clock.monotonic(), self._random.random()
        for trial, answer in zip(trials, answers, strict=True):
            if trial.asks:
                follows = self._rules.after_find(trial, answer, began, now, luck)
            else:
                follows = self._rules.after_apply(trial, answer, now, luck)
            if isinstance(follows, Again):
                self._put(trial, follows.seconds)
            else:
                self._settling.end(follows)

    async def _answers(self, trials: Sequence[Trial]) -> Sequence[Answer]:
        """One answer for each; never raises but for cancellation."""
        first = trials[0]
        deadline = self._deadline * (READING if first.reads else 1)
        try:
            async with asyncio.timeout(deadline):
                if first.asks:
                    return [plain(await first.offered.find(first.write), may_be_none=True)]
                said = await first.offered.apply([trial.write for trial in trials])
                if len(said) == len(trials):
                    return [plain(answer) for answer in said]
                failure: Answer = Defect(f"{len(said)} answers for {len(trials)} writes")
        except Family as family:
            failure = family
        except TimeoutError:
            why = f"no answer within {deadline:.0f} s"
            failure = Unavailable(why) if first.asks else Unsure(why)
        except Exception as broken:  # a defect in a connector stops neither the executor nor its neighbours
            failure = Defect(type(broken).__name__)
            self._report(first, broken)
        return [failure] * len(trials)

    def _report(self, trial: Trial, broken: Exception) -> None:
        named = f"{trial.verb} {type(broken).__name__}"
        if named not in self._known_defects:
            self._known_defects.add(named)
            log.error(
                "connector failed: connection=%s verb=%s key=%s",
                self._name,
                trial.verb,
                trial.key,
                exc_info=broken,
            )

    async def _wake(self) -> None:
        """Make ready again whatever has waited long enough."""
        while True:
            await self._is_later.wait()
            self._is_later.clear()
            due = self._ready.come_due(self._clock.monotonic())
            if self._ready:
                self._is_ready.set()
            if due is not None:
                await self._until_later(max(due - self._clock.monotonic(), 0.001))
                self._is_later.set()

    async def _until_later(self, seconds: float) -> None:
        """Until so many seconds are over, or something is put off that may come sooner."""
        waited = [
            asyncio.ensure_future(self._clock.sleep(seconds)),
            asyncio.ensure_future(self._is_later.wait()),
        ]
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for future in waited:
                future.cancel()

    async def _look_again(self) -> None:
        """Have the host admit effects where no commit of its own would, and none while the connection is paused."""
        await self._host.tell()
        was_paused = False
        while True:
            await self._clock.sleep(1.0)
            paused = self._governor.paused
            if paused:
                self._window.close()
            elif was_paused:
                self._window.open(self._capacity)
            if not paused and (was_paused or self._window.short):
                await self._host.tell()
            was_paused = paused

    async def _finish(self, working: Sequence[asyncio.Task[None]]) -> None:
        """Wait for the calls in flight; what was not tried, or certainly not done, is planned again."""
        for work in working:
            work.cancel()
        if self._calls:
            await asyncio.wait(set(self._calls), timeout=self._stop)
        for call in self._calls:
            call.cancel()
        undone = (trial for trial in self._ready.drain() if not trial.asks)
        self._settling.end(*(Settlement(key=trial.key, status="planned") for trial in undone))
        await self._settling.flush()


def _left_attempting(connection: Connection) -> Sequence[Row[Any]]:
    effect = tables.effect
    return connection.execute(
        select(effect).where(effect.c.status == "attempting").order_by(effect.c.sequence)
    ).all()
