"""`python -m services.sandbox.tryton --data DIR --port N`: found once, start, supervise, stop."""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import NoReturn

from services.sandbox.firm import ENTITIES

from .founding import Order
from .installation import DATABASE, Installation
from .supervise import Refused, Stopped, ensure_founded, held, require_free, running


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until stopped. Exit code: 0 stopped by signal, 1 Tryton failed, 2 the start was refused."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    options = _options(arguments)
    place = Installation(root=options.data.resolve())
    try:
        _serve(place, options)
    except (Refused, Stopped) as problem:
        print(f"tryton: {problem}", file=sys.stderr, flush=True)
        return 2 if isinstance(problem, Refused) else 1
    return 1


def _serve(place: Installation, options: argparse.Namespace) -> NoReturn:
    if not find_spec("trytond") or not find_spec("proteus"):
        raise Refused("trytond and proteus are not installed (the extra `tryton`)")
    order = Order(seed=options.seed, today=options.today, entities=options.entities)
    require_free(options.port)
    place.root.mkdir(parents=True, exist_ok=True)
    with held(place) as lock:
        ensure_founded(place, order, port=options.port, lock=lock)
        with running(place, port=options.port, lock=lock) as server:
            url = f"http://127.0.0.1:{options.port}"
            print(
                json.dumps({"name": "tryton", "url": url, "database": DATABASE, "pid": server.pid}),
                flush=True,
            )
            raise Stopped(f"trytond ended with exit code {server.wait()}, see {place.log}")


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    # A second signal must not interrupt the stopping of the children.
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(0)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="services.sandbox.tryton", description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="keeps everything; made if missing"
    )
    parser.add_argument("--port", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=7, help="which firm (only the first start reads this)")
    parser.add_argument("--today", type=date.fromisoformat, default=date.today(), metavar="YYYY-MM-DD",  # noqa: DTZ011
                        help="the day the firm's open and closed months are counted from")  # fmt: skip
    parser.add_argument("--entities", type=_entities, default=tuple(entity.code for entity in ENTITIES),
                        metavar="CODE,CODE", help="the legal entities to open books for")  # fmt: skip
    return parser.parse_args(arguments)


def _entities(text: str) -> tuple[str, ...]:
    codes = tuple(text.split(","))
    if unknown := set(codes) - {entity.code for entity in ENTITIES}:
        raise argparse.ArgumentTypeError(f"no such legal entity: {', '.join(sorted(unknown))}")
    return codes


if __name__ == "__main__":
    sys.exit(main())
