"""The `fairlead` command."""

import os
import sys

import typer

from .app import app
from .output import fail, reader_gone

__all__ = ["main"]

#: The variables that the command line itself reads. Services are started with their own.
VARIABLES = ("FAIRLEAD_CONFIG", "FAIRLEAD_DATA", "FAIRLEAD_TRACEBACK")


def main() -> None:
    """Run the command line; the exit codes are `output.EXIT_CODES`."""
    unknown = sorted(name for name in os.environ if name.startswith("FAIRLEAD_") and name not in VARIABLES)
    if unknown:
        fail(f"{', '.join(unknown)}: not a setting; legal are {', '.join(VARIABLES)}", 78)
    try:
        code = app(prog_name="fairlead", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        reader_gone()
    except typer.Abort:
        fail("interrupted", 130)
    except typer.TyperException as wrong:
        words = wrong.format_message().replace("Value error, ", "").rstrip(".")
        fail(f"{words}; `--help` shows what is legal", 2)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
