"""`demo`: a firm of stand-in systems, driven from won deals to paid invoices."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer
from rich.console import Console
from rich.markup import escape

from ..options import Json
from ..output import command, fail, say

if TYPE_CHECKING:
    from ..demo.run import Report

__all__ = ["commands"]

commands = typer.Typer()


class ErpChoice(StrEnum):
    netsuite = "netsuite"
    tryton = "tryton"


class Switch(StrEnum):
    on = "on"
    off = "off"


@commands.command(epilog="Example: fairlead demo --headless --json --faults on --seed 11 --deals 24")
@command
def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", help="Its files; .fairlead/demo or .fairlead/demo-tryton.", envvar="FAIRLEAD_DATA"
        ),
    ] = None,
    erp: Annotated[
        ErpChoice, typer.Option(help="A NetSuite stand-in, or a real Tryton.")
    ] = ErpChoice.netsuite,
    headless: Annotated[
        bool, typer.Option("--headless", help="Plain lines instead of a live display.")
    ] = False,
    as_json: Json = False,
    seed: Annotated[int, typer.Option(help="The same seed makes the same firm.")] = 7,
    deals: Annotated[int, typer.Option(min=6, max=500, help="How many deals are won.")] = 12,
    faults: Annotated[Switch, typer.Option(help="Vendors that misbehave, people who forget.")] = Switch.on,
) -> None:
    """Boot everything, win deals, book and approve time, bill, get paid. Exit code 0 only if everything balances.

    What is approved, posted, invoiced and paid is read from the vendors' own ledgers at the end.
    """
    # The stand-ins and their people take half a second to import, which other commands need not wait for.
    from bus.running import until_signalled

    from ..demo.run import Wishes, demonstrate
    from ..demo.story import Waited

    wishes = Wishes(
        data=data or Path(".fairlead/demo" if erp is ErpChoice.netsuite else ".fairlead/demo-tryton"),
        erp=erp.value,
        seed=seed,
        deals=deals,
        faults=faults is Switch.on,
        today=datetime.now(UTC).date(),
    )
    console = Console(stderr=True)
    lines: list[Report] = []

    async def run() -> None:
        try:
            if headless or not console.is_terminal:
                lines.append(await demonstrate(wishes, say))
            else:
                with console.status("starting") as status:

                    def tell(words: str) -> None:
                        console.print(words, highlight=False, markup=False)
                        status.update(escape(words.strip()))

                    lines.append(await demonstrate(wishes, tell))
        except Waited as stuck:
            fail(str(stuck), 1)

    asyncio.run(until_signalled(run()))
    if not lines:
        fail("interrupted", 130)
    report = lines[0]
    if as_json:
        print(msgspec.json.encode(report).decode())
    else:
        for name, value in msgspec.to_builtins(report).items():
            print(f"{name:>20}: {value}")
    if not report.balances:
        raise typer.Exit(1)
