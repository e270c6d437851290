"""The first configuration of a firm, written with comments for the person who goes on from it."""

import json
from collections.abc import Mapping
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, HttpUrl

from services.configuration.firm import Domain

__all__ = ["SKETCHES", "Draft", "Sketch", "write"]


class Sketch(BaseModel, frozen=True):
    """How a connection to one product begins: an address that has to be replaced, and how it signs in."""

    url: str
    url_form: str
    sign_in: str
    budget: str
    secrets: tuple[str, ...]


SKETCHES: Mapping[Domain, Mapping[str, Sketch]] = {
    "crm": {
        "salesforce": Sketch(
            url="https://your-domain.my.salesforce.example",
            url_form="https://<your domain>.my.salesforce.com",
            sign_in="user: \"\"  # the consumer key of the connected app\n"
            "secrets: {client_secret: \"env:SALESFORCE_CLIENT_SECRET\"}",
            budget="at_once: 10\nper_second: 20",
            secrets=("SALESFORCE_CLIENT_SECRET",),
        ),
    },
    "erp": {
        "netsuite": Sketch(
            url="https://account.suitetalk.api.netsuite.example",
            url_form="https://<account>.suitetalk.api.netsuite.com",
            sign_in="user: \"\"  # the client id of the integration record\n"
            "key_id: \"\"  # the id of the certificate that was uploaded for it\n"
            "secrets: {private_key: \"file:secrets/netsuite.key\"}  # its private key in PEM, beside this file",
            budget="at_once: 5  # the smallest service tier lets five through\nper_second: 20",
            secrets=("secrets/netsuite.key",),
        ),
        "tryton": Sketch(
            url="http://localhost:8000/database",
            url_form="https://<server>/<database>",
            sign_in="user: \"\"  # the login of the integration's own user\n"
            "secrets: {password: \"env:TRYTON_PASSWORD\"}",
            budget="at_once: 2\nper_second: 50",
            secrets=("TRYTON_PASSWORD",),
        ),
    },
    "time": {
        "kantata": Sketch(
            url="https://api.mavenlink.com",
            url_form="https://api.mavenlink.com",
            sign_in="secrets: {token: \"env:KANTATA_TOKEN\"}  # the bearer token of the integration's own user",
            budget="at_once: 5\nper_second: 10",
            secrets=("KANTATA_TOKEN",),
        ),
    },
}  # fmt: skip


def _known(zone: str) -> str:
    if zone not in available_timezones():
        raise ValueError(f"{zone!r} is no time zone; legal are the IANA names, such as Europe/Berlin")
    return zone


class Draft(BaseModel):
    """The answers that a first configuration is made of."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    firm: Annotated[str, Field(min_length=1)]
    products: dict[Domain, str]
    addresses: dict[Domain, HttpUrl]
    entity: Annotated[str, Field(min_length=1)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    time_zone: Annotated[str, AfterValidator(_known)]

    def sketch(self, domain: Domain) -> Sketch:
        return SKETCHES[domain][self.products[domain]]


def write(draft: Draft, directory: Path) -> tuple[Path, Path]:
    """Write `fairlead.yaml` and `policy.yaml`; raises `FileExistsError` where one of them is there already."""
    paths = directory / "fairlead.yaml", directory / "policy.yaml"
    for path in paths:
        if path.exists():
            raise FileExistsError(f"{path} is there already; nothing was written")
    directory.mkdir(parents=True, exist_ok=True)
    for path, content in zip(paths, (_configuration(draft), _policy(draft)), strict=True):
        with path.open("x", encoding="utf-8") as file:
            file.write(content)
    return paths


def _text(value: Any) -> str:
    """A YAML scalar: JSON's are legal YAML, whatever they hold."""
    return json.dumps(str(value), ensure_ascii=False)


def _configuration(draft: Draft) -> str:
    return f"""\
# Which systems the firm connects. Every key is explained in docs/configuration.md.
# `fairlead check` says what is missing; `fairlead up` starts.
firm: {_text(draft.firm)}

# Where the embedded bus listens on this machine.
bus_port: 4222

# The firm's words, rules and teams, beside this file.
policy: policy.yaml

# One system a domain. Secrets never stand here: `env:NAME` reads an environment variable, `file:PATH` a file
# (a relative path begins beside this file). A connection's `options` are listed in docs/vendors.
connections:
{indent("".join(_connection(draft, domain) for domain in draft.products), "  ")}"""


def _connection(draft: Draft, domain: Domain) -> str:
    sketch = draft.sketch(domain)
    return f"""\
{domain}:
  product: {draft.products[domain]}
  url: {_text(draft.addresses[domain])}  # {sketch.url_form}
{indent(sketch.sign_in, "  ")}
  # What Fairlead may use of it: calls at the same time, calls a second, the share left to the firm's other tools.
{indent(sketch.budget, "  ")}
  head_room: 0.2
  options: {{}}
"""


def _policy(draft: Draft) -> str:
    return f"""\
# How the firm's systems name things, and who owns what goes wrong. Every key is explained in docs/configuration.md.
# A word that stands in no list here becomes an exception with an owner; it is never guessed.
firm: {_text(draft.firm)}

# What the CRM calls a contract type, and how it is billed: fixed-fee or time-and-materials.
contract_types:
  Fixed Fee: fixed-fee
  Time and Materials: time-and-materials

# What the firm sells, by the code that stands on the deal: the tasks that time is booked on, and the milestones that
# a fixed fee is billed on, in whole per cent that add up to 100.
service_packages:
  ADVISORY:
    name: Advisory
    practice: Advisory
    tasks: [Analysis, Recommendations]
    milestones:
      - {{name: Interim findings, percent: 50}}
      - {{name: Final report, percent: 50}}

# Each legal entity by its code: what it bills in, and the tax profiles and rate cards that its deals may name.
legal_entities:
  {_text(draft.entity)}:
    name: {_text(draft.firm)}
    region: Home
    currency: {draft.currency}
    time_zone: {draft.time_zone}
    tax_profiles: [STANDARD]
    rate_cards: [{_text(f"RC-{draft.entity}-STD")}]

# What the time system calls a labour category, and what the ERP calls it.
labour_categories:
  Consultant: CONSULTANT
  Partner: PARTNER

# The ERP's labour category that budgets are planned in.
budget_category: CONSULTANT

# What sales has to hand over before a won deal becomes a project.
required_handover: [legal_entity, contract_type, service_package, rate_card, tax_profile, amount, start, end, manager]

# Which team owns an exception, by its code; the default owner takes the rest.
owners:
  handover-incomplete: sales operations
  approval-needed: finance
  period-closed: finance
  rate-missing: finance
default_owner: integration

# Whether a person approves each invoice before the ERP posts it.
approve_invoices: true
"""
