"""`up`, `down`, `clean`."""

import asyncio

import typer

from bus.running import until_signalled

from ..deployment import Deployment
from ..options import DATA, Config, Data
from ..output import command, say
from ..running import clean as clean_data
from ..running import down as end_running
from ..running import running, wait_until_ready

__all__ = ["commands"]

commands = typer.Typer()


@commands.command(epilog="Example: fairlead up --config firm/fairlead.yaml --data /var/lib/fairlead")
@command
def up(data: Data = DATA, config: Config = None) -> None:
    """Start and supervise the bus and all services in the foreground; Ctrl-C stops cleanly."""
    deployment = Deployment.load(data, config)

    async def stay() -> None:
        async with running(deployment, on_change=lambda name, event: say(f"{name}: {event}")):
            await wait_until_ready(deployment)
            say(f"ready: the bus listens at {deployment.bus_url}; Ctrl-C stops everything")
            await asyncio.Event().wait()

    asyncio.run(until_signalled(stay()))
    say("stopped")


@commands.command(epilog="Example: fairlead down --data /var/lib/fairlead")
@command
def down(data: Data = DATA) -> None:
    """Stop the deployment that runs on a data folder."""
    say("stopped" if end_running(data) else f"nothing runs on {data}")


@commands.command(epilog="Example: fairlead clean --data .fairlead")
@command
def clean(data: Data = DATA) -> None:
    """Remove a data folder and everything in it. Refused while a deployment runs on it."""
    say(f"removed {data}" if clean_data(data) else f"there is nothing at {data}")
