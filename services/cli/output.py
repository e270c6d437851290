"""How the command line speaks: tables and progress for people, JSON for programs, one line for what went wrong."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import msgspec
from rich.console import Console
from rich.table import Table

from bus.server import PortInUse, ServerFailed, ServerTooOld
from services.configuration import ConfigurationError

from .running import AlreadyRunning

__all__ = ["EXIT_CODES", "fail", "plain_errors", "say", "show"]

P = ParamSpec("P")
R = TypeVar("R")

#: Documented in docs/command-line.md and in `fairlead --help`.
EXIT_CODES = {
    0: "done",
    1: "done, and something does not balance or is not well",
    2: "the command's words are wrong",
    69: "nothing answers: no deployment runs, or a service is down",
    73: "the data folder or a port is in use",
    78: "the configuration is wrong",
}

console = Console(soft_wrap=False, highlight=False)


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, and the end."""
    print(f"fairlead: {' '.join(message.split())}" if "\n" not in message else message, file=sys.stderr)
    raise SystemExit(code)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what may go wrong into one line and its exit code. No traceback reaches a person."""
    try:
        yield
    except ConfigurationError as wrong:
        fail(str(wrong), 78)
    except (AlreadyRunning, PortInUse, FileExistsError) as taken:
        fail(str(taken), 73)
    except (ConnectionError, TimeoutError) as silent:
        fail(str(silent) or "nothing answered in time", 69)
    except (ServerFailed, ServerTooOld, ChildProcessError, LookupError) as broken:
        fail(str(broken), 69)
    except KeyboardInterrupt:
        fail("interrupted", 130)
    except Exception as defect:
        if os.environ.get("FAIRLEAD_TRACEBACK"):
            raise
        fail(f"this is a defect: {type(defect).__name__}: {defect}; FAIRLEAD_TRACEBACK=1 shows where", 70)


def say(words: str) -> None:
    """A line for people, on standard error: standard output is for results."""
    print(words, file=sys.stderr)


def show(
    rows: Sequence[Mapping[str, Any]], *, as_json: bool, as_csv: bool = False, empty: str = "nothing"
) -> None:
    """A table for people, a JSON list or CSV for programs. Columns are the first row's keys."""
    if as_json:
        print(msgspec.json.encode(list(rows)).decode())
    elif as_csv:
        print(_csv(rows), end="")
    elif not rows:
        say(empty)
    elif console.width < 60:
        # A narrow terminal, or a screen reader's: one field a line.
        for row in rows:
            for name, value in row.items():
                print(f"{name}: {_text(value)}")
            print()
    else:
        table = Table(*rows[0], box=None, header_style="bold", pad_edge=False)
        for row in rows:
            table.add_row(*(_text(value) for value in row.values()))
        console.print(table)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV whose cells no spreadsheet takes for a formula."""
    out = io.StringIO()
    writer: Any = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(row))
            writer.writeheader()
        cells = {name: _text(value) if value is not None else "" for name, value in row.items()}
        writer.writerow({name: f"'{cell}" if cell[:1] in "=+-@\t" else cell for name, cell in cells.items()})
    return out.getvalue()


def command(function: Callable[P, R]) -> Callable[P, R]:
    """A command whose errors are plain."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with plain_errors():
            return function(*args, **kwargs)

    return run
