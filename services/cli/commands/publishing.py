"""`publish` and `reconcile`: commands to the services."""

import sys
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec
import typer

from contracts import CONTRACTS
from contracts.reconciliations.v1 import StartReconciliation

from ..operator import COMMANDS
from ..options import DATA, Config, Data, Json, with_operator
from ..output import command, fail

__all__ = ["commands"]

commands = typer.Typer()

_EXAMPLE = (
    """Example: fairlead publish '{"type": "billing.close-billing-cycle.v1", "legal_entity": "DE01", """
    """"period": "2026-11", "through": "2026-11-30", "requested_by": "me"}'"""
)


@commands.command(epilog=_EXAMPLE)
@command
def publish(
    message: Annotated[str, typer.Argument(help="one command as JSON, or - for standard input")],
    data: Data = DATA, config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Publish one command an operator may give."""
    raw = sys.stdin.read() if message == "-" else message
    legal = ", ".join(contract.wire_name() for contract in COMMANDS)
    try:
        kind = msgspec.json.decode(raw, type=dict[str, Any]).get("type")
        if kind not in {contract.wire_name() for contract in COMMANDS}:
            fail(f"type {kind!r} is not a command an operator may give; legal are {legal}", 2)
        contract = CONTRACTS.decode(str(kind), raw.encode())
    except (msgspec.DecodeError, ValueError) as wrong:
        fail(f"not a legal message: {wrong}", 2)
    identity = with_operator(data, config, lambda operator: operator.publish(contract))
    print(msgspec.json.encode({"message": identity}).decode() if as_json else identity)


@commands.command(epilog="Example: fairlead reconcile --start 2026-11-01 --end 2026-11-30")
@command
def reconcile(
    start: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="first day")],
    end: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="last day")],
    data: Data = DATA, config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Draw the account of every minute from the vendors' ledgers; `trace` the printed id for its statement."""
    identity = f"R-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    request = StartReconciliation(
        reconciliation=identity, start=_day(start), end=_day(end), requested_by="operator"
    )
    with_operator(data, config, lambda operator: operator.publish(request))
    print(msgspec.json.encode({"reconciliation": identity}).decode() if as_json else identity)


def _day(moment: datetime) -> date:
    return moment.date()
