"""`init`: a first configuration, asked for or told."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from services.configuration import load_firm, load_policy
from services.configuration.firm import Domain

from ..drafting import SKETCHES, Draft, write
from ..options import Json
from ..output import command, fail, say, tell

__all__ = ["commands"]

commands = typer.Typer()

#: Of the questions that have a usual answer.
USUAL = {"firm": "My firm", "entity": "US01", "currency": "USD", "time_zone": "America/New_York"}

#: Asks for a value unless it was given: the words of the question, what was given, what is usual.
Ask = Callable[[str, str | None, str], str]


@commands.command(epilog="Example: fairlead init --directory firm --yes --firm Northmark --erp tryton")
@command
def init(
    directory: Annotated[Path, typer.Option(help="Where the two files go.")] = Path(),
    firm: Annotated[str | None, typer.Option(help="The firm's name.")] = None,
    crm: Annotated[str | None, typer.Option(help="salesforce.")] = None,
    crm_url: Annotated[str | None, typer.Option(help="The CRM's address.")] = None,
    erp: Annotated[str | None, typer.Option(help="netsuite or tryton.")] = None,
    erp_url: Annotated[str | None, typer.Option(help="The ERP's address.")] = None,
    time: Annotated[str | None, typer.Option(help="kantata.")] = None,
    time_url: Annotated[str | None, typer.Option(help="The time system's address.")] = None,
    entity: Annotated[str | None, typer.Option(help="The code of the first legal entity.")] = None,
    currency: Annotated[str | None, typer.Option(help="What it bills in, as an ISO 4217 code.")] = None,
    time_zone: Annotated[str | None, typer.Option(help="Where it is, such as Europe/Berlin.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; take what is usual.")] = False,
    as_json: Json = False,
) -> None:
    """Write a commented fairlead.yaml and policy.yaml to go on from. Existing files are never overwritten."""
    for name in ("fairlead.yaml", "policy.yaml"):
        if (directory / name).exists():
            raise FileExistsError(f"{directory / name} is there already; nothing was written")
    ask = _usual if yes else _asked
    named = ask("The firm's name", firm, USUAL["firm"])
    given: dict[Domain, tuple[str | None, str | None]] = {
        "crm": (crm, crm_url), "erp": (erp, erp_url), "time": (time, time_url),
    }  # fmt: skip
    products: dict[Domain, str] = {}
    addresses: dict[Domain, str] = {}
    for domain, (product, address) in given.items():
        products[domain] = _product(ask, domain, product)
        sketch = SKETCHES[domain][products[domain]]
        addresses[domain] = ask(f"  its address, {sketch.url_form}", address, sketch.url)
    answers = {
        "firm": named, "products": products, "addresses": addresses,
        "entity": ask("The code of the first legal entity", entity, USUAL["entity"]),
        "currency": ask("  what it bills in", currency, USUAL["currency"]).upper(),
        "time_zone": ask("  its time zone", time_zone, USUAL["time_zone"]),
    }  # fmt: skip
    try:
        draft = Draft.model_validate(answers)
    except ValidationError as wrong:
        error = wrong.errors()[0]
        fail(f"{' '.join(map(str, error['loc']))}: {error['msg'].removeprefix('Value error, ')}", 2)
    configuration, policy = write(draft, directory)
    load_firm(configuration)
    load_policy(policy)
    _next(draft, configuration, policy, as_json)


def _usual(question: str, given: str | None, usual: str) -> str:
    return usual if given is None else given


def _asked(question: str, given: str | None, usual: str) -> str:
    if given is not None:
        return given
    try:
        return str(typer.prompt(question, default=usual, err=True))
    except typer.Abort:
        fail("the questions were not answered; `--yes` takes what is usual", 2)


def _product(ask: Ask, domain: Domain, given: str | None) -> str:
    legal = list(SKETCHES[domain])
    name = {"crm": "CRM", "erp": "ERP", "time": "Time system"}[domain]
    chosen = ask(f"{name} ({', '.join(legal)})", given, legal[0])
    if chosen not in legal:
        fail(f"{chosen!r} cannot be connected as {domain}; legal are {', '.join(legal)}", 2)
    return chosen


def _next(draft: Draft, configuration: Path, policy: Path, as_json: bool) -> None:
    secrets = [secret for domain in draft.products for secret in draft.sketch(domain).secrets]
    made = {"configuration": str(configuration), "policy": str(policy), "secrets": secrets}
    tell(made, f"wrote {configuration} and {policy}", as_json=as_json)
    say(f"next: fill in user names and addresses, provide {', '.join(secrets)}, then `fairlead check`")
