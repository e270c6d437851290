"""`python -m services.sandbox salesforce --data DIR --port N` runs one stand-in until it is told to stop."""

import argparse
import asyncio
import json
import os
import signal
import ssl
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from .fault_script import BadScript
from .firm import found
from .ledger import Ledger
from .registry import STAND_INS, stand_in
from .server import Server, serving


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m services.sandbox", description="Run one stand-in vendor."
    )
    parser.add_argument("name", choices=sorted(STAND_INS))
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--data", type=Path, metavar="DIR", help="folder that keeps the ledger")
    where.add_argument("--in-memory", action="store_true", help="forget everything on exit")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 picks a free one")
    parser.add_argument("--seed", type=int, default=7, help="the same seed and day make the same firm")
    parser.add_argument("--today", type=date.fromisoformat, metavar="YYYY-MM-DD", help="the firm's first day")
    parser.add_argument("--latency-ms", type=int, default=0, help="added to every request")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="fault script in force from the start")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE")
    parser.add_argument("--tls-key", type=Path, metavar="FILE")
    read = parser.parse_args(given)
    if (read.tls_cert is None) != (read.tls_key is None):
        parser.error("--tls-cert and --tls-key go together")
    return read


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


async def run(given: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; prints one JSON line once it listens."""
    ledger = Ledger(None if given.in_memory else given.data / f"{given.name}.sqlite")
    vendor = stand_in(given.name)(ledger=ledger, clock=now, seed=given.seed)
    vendor.settle(found(seed=given.seed, today=given.today or now().date()))
    server = Server(vendor, clock=now, seed=given.seed, latency_ms=given.latency_ms)
    if given.faults is not None:
        server.set_faults(json.loads(given.faults.read_text("utf-8")))
    tls = None
    if given.tls_cert is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(given.tls_cert, given.tls_key)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with serving(server, host=given.host, port=given.port, tls=tls) as url:
        print(json.dumps({"name": given.name, "url": url, "pid": os.getpid()}), flush=True)
        await stop.wait()
    ledger.close()


def main() -> int:
    """Run the command line; 2 where it cannot start, with one line that says why."""
    given = arguments(sys.argv[1:])
    try:
        with asyncio.Runner(loop_factory=_loop()) as runner:
            runner.run(run(given))
    except (OSError, BadScript, json.JSONDecodeError) as error:
        print(f"sandbox {given.name}: {error}", file=sys.stderr)
        return 2
    return 0


def _loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where it is installed (it is not on Windows)."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main())
