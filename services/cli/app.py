"""Puts the `fairlead` command together."""

import typer

from .commands import benching, checking, demo, exceptions, initialising, looking, parked, publishing, running
from .output import EXIT_CODES

__all__ = ["app"]

app = typer.Typer(
    no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False, rich_markup_mode="rich",
    help="Keeps a firm's CRM, ERP, time and people systems in step, from the won deal to the paid invoice.",
    epilog="Exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + ".",
)  # fmt: skip
for family in (demo, initialising, checking, running, looking, publishing):
    app.add_typer(family.commands)
app.add_typer(exceptions.commands, name="exceptions")
app.add_typer(parked.commands, name="parked")
app.add_typer(benching.commands, name="bench")
