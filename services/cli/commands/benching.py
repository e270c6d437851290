"""`bench`: how fast it is, measured here."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from ..options import Json
from ..output import command, fail, progress

if TYPE_CHECKING:
    from ..bench.stage import Stage

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True, help="How fast it is here, measured against stand-ins on a folder of its own."
)

Rounds = Annotated[int, typer.Option(min=1, max=4, help="How often it is measured; the median counts.")]


@commands.command(epilog="Example: fairlead bench activation --deals 20 --json")
@command
def activation(
    deals: Annotated[int, typer.Option(min=1, max=500, help="Deals won at once, in each round.")] = 20,
    rounds: Rounds = 3,
    alone: Annotated[int, typer.Option(min=1, max=200, help="Deals won one after the other first.")] = 10,
    as_json: Json = False,
) -> None:
    """Measure won deals becoming projects: how many a second, and how long one takes alone."""
    # What follows imports the stand-ins, which other commands need not wait for.
    from ..bench.activation import measure_activation

    _measured(
        1 + alone + deals * rounds,
        lambda stage, say: measure_activation(stage, deals=deals, rounds=rounds, alone=alone, say=say),
        as_json,
    )


@commands.command(epilog="Example: fairlead bench time --entries 1000 --json")
@command
def time(
    entries: Annotated[int, typer.Option(min=1, max=20_000, help="Entries approved at once, in each round.")] = 1000,
    rounds: Rounds = 3,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Measure approved time reaching the ERP: entries a second, until the receipt is recorded."""
    from ..bench.posting import deals_for, measure_posting

    _measured(
        deals_for(entries),
        lambda stage, say: measure_posting(stage, entries=entries, rounds=rounds, say=say),
        as_json,
    )


def _measured(
    deals: int, measure: "Callable[[Stage, Callable[[str], None]], Awaitable[msgspec.Struct]]", as_json: bool
) -> None:
    from bus.running import until_signalled

    from ..bench.figures import surroundings
    from ..bench.stage import Stuck, stage

    found: dict[str, Any] = {}

    async def run() -> None:
        with progress("preparing") as doing:
            async with stage(deals=deals, today=datetime.now(UTC).date(), say=doing) as booted:
                result = await measure(booted, doing)
                found["measured"] = msgspec.to_builtins(result)
                found["on"] = msgspec.to_builtins(surroundings(booted))

    try:
        asyncio.run(until_signalled(run()))
    except Stuck as stuck:
        fail(str(stuck), 1)
    if not found:
        fail("interrupted", 130)
    if as_json:
        print(msgspec.json.encode(found).decode())
        return
    for part in found.values():
        for name, value in part.items():
            print(f"{name:>20}: {_words(value)}")


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {number:,}" for name, number in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
