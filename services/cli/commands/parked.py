"""`parked`: messages that could not be handled."""

from typing import Annotated, Any

import msgspec
import typer

from contracts.queries.v1 import AskParked, Parked, Replayed, ReplayParked

from ..operator import SERVICES, Operator
from ..options import DATA, Config, Csv, Data, Json, with_operator
from ..output import command, fail, one_line, show

__all__ = ["commands"]

commands = typer.Typer(
    no_args_is_help=True, help="Messages that could not be handled, kept with their bytes."
)


@commands.command("list", epilog="Example: fairlead parked list --json")
@command
def list_parked(data: Data = DATA, config: Config = None, as_json: Json = False, as_csv: Csv = False) -> None:
    """List parked messages: where they came from and why they could not be handled."""

    async def ask(operator: Operator) -> list[dict[str, Any]]:
        rows = []
        for service in SERVICES:
            answer = await operator.ask(AskParked(service=service), Parked)
            rows += [
                {"service": service, "id": row.id, "reason": row.reason, "actor": row.actor, "key": row.key,
                 "subject": row.subject, "since": f"{row.parked_at:%Y-%m-%d %H:%M}", "detail": row.detail}
                for row in answer.parked
            ]  # fmt: skip
        return rows

    show(with_operator(data, config, ask), as_json=as_json, as_csv=as_csv, empty="nothing is parked")


Service = Annotated[str, typer.Argument(help=f"one of {', '.join(SERVICES)}")]


@commands.command("show", epilog="Example: fairlead parked show orchestrator 7")
@command
def show_parked(
    service: Service, identity: Annotated[int, typer.Argument(metavar="ID")], data: Data = DATA,
    config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Show one parked message with its bytes."""
    answer = with_operator(data, config, lambda o: o.ask(AskParked(service=_known(service)), Parked))
    record = next((row for row in answer.parked if row.id == identity), None)
    if record is None:
        fail(f"{service} has no parked message {identity}", 2)
    if as_json:
        print(msgspec.json.encode(record).decode())
        return
    for name, value in msgspec.to_builtins({**msgspec.structs.asdict(record), "data": None}).items():
        if name != "data":
            print(f"{name:>10}: {one_line(value)}")
    print(one_line(record.data.decode("utf-8", "backslashreplace")))


@commands.command("replay", epilog="Example: fairlead parked replay orchestrator 7 8")
@command
def replay_parked(
    service: Service, ids: Annotated[list[int] | None, typer.Argument(help="all, unless said")] = None,
    data: Data = DATA, config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Handle parked messages again, in order, with their original effect keys: nothing is doubled by it."""
    question = ReplayParked(service=_known(service), ids=tuple(ids or ()))
    answer = with_operator(data, config, lambda operator: operator.ask(question, Replayed, timeout=30))
    print(msgspec.json.encode({"replayed": answer.count}).decode() if as_json else f"replayed {answer.count}")


def _known(service: str) -> str:
    if service not in SERVICES:
        fail(f"{service!r} is no service; legal are {', '.join(SERVICES)}", 2)
    return service
