"""The process of one adapter: its connection from the firm's configuration, its host, its executor and feeds."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from typing import Annotated

import httpx
from pydantic import BaseModel, Field, ValidationError

from bus.clock import Clock, SystemClock
from bus.host import Host
from bus.jetstream import JetStreamBus
from bus.running import Companion, run_service
from bus.settings import ServiceSettings
from contracts import Contract
from contracts.types import ConnectionName
from services.configuration import ConfigurationError, Connection, load_firm
from services.configuration.firm import Domain

from .adapter import Adapter, adapter_service
from .carry import Carry
from .connector import Budget, Connector
from .governor import Governor
from .window import EffectWindow
from .wire import vendor_client

__all__ = ["AdapterSettings", "Product", "connect", "run_adapter"]

#: Exit code of a process that cannot work with its configuration (EX_CONFIG): nobody starts it again.
BAD_CONFIGURATION = 78

#: Signs calls of one connection; the client it is given fetches tokens and is not signed.
SignIn = Callable[[Connection, httpx.AsyncClient, Clock], httpx.Auth]


@dataclass(frozen=True, kw_only=True)
class Product:
    """A product that can be connected: its connector, the options that configure it, and how it signs in."""

    connector: Callable[..., Connector]
    options: type[BaseModel]
    sign_in: SignIn


class AdapterSettings(ServiceSettings):
    """What an adapter needs beside what every service needs."""

    config: Annotated[Path, Field(description="the firm's configuration file")]


@dataclass(frozen=True, kw_only=True)
class Connected:
    """A connector, its governor, and the clients to close at the end."""

    connector: Connector
    governor: Governor
    clients: tuple[httpx.AsyncClient, ...]

    async def close(self) -> None:
        await self.connector.close()
        for client in self.clients:
            await client.aclose()


def connect(config: Path, domain: Domain, products: Mapping[str, Product], clock: Clock) -> Connected:
    """Build the connection of a domain; raises `ConfigurationError`, `LookupError` for a secret that is not there."""
    firm = load_firm(config)
    if domain not in firm.connections:
        raise ConfigurationError([f"{config}: connections.{domain} is missing"])
    settings = firm.connections[domain]
    if settings.product not in products:
        legal = ", ".join(sorted(products))
        raise ConfigurationError(
            [f"{config}: connections.{domain}.product: {settings.product!r} is not known; legal are {legal}"]
        )
    product = products[settings.product]
    try:
        options = product.options.model_validate(settings.options)
    except ValidationError as wrong:
        where = f"{config}: connections.{domain}.options"
        raise ConfigurationError(
            [f"{where}.{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in wrong.errors()]
        ) from None
    budget = Budget(at_once=settings.at_once, per_second=settings.per_second, head_room=settings.head_room)
    governor = Governor(
        budget, name=settings.product, product=settings.product, clock=clock, random=SystemRandom()
    )
    tokens = vendor_client(charge=governor.charge, patience=clock)
    http = vendor_client(
        settings.base_url, charge=governor.charge, auth=product.sign_in(settings, tokens, clock),
        at_once=settings.at_once, patience=clock,
    )  # fmt: skip
    connector = product.connector(
        name=ConnectionName(settings.product), http=http, options=options, clock=clock
    )
    return Connected(connector=connector, governor=governor, clients=(http, tokens))


async def run_adapter(
    settings: AdapterSettings, domain: Domain, products: Mapping[str, Product], carries: Sequence[Carry],
    observes: Sequence[type[Contract]],
) -> None:  # fmt: skip
    """Own the store, carry out commands and read feeds until cancelled."""
    clock = SystemClock()
    try:
        connected = connect(settings.config, domain, products, clock)
    except (ConfigurationError, LookupError) as wrong:
        print(wrong, file=sys.stderr)
        raise SystemExit(BAD_CONFIGURATION) from None
    window = EffectWindow()
    adapters: list[Adapter] = []

    def companions(host: Host) -> list[Companion]:
        adapter = Adapter(host, connected.connector, connected.governor, window, clock, SystemRandom())
        adapters.append(adapter)
        return [adapter]

    service = adapter_service(domain, carries, observes, ConnectionName(connected.connector.name))
    try:
        bus = await JetStreamBus.open(settings.bus_url, domain, settings.key_file)
        await run_service(
            service, store=settings.store, bus=bus, clock=clock, admission=window, companions=companions,
            connections=lambda: tuple(adapter.status() for adapter in adapters),
        )  # fmt: skip
    finally:
        await connected.close()
