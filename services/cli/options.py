"""What most commands take, and how they reach the services."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from .deployment import Deployment
from .operator import Operator

__all__ = ["DATA", "Config", "Csv", "Data", "Json", "with_operator"]

T = TypeVar("T")

Data = Annotated[
    Path, typer.Option("--data", help="Where the deployment keeps its files.", envvar="FAIRLEAD_DATA")
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        help="The firm's configuration; DATA/fairlead.yaml unless said, or else ./fairlead.yaml.",
        envvar="FAIRLEAD_CONFIG",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
DATA = Path(".fairlead")


def with_operator(data: Path, config: Path | None, work: Callable[[Operator], Awaitable[T]]) -> T:
    """Do something as the operator; raises `ConfigurationError`, `ConnectionError`, `TimeoutError`."""
    deployment = Deployment.load(data, config)

    key_file = deployment.key_file("operator")
    if not key_file.exists():
        raise ConnectionError(f"nothing ever ran on {data}; is `fairlead up` running?")

    async def connected() -> T:
        async with Operator.connect(deployment.bus_url, key_file) as operator:
            return await work(operator)

    return asyncio.run(connected())
