"""The supervisor keeps programs running, and leaves none behind."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.cli.deployment import Program
from services.cli.supervisor import Supervisor

BEATS = "import pathlib, time\nwhile True: pathlib.Path('{alive}').touch(); time.sleep(0.05)"


def program(folder: Path, source: str, *, name: str = "tiny", alive: bool = False) -> Program:
    """A Python program of a few lines; `{alive}` in it is its heart's file."""
    heart = folder / f"{name}.alive"
    return Program(
        name=name, command=(sys.executable, "-c", source.replace("{alive}", str(heart))), log=folder / f"{name}.log",
        alive=heart if alive else None,
    )  # fmt: skip


@asynccontextmanager
async def supervised(supervisor: Supervisor) -> AsyncIterator[None]:
    """Supervise for as long as the block runs."""
    task = asyncio.create_task(supervisor.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})


async def until(true: Callable[[], bool], patience: float = 10.0) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_crashed_program_is_started_again_and_again_later_each_time(tmp_path: Path) -> None:
    starts: list[float] = []

    def hear(name: str, event: str) -> None:
        if event == "started":
            starts.append(time.monotonic())

    supervisor = Supervisor([program(tmp_path, "raise SystemExit(3)")], on_change=hear)
    async with supervised(supervisor):
        await until(lambda: len(starts) == 3)
    assert supervisor.restarts["tiny"] >= 2
    assert starts[1] - starts[0] >= 0.4
    assert starts[2] - starts[1] >= 0.8


async def test_neighbour_of_a_crashed_program_is_left_alone(tmp_path: Path) -> None:
    heard: list[tuple[str, str]] = []
    steady = program(tmp_path, BEATS, name="steady", alive=True)
    crashing = program(tmp_path, "raise SystemExit(3)", name="crashing")
    supervisor = Supervisor([steady, crashing], on_change=lambda *event: heard.append(event))
    async with supervised(supervisor):
        await until(lambda: heard.count(("crashing", "started")) == 2)
        assert heard.count(("steady", "started")) == 1
    assert heard.count(("crashing", "ended 3")) >= 1


async def test_program_whose_heart_stops_is_ended_and_started_again(tmp_path: Path) -> None:
    heard: list[str] = []
    stalls = program(tmp_path, "open('{alive}', 'w').close()\nimport time; time.sleep(60)", alive=True)
    supervisor = Supervisor([stalls], on_change=lambda name, event: heard.append(event), stall=0.5)
    async with supervised(supervisor):
        await until(lambda: heard.count("started") == 2)
    assert heard[:4] == ["started", "stalled", "ended -9", "started"]


async def test_program_that_beats_is_not_ended(tmp_path: Path) -> None:
    heard: list[str] = []
    beats = program(tmp_path, BEATS, alive=True)
    supervisor = Supervisor([beats], on_change=lambda name, event: heard.append(event), stall=0.6)
    async with supervised(supervisor):
        await asyncio.sleep(1.5)
        assert heard == ["started"]


async def test_program_with_bad_settings_ends_everything_and_says_why(tmp_path: Path) -> None:
    steady = program(tmp_path, BEATS, name="steady", alive=True)
    wrong = program(tmp_path, "print('no such setting'); raise SystemExit(78)", name="wrong")
    supervisor = Supervisor([steady, wrong])
    with pytest.raises(ExceptionGroup) as failed:
        await supervisor.run()
    (failure,) = failed.value.exceptions
    assert isinstance(failure, ChildProcessError)
    assert str(failure) == "wrong: no such setting"
    assert supervisor.pid("steady") is None


async def test_end_leaves_no_program_behind_not_even_one_that_will_not_go(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    stubborn = (
        "import pathlib, signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(ready)!r}).touch()\ntime.sleep(60)"
    )
    supervisor = Supervisor(
        [program(tmp_path, BEATS, name="obedient", alive=True), program(tmp_path, stubborn, name="stubborn")],
        grace=0.5,
    )
    async with supervised(supervisor):
        await until(lambda: ready.exists() and (tmp_path / "obedient.alive").exists())
        pids = [pid for name in ("obedient", "stubborn") if (pid := supervisor.pid(name)) is not None]
    assert len(pids) == 2
    assert not [pid for pid in pids if runs(pid)]


async def test_nothing_to_supervise_is_no_reason_to_end() -> None:
    task = asyncio.create_task(Supervisor([]).run())
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task})
