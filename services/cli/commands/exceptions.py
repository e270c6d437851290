"""`exceptions`: what is held up, and what lets it go on."""

from decimal import Decimal
from typing import Annotated

import msgspec
import typer

from contracts.exceptions.v1 import FixException, HeldUp, ReleaseException
from contracts.queries.v1 import AskExceptions, ExceptionRecord, Exceptions
from contracts.types import ExceptionId, exponent

from ..operator import SERVICES, Operator
from ..options import DATA, Config, Csv, Data, Json, with_operator
from ..output import command, fail, one_line, show

__all__ = ["commands"]

commands = typer.Typer(no_args_is_help=True, help="What is held up, why, and what lets it go on.")


async def _exceptions(
    operator: Operator, identity: str | None = None, open_only: bool = True
) -> list[tuple[str, ExceptionRecord]]:
    found = []
    for service in SERVICES:
        question = AskExceptions(service=service, exception=identity, open_only=open_only)
        answer = await operator.ask(question, Exceptions)
        found += [(service, record) for record in answer.exceptions]
    return found


@commands.command("list", epilog="Example: fairlead exceptions list --code rate-missing")
@command
def list_exceptions(
    data: Data = DATA, config: Config = None, as_json: Json = False, as_csv: Csv = False,
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    code: Annotated[str | None, typer.Option(help="Only this code.")] = None,
) -> None:  # fmt: skip
    """List what is held up, the largest amounts first."""
    found = with_operator(data, config, lambda operator: _exceptions(operator, open_only=not everything))
    found = [(service, record) for service, record in found if code in (None, record.code)]
    found.sort(
        key=lambda item: (
            -(item[1].held_up.amount.amount if item[1].held_up.amount else 0),
            item[1].raised_at,
        )
    )
    if as_json:
        print(msgspec.json.encode([{"service": s, **msgspec.to_builtins(r)} for s, r in found]).decode())
        return
    rows = [
        {"exception": r.exception, "code": r.code, "owner": r.owner, "holds up": r.held_up.reference,
         "minutes": r.held_up.minutes, "amount": _amount(r.held_up),
         "since": f"{r.raised_at:%Y-%m-%d %H:%M}", "summary": r.summary}
        for _, r in found
    ]  # fmt: skip
    show(rows, as_json=False, as_csv=as_csv, empty="nothing is held up")


def _amount(held_up: HeldUp) -> str | None:
    """In major units, as people write it."""
    if held_up.amount is None:
        return None
    decimals = exponent(held_up.amount.currency)
    return f"{Decimal(held_up.amount.amount).scaleb(-decimals):,} {held_up.amount.currency}"


def _one(operator_found: list[tuple[str, ExceptionRecord]], identity: str) -> tuple[str, ExceptionRecord]:
    if not operator_found:
        fail(f"no exception is called {identity}; `fairlead exceptions list` shows the open ones", 2)
    return operator_found[0]


def _open(found: list[tuple[str, ExceptionRecord]], identity: str) -> tuple[str, ExceptionRecord]:
    service, record = _one(found, identity)
    if record.resolved_at is not None:
        fail(f"{identity} is resolved since {record.resolved_at:%Y-%m-%d %H:%M}: {record.how}", 2)
    return service, record


Identity = Annotated[str, typer.Argument(metavar="EXCEPTION", help="as `exceptions list` shows it")]


@commands.command("show", epilog="Example: fairlead exceptions show ex-0cbc2e6e7650")
@command
def show_exception(
    identity: Identity, data: Data = DATA, config: Config = None, as_json: Json = False
) -> None:
    """Show one exception: what it holds up, why, and how to mend it."""
    service, record = _one(
        with_operator(data, config, lambda o: _exceptions(o, identity, open_only=False)), identity
    )
    if as_json:
        print(msgspec.json.encode({"service": service, **msgspec.to_builtins(record)}).decode())
        return
    for name, value in {"service": service, **msgspec.to_builtins(record)}.items():
        print(f"{name:>12}: {one_line(value)}")


@commands.command("fix", epilog="Example: fairlead exceptions fix ex-0cbc2e6e7650 --set legal_entity=DE01")
@command
def fix_exception(
    identity: Identity,
    values: Annotated[list[str], typer.Option("--set", metavar="NAME=VALUE", help="a missing or wrong value")],
    data: Data = DATA, config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Supply values that were missing or wrong, then release."""
    if bad := [value for value in values if "=" not in value]:
        fail(f"--set {bad[0]!r} is not NAME=VALUE", 2)
    pairs = dict(value.split("=", 1) for value in values)

    async def fix(operator: Operator) -> str:
        service, _ = _open(await _exceptions(operator, identity), identity)
        return await operator.publish(
            FixException(
                exception=ExceptionId(identity), service=service, requested_by=operator.name, values=pairs
            )
        )

    sent = with_operator(data, config, fix)
    print(msgspec.json.encode({"message": sent}).decode() if as_json else f"{identity}: fix sent")


@commands.command(
    "release", epilog="Example: fairlead exceptions release --code approval-needed --reason close"
)
@command
def release_exception(
    identity: Annotated[str | None, typer.Argument(metavar="[EXCEPTION]")] = None,
    code: Annotated[str | None, typer.Option(help="Release all open ones of a code.")] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    data: Data = DATA, config: Config = None, as_json: Json = False,
) -> None:  # fmt: skip
    """Try again what an exception holds up; it approves where approval is what it waits for."""
    if (identity is None) == (code is None):
        fail("name one exception, or a --code", 2)

    async def release(operator: Operator) -> list[str]:
        found = await _exceptions(operator, identity)
        chosen = [item for item in found if code in (None, item[1].code)]
        if identity is not None:
            _open(chosen, identity)
        for service, record in chosen:
            await operator.publish(
                ReleaseException(
                    exception=ExceptionId(record.exception),
                    service=service,
                    requested_by=operator.name,
                    reason=reason,
                )
            )
        return [record.exception for _, record in chosen]

    released = with_operator(data, config, release)
    print(msgspec.json.encode({"released": released}).decode() if as_json else f"released {len(released)}")
