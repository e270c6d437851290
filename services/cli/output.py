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
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from bus.server import PortInUse, ServerFailed, ServerTooOld
from services.configuration import ConfigurationError, MissingSecret

from .running import AlreadyRunning

__all__ = [
    "EXIT_CODES",
    "command",
    "fail",
    "one_line",
    "plain_errors",
    "progress",
    "reader_gone",
    "say",
    "show",
    "tell",
]

P = ParamSpec("P")
R = TypeVar("R")

#: Documented in docs/command-line.md and in `fairlead --help`.
EXIT_CODES = {
    0: "done",
    1: "done, and something does not balance or is not well",
    2: "the command's words are wrong",
    69: "nothing answers: no deployment runs, or a service is down",
    70: "a defect in Fairlead",
    73: "a folder or a port is in use or cannot be written",
    78: "the configuration is wrong",
    130: "interrupted",
    141: "whoever read the output went away",
}

console = Console(soft_wrap=False, highlight=False)


def fail(message: str, code: int) -> NoReturn:
    """One line on standard error, and the end."""
    print(f"fairlead: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(code)


def reader_gone() -> NoReturn:
    """Standard output was closed early, as `head` does: there is nobody to tell."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise SystemExit(141)


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn what may go wrong into one line and its exit code. No traceback reaches a person."""
    try:
        yield
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except BrokenPipeError:
        reader_gone()
    except ConfigurationError as wrong:
        for mistake in wrong.mistakes[:-1]:
            print(f"fairlead: {mistake}", file=sys.stderr)
        fail(wrong.mistakes[-1], 78)
    except MissingSecret as missing:
        fail(str(missing), 78)
    except PortInUse as taken:
        fail(f"{taken}; `bus_port` in fairlead.yaml chooses another", 73)
    except (AlreadyRunning, FileExistsError) as taken:
        fail(str(taken), 73)
    except (ConnectionError, TimeoutError) as silent:
        fail(str(silent) or "nothing answered in time", 69)
    except (ServerFailed, ServerTooOld, ChildProcessError) as broken:
        fail(str(broken), 69)
    except OSError as unusable:
        fail(f"{unusable.filename or 'a file'} cannot be used: {unusable.strerror}", 73)
    except KeyboardInterrupt:
        fail("interrupted", 130)
    except Exception as defect:
        if os.environ.get("FAIRLEAD_TRACEBACK"):
            raise
        fail(f"this is a defect: {type(defect).__name__}: {defect}; FAIRLEAD_TRACEBACK=1 shows where", 70)


def say(words: str) -> None:
    """A line for people, on standard error: standard output is for results."""
    print(words, file=sys.stderr)


@contextmanager
def progress(first: str) -> Iterator[Callable[[str], None]]:
    """What is done at the moment, for people: a line that changes, or lines where no terminal shows it.

    Standard error, so that results stay apart.
    """
    errors = Console(stderr=True, highlight=False)
    if not errors.is_terminal:
        say(first)
        yield say
        return
    with errors.status(escape(first)) as status:
        yield lambda words: status.update(escape(words.strip()))


def tell(result: Mapping[str, Any], words: str, *, as_json: bool) -> None:
    """The end of a command: an object for programs, a sentence for people."""
    if as_json:
        print(msgspec.json.encode(result).decode(), flush=True)
    else:
        say(words)


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
    elif _crowded(rows):
        for row in rows:
            for name, value in row.items():
                print(f"{name}: {one_line(value)}")
            print()
    else:
        first, *others = rows[0]
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column(first, no_wrap=True)  # what other commands are given has to be whole
        for name in others:
            table.add_column(name, overflow="fold")
        for row in rows:
            table.add_row(*(Text(one_line(value)) for value in row.values()))
        console.print(table)


def _crowded(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a table of these rows could not be read here: then, as on a narrow terminal or a screen reader's, one
    field stands on a line."""
    widest = [max(len(name), *(len(one_line(row[name])) for row in rows)) for name in rows[0]]
    fits = sum(widest) + 2 * len(widest) <= console.width
    return console.width < 60 or (not fits and 13 * len(widest) > console.width)


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(msgspec.to_builtins(value), ensure_ascii=False)


def one_line(value: Any) -> str:
    """Vendors' words may hold line breaks, and what would steer a terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in _text(value))


def _csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """CSV whose cells no spreadsheet takes for a formula."""
    out = io.StringIO()
    writer: Any = None
    for row in rows:
        if writer is None:
            writer = csv.DictWriter(out, list(row), lineterminator="\n")
            writer.writeheader()
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return f"'{value}"
    return _text(value)


def command(function: Callable[P, R]) -> Callable[P, R]:
    """A command whose errors are plain."""

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with plain_errors():
            return function(*args, **kwargs)

    return run
