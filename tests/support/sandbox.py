"""Runs `python -m services.sandbox` as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Running:
    """A stand-in that listens at `url`; `process` is it."""

    name: str
    url: str
    process: subprocess.Popen[str]


@contextmanager
def sandbox(*arguments: str, port: int = 0) -> Iterator[Running]:
    """Start a stand-in, wait until it listens, and stop it with SIGTERM at the end."""
    command = [sys.executable, "-m", "services.sandbox", *arguments, "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            said = json.loads(process.stdout.readline())
            assert said["pid"] == process.pid
            yield Running(name=said["name"], url=said["url"], process=process)
        finally:
            process.terminate()
