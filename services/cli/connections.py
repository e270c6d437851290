"""The firm's connections, looked at without a deployment: is each configured whole, does each do what is needed?"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from pydantic import ValidationError

from bus.clock import SystemClock
from services.adapterkit.connector import Finding
from services.adapterkit.families import Family
from services.adapterkit.process import Connected, Product, connect
from services.configuration import (
    ConfigurationError,
    Connection,
    FirmConfiguration,
    MissingSecret,
    Source,
)
from services.configuration.firm import Domain, mistakes_of
from services.crm_adapter.connectors import CONNECTORS as CRMS
from services.erp_adapter.connectors import CONNECTORS as ERPS
from services.time_adapter.connectors import CONNECTORS as TIME_SYSTEMS

__all__ = ["PRODUCTS", "Examined", "examine", "verify"]

PRODUCTS: Mapping[Domain, Mapping[str, Product]] = {"crm": CRMS, "erp": ERPS, "time": TIME_SYSTEMS}


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What one connection's system said of itself. `answers` is whether it said anything at all."""

    connection: Domain
    product: str
    url: str
    answers: bool
    findings: tuple[Finding, ...]

    @property
    def well(self) -> bool:
        return self.answers and all(finding.ok for finding in self.findings)


def verify(config: Path, firm: FirmConfiguration, domains: Sequence[Domain] = tuple(PRODUCTS)) -> None:
    """Check what can be known without calling anybody; raises `ConfigurationError` with every mistake."""
    source = Source(config)
    mistakes = []
    for domain in domains:
        connection = firm.connections.get(domain)
        if connection is None:
            legal = ", ".join(PRODUCTS[domain])
            mistakes.append(source.mistake(["connections"], f"{domain} is missing; legal there are {legal}"))
        else:
            mistakes += _mistakes(source, domain, connection) or _unsigned(source, config, domain)
    if mistakes:
        raise ConfigurationError(mistakes)


def _mistakes(source: Source, domain: Domain, connection: Connection) -> list[str]:
    """An unknown product, options that it does not have, secrets that are not there."""
    here = ["connections", domain]
    product = PRODUCTS[domain].get(connection.product)
    if product is None:
        legal = ", ".join(PRODUCTS[domain])
        return [source.mistake([*here, "product"], f"{connection.product!r} is not known; legal are {legal}")]
    found = []
    try:
        product.options.model_validate(connection.options)
    except ValidationError as wrong:
        found += mistakes_of(
            wrong, source, legal=lambda at: _option_names(product, at), under=[*here, "options"]
        )
    for name, secret in connection.secrets.items():
        try:
            secret.reveal()
        except MissingSecret as missing:
            found.append(source.mistake([*here, "secrets", name], str(missing)))
    return found


def _option_names(product: Product, location: Sequence[str | int]) -> Sequence[str]:
    """The legal options beside the one at a location."""
    fields = product.options.model_fields
    for part in location[:-1]:
        fields = getattr(fields[str(part)].annotation, "model_fields", {})
    return list(fields)


def _unsigned(source: Source, config: Path, domain: Domain) -> list[str]:
    """What keeps the connection from being built although all its parts are legal: how it signs in."""
    here = ["connections", domain, "secrets"]
    try:
        connect(config, domain, PRODUCTS[domain], SystemClock())
    except MissingSecret as missing:
        return [source.mistake(here, str(missing))]
    except (ValueError, TypeError, UnsupportedAlgorithm):  # their words may hold parts of the key
        return [source.mistake(here, "cannot be read as the key that this product signs in with")]
    return []


async def examine(config: Path, firm: FirmConfiguration, domain: Domain, *, patience: float) -> Examined:
    """Reach a system, sign in, and see whether the flows may do what they need; writes nothing there.

    Waits `patience` seconds at most. No finding holds a secret.
    """
    settings = firm.connections[domain]
    connected = connect(config, domain, PRODUCTS[domain], SystemClock())
    ear = _Ear(connected)
    try:
        async with asyncio.timeout(patience):
            findings = tuple(await connected.connector.check())
    except TimeoutError:
        findings = (Finding(name="answer", ok=False, detail=f"not finished within {patience:g} s"),)
    except Family as failure:
        findings = (Finding(name="answer", ok=False, detail=f"{type(failure).__name__}: {failure}"),)
    finally:
        await connected.close()
    return Examined(
        connection=domain, product=settings.product, url=settings.base_url, answers=ear.heard,
        findings=tuple(_without_secrets(finding, settings) for finding in findings),
    )  # fmt: skip


class _Ear:
    """Whether the system gave any answer but that it cannot answer now."""

    def __init__(self, connected: Connected) -> None:
        self.heard = False
        for client in connected.clients:
            client.event_hooks = {"response": [self._hear]}

    async def _hear(self, reply: httpx.Response) -> None:
        self.heard = self.heard or reply.status_code < 500


def _without_secrets(finding: Finding, settings: Connection) -> Finding:
    detail = finding.detail
    for secret in settings.secrets.values():
        detail = detail.replace(secret.reveal(), "[removed]")
    return Finding(name=finding.name, ok=finding.ok, detail=detail)
