"""Run the two child processes: the founding, once, and trytond, for as long as we live."""

import fcntl
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict

from .founding import Order
from .installation import DATABASE, Installation

__all__ = ["Refused", "Stopped", "ensure_founded", "held", "require_free", "running"]

#: Seconds that trytond may take from its start to its first answer, and from SIGTERM to its end.
READY_WITHIN, GONE_WITHIN = 60.0, 10.0


class Refused(Exception):
    """The start is refused; the text is for the person who typed the command."""


class Stopped(Exception):
    """A child process ended that should not have."""


def require_free(port: int) -> None:
    """Refuse a port that somebody listens on."""
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as trytond does: TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as problem:
            raise Refused(f"port {port} cannot be used: {problem.strerror}") from problem


@contextmanager
def held(place: Installation) -> Iterator[int]:
    """Hold the data folder, so that two starts never found or serve it at the same time.

    Yields the descriptor of the lock. The children inherit it: should we be killed, one that lives on still
    holds the folder.
    """
    with place.lock.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as problem:
            raise Refused(f"{place.root} is in use by another Tryton") from problem
        yield lock.fileno()


def ensure_founded(place: Installation, order: Order, *, port: int, lock: int) -> None:
    """Found the firm unless the data folder holds a whole one. Progress goes to standard error."""
    wanted = {**asdict(order), "today": order.today.isoformat(), "entities": list(order.entities)}
    if place.database.exists():
        held_firm = json.loads(place.firm.read_text(encoding="utf-8"))
        if any(held_firm[key] != wanted[key] for key in ("seed", "entities")):
            print(
                f"{place.root} keeps the firm it was founded with: {held_firm}", file=sys.stderr, flush=True
            )
        return
    place.write_configuration(port=port, databases=place.building)
    with _child("services.sandbox.tryton.founding", stdin=subprocess.PIPE, keep=lock) as child:
        assert child.stdin is not None
        child.stdin.write(json.dumps({"root": str(place.root), **wanted}).encode())
        child.stdin.close()
        if child.wait():
            raise Stopped(f"the founding failed with exit code {child.returncode}")


@contextmanager
def running(place: Installation, *, port: int, lock: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Start trytond on the founded database, and yield it when it really answers."""
    place.write_configuration(port=port, databases=place.databases)
    command = ("-c", str(place.configuration), "-d", DATABASE)
    with (
        place.log.open("ab") as log,
        _child("trytond.cli", *command, output=log.fileno(), keep=lock) as server,
    ):
        deadline = time.monotonic() + READY_WITHIN
        while not _answers(port):
            if server.poll() is not None or time.monotonic() > deadline:
                raise Stopped(f"trytond did not come up, see {place.log}")
            time.sleep(0.05)
        yield server


def _answers(port: int) -> bool:
    """Say whether trytond lists our database, which it does only after loading every module."""
    question = json.dumps({"id": 1, "method": "common.db.list", "params": []})
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        try:
            connection.request("POST", "/rpc/", question, {"Content-Type": "application/json"})
            return DATABASE in json.loads(connection.getresponse().read())["result"]
        except (OSError, http.client.HTTPException, ValueError, KeyError):
            return False


@contextmanager
def _child(
    module: str, *arguments: str, stdin: int = subprocess.DEVNULL, output: int | None = None,
    keep: int | None = None,
) -> Iterator["subprocess.Popen[bytes]"]:  # fmt: skip
    """Run a Python module as a child that does not outlive the block."""
    # trytond reads settings from TRYTOND_* variables; ours are in the configuration file alone.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TRYTOND_")}
    child = subprocess.Popen(  # noqa: S603 - our own interpreter and module names
        [sys.executable, "-m", module, *arguments], stdin=stdin, stdout=output if output else sys.stderr,
        stderr=output, env=environment, pass_fds=() if keep is None else (keep,),
    )  # fmt: skip
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(GONE_WITHIN)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
