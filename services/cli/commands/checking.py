"""`check`: does every configured system let us do what the flows need?"""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, get_args

import msgspec
import typer

from services.configuration import load_policy
from services.configuration.firm import Domain

from ..deployment import Deployment
from ..options import DATA, Config, Data, Json
from ..output import command, fail, one_line, progress, say

if TYPE_CHECKING:
    from ..connections import Examined

__all__ = ["commands"]

commands = typer.Typer()

Names = Annotated[
    list[str] | None, typer.Argument(metavar="[CONNECTION]...", help="crm, erp or time; all unless said")
]


@commands.command(epilog="Example: fairlead check erp --config firm/fairlead.yaml")
@command
def check(
    names: Names = None,
    data: Data = DATA, config: Config = None, as_json: Json = False,
    patience: Annotated[float, typer.Option(min=1, help="Seconds to wait for each system.")] = 60,
) -> None:  # fmt: skip
    """Reach each connected system, sign in, read a page, verify the permissions that the flows need.

    Needs no running deployment, and writes nothing anywhere. Exit code 1 when something is missing, 69 when a system
    does not answer, 78 when the configuration is wrong.
    """
    # Connectors and their HTTP client take half a second to import, which other commands need not wait for.
    from ..connections import examine, verify

    deployment = Deployment.load(data, config)
    chosen = _chosen(names or [])
    verify(deployment.config, deployment.firm, chosen)
    load_policy(deployment.policy)

    async def run() -> "list[Examined]":
        found = []
        with progress(f"checking {len(chosen)} connections") as doing:
            for domain in chosen:
                settings = deployment.firm.connections[domain]
                doing(f"asking {settings.product} at {settings.base_url}")
                found.append(await examine(deployment.config, deployment.firm, domain, patience=patience))
        return found

    found = asyncio.run(run())
    if as_json:
        print(msgspec.json.encode(found).decode())
    else:
        for examined in found:
            print(_words(examined))
    if silent := [examined.connection for examined in found if not examined.answers]:
        say(f"{', '.join(silent)}: no answer")
        raise typer.Exit(69)
    if lacking := [examined.connection for examined in found if not examined.well]:
        say(f"{', '.join(lacking)}: something is missing")
        raise typer.Exit(1)
    say("everything that the flows need is there")


def _words(examined: "Examined") -> str:
    lines = [f"{examined.connection}: {examined.product} at {examined.url}"]
    bad = "MISSING" if examined.answers else "NO ANSWER"
    for finding in examined.findings:
        word = "ok" if finding.ok else bad
        lines.append(f"  {word:9} {finding.name}{f': {one_line(finding.detail)}' if finding.detail else ''}")
    return "\n".join(lines)


def _chosen(names: Sequence[str]) -> list[Domain]:
    legal = get_args(Domain)
    if unknown := [name for name in names if name not in legal]:
        fail(f"{unknown[0]!r} is no connection; legal are {', '.join(legal)}", 2)
    return [domain for domain in legal if not names or domain in names]
