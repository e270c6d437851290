"""`up`, `down`, `clean`."""

import asyncio

import typer

from ..deployment import Deployment
from ..options import DATA, Config, Data, Json
from ..output import command, progress, say, tell
from ..running import clean as clean_data
from ..running import down as end_running
from ..running import running, wait_until_ready

__all__ = ["commands"]

commands = typer.Typer()


@commands.command(epilog="Example: fairlead up --config firm/fairlead.yaml --data /var/lib/fairlead")
@command
def up(data: Data = DATA, config: Config = None, as_json: Json = False) -> None:
    """Start and supervise the bus and all services in the foreground; Ctrl-C stops cleanly."""
    # Connectors and stores take a while to import, which other commands need not wait for.
    from bus.running import until_signalled

    from ..connections import verify

    deployment = Deployment.load(data, config)
    verify(deployment.config, deployment.firm)

    async def stay() -> None:
        async with running(deployment, on_change=lambda name, event: say(f"{name}: {event}")):
            await wait_until_ready(deployment)
            ready = {"ready": True, "bus": deployment.bus_url, "logs": str(data / "logs")}
            words = f"ready: the bus listens at {deployment.bus_url}; Ctrl-C stops everything"
            tell(ready, words, as_json=as_json)
            await asyncio.Event().wait()

    asyncio.run(until_signalled(stay()))
    say("stopped")


@commands.command(epilog="Example: fairlead down --data /var/lib/fairlead")
@command
def down(data: Data = DATA, as_json: Json = False) -> None:
    """Stop the deployment that runs on a data folder."""
    with progress(f"stopping what runs on {data}"):
        stopped = end_running(data)
    tell({"stopped": stopped}, "stopped" if stopped else f"nothing runs on {data}", as_json=as_json)


@commands.command(epilog="Example: fairlead clean --data .fairlead")
@command
def clean(data: Data = DATA, as_json: Json = False) -> None:
    """Remove a data folder and everything in it. Refused while a deployment runs on it."""
    removed = clean_data(data)
    tell(
        {"removed": str(data) if removed else None},
        f"removed {data}" if removed else f"there is nothing at {data}",
        as_json=as_json,
    )
