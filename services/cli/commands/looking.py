"""`status` and `trace`: how the deployment fares, and what happened to one thing."""

from typing import Annotated, Any

import msgspec
import typer

from contracts.queries.v1 import AskStatus, Status

from ..operator import SERVICES, Operator
from ..options import DATA, Config, Csv, Data, Json, with_operator
from ..output import command, fail, say, show
from ..tracing import trace as trace_rows

__all__ = ["commands"]

commands = typer.Typer()


@commands.command(epilog="Example: fairlead status --json")
@command
def status(data: Data = DATA, config: Config = None, as_json: Json = False) -> None:
    """Show every service: positions, waiting work, exceptions, connections. Exit code 1 when one is not well."""

    async def ask(operator: Operator) -> list[Status | str]:
        found: list[Status | str] = []
        for service in SERVICES:
            try:
                found.append(await operator.ask(AskStatus(service=service), Status, timeout=2))
            except TimeoutError:
                found.append(service)
        return found

    answers = with_operator(data, config, ask)
    if as_json:
        print(
            msgspec.json.encode(
                [{"service": a, "answers": False} if isinstance(a, str) else a for a in answers]
            ).decode()
        )
    else:
        show([_status_row(answer) for answer in answers], as_json=False)
        for answer in answers:
            if isinstance(answer, Status):
                for known in answer.connections:
                    say(
                        f"{answer.service}: connection {known.name} ({known.product}) {known.state} {known.why}"
                    )
    if any(isinstance(a, str) or a.parked or any(c.state != "up" for c in a.connections) for a in answers):
        raise typer.Exit(1)


def _status_row(answer: Status | str) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"service": answer, "state": "no answer", "exceptions": None, "parked": None, "outbox": None,
                "timers": None, "effects": None}  # fmt: skip
    effects = ", ".join(f"{count} {state}" for state, count in sorted(answer.effects.items())) or "none"
    return {"service": answer.service, "state": "up", "exceptions": answer.exceptions_open, "parked": answer.parked,
            "outbox": answer.outbox, "timers": answer.timers, "effects": effects}  # fmt: skip


@commands.command(epilog="Example: fairlead trace D-00001")
@command
def trace(
    wanted: Annotated[str, typer.Argument(metavar="ID", help="a deal, engagement, entry, invoice or message")],
    data: Data = DATA, config: Config = None, as_json: Json = False, as_csv: Csv = False,
) -> None:  # fmt: skip
    """Print everything that led to an id and followed from it, across all services."""
    rows = with_operator(data, config, lambda operator: trace_rows(operator, wanted))
    if not rows:
        fail(f"nothing is known about {wanted}; ids look like D-00001, E-D-00001, kantata:85", 1)
    if as_json:
        print(msgspec.json.encode(rows).decode())
        return
    table = [
        {"at": f"{row.at:%H:%M:%S.%f}"[:-3], "service": row.service, "actor": f"{row.actor} {row.key}",
         "message": row.type.removesuffix(".v1"), "outcome": row.outcome, "note": row.note}
        for row in rows
    ]  # fmt: skip
    show(table, as_json=False, as_csv=as_csv)
