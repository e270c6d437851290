"""Starts processes, starts them again when they end, ends those that stall."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bus.child import die_with_parent

from .deployment import Program

__all__ = ["Supervisor"]

log = logging.getLogger(__name__)

#: An owner whose heart has not beaten for this long is ended (seconds).
STALL = 15.0
#: Programs that take longer to end in order are ended hard (seconds).
GRACE = 10.0
#: Exit code of a process whose settings are wrong: starting it again would not help.
BAD_SETTINGS = 78


@dataclass
class _Running:
    program: Program
    process: asyncio.subprocess.Process
    since: float


class Supervisor:
    """Keeps programs running until stopped. `on_change(name, event)` hears `started`, `ended N`, `stalled`."""

    def __init__(
        self, programs: Sequence[Program], *, on_change: Callable[[str, str], None] = lambda name, event: None,
        stall: float = STALL, grace: float = GRACE,
    ) -> None:  # fmt: skip
        self._programs = programs
        self._on_change = on_change
        self._stall, self._grace = stall, grace
        self._running: dict[str, _Running] = {}
        self.restarts: dict[str, int] = {}

    def pid(self, name: str) -> int | None:
        """The process id of a program while it runs."""
        running = self._running.get(name)
        return running.process.pid if running and running.process.returncode is None else None

    async def run(self) -> None:
        """Keep everything running; ends everything in order when cancelled. Raises `ChildProcessError` when a
        program cannot run at all."""
        try:
            async with asyncio.TaskGroup() as group:
                for program in self._programs:
                    group.create_task(self._keep(program), name=program.name)
                await asyncio.Event().wait()  # until cancelled, also where there is nothing to run
        finally:
            await self._stop_all()

    async def _keep(self, program: Program) -> None:
        wait = 0.2
        while True:
            running = await self._start(program)
            watcher = asyncio.create_task(self._watch(running))
            try:
                code = await running.process.wait()
            finally:
                watcher.cancel()
            self._on_change(program.name, f"ended {code}")
            if code == BAD_SETTINGS:
                raise ChildProcessError(f"{program.name}: {_last_line(program)}")
            self.restarts[program.name] = self.restarts.get(program.name, 0) + 1
            wait = 0.2 if time.monotonic() - running.since > 30 else min(wait * 2, 10.0)
            await asyncio.sleep(wait)

    async def _start(self, program: Program) -> _Running:
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *program.command, stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=output,
                env=dict(program.environment) or None, preexec_fn=die_with_parent(), start_new_session=True,
            )  # fmt: skip
        running = self._running[program.name] = _Running(program, process, time.monotonic())
        self._on_change(program.name, "started")
        return running

    async def _watch(self, running: _Running) -> None:
        """End the process when its heart stops. It has to begin to beat within the same time."""
        alive = running.program.alive
        while alive is not None:
            await asyncio.sleep(min(1.0, self._stall / 4))
            try:
                beat = time.time() - alive.stat().st_mtime
            except FileNotFoundError:
                beat = self._stall + 1
            if beat > self._stall and time.monotonic() - running.since > self._stall:
                self._on_change(running.program.name, "stalled")
                running.process.kill()
                return

    async def _stop_all(self) -> None:
        """SIGTERM to all at once, SIGKILL to those that take longer than the grace."""
        living = [running.process for running in self._running.values() if running.process.returncode is None]
        for process in living:
            process.send_signal(signal.SIGTERM)
        waits = [asyncio.create_task(process.wait()) for process in living]
        if waits:
            await asyncio.wait(waits, timeout=self._grace)
        for process in living:
            if process.returncode is None:
                process.kill()
                await process.wait()


def _last_line(program: Program) -> str:
    lines = program.log.read_text(errors="replace").splitlines()
    return lines[-1] if lines else "ended without a word"
