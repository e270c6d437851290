"""Every published contract, and how bytes become the newest version of one."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from . import (
    base,
    billing,
    customers,
    engagements,
    exceptions,
    invoices,
    ledgers,
    opportunities,
    policies,
    postings,
    projects,
    queries,
    reconciliations,
    reference,
    timesheets,
    writes,
)
from .base import Contract

__all__ = ["CONTRACTS", "Catalogue", "FutureVersion", "Undecodable"]

Upcast = Callable[[Any], Contract]


class Undecodable(ValueError):
    """The bytes are not the contract they claim to be."""


class FutureVersion(ValueError):
    """The message's type is unknown here: published by a newer version, or by nobody we know."""


class Catalogue:
    """The contracts a process understands. Decoding lifts old major versions to the newest."""

    def __init__(
        self, contracts: Iterable[type[Contract]], upcasts: Iterable[tuple[type[Contract], Upcast]] = ()
    ) -> None:
        self._types: dict[str, type[Contract]] = {}
        for contract in contracts:
            name = contract.wire_name()
            if name in self._types:
                raise TypeError(f"two contracts are named {name}")
            self._types[name] = contract
        self._upcasts: dict[type[Contract], Upcast] = dict(upcasts)
        self._decoders = {name: msgspec.json.Decoder(contract) for name, contract in self._types.items()}
        self._encoder = msgspec.json.Encoder(decimal_format="string")

    def __iter__(self) -> Iterator[type[Contract]]:
        return iter(self._types.values())

    def __getitem__(self, wire_name: str) -> type[Contract]:
        return self._types[wire_name]

    def encode(self, message: Contract) -> bytes:
        """The contract as JSON bytes, its tag under `type`."""
        return self._encoder.encode(message)

    def decode(self, wire_name: str, data: bytes) -> Contract:
        """Read one message; raises `FutureVersion` for an unknown type, `Undecodable` for wrong bytes."""
        decoder = self._decoders.get(wire_name)
        if decoder is None:
            raise FutureVersion(f"no contract is named {wire_name!r} here; upgrade this service, then replay")
        try:
            message: Contract = decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
            raise Undecodable(f"{wire_name}: {wrong}") from None
        while (lift := self._upcasts.get(type(message))) is not None:
            message = lift(message)
        return message


def _published(*modules: Any) -> list[type[Contract]]:
    return [
        item
        for module in modules
        for item in (getattr(module, name) for name in module.__all__)
        if isinstance(item, type) and issubclass(item, Contract) and item is not base.Contract
    ]


CONTRACTS = Catalogue(
    _published(
        customers.v1, opportunities.v1, projects.v1, timesheets.v1, postings.v1, invoices.v1, writes.v1,
        reference.v1, reconciliations.v1, engagements.v1, billing.v1, exceptions.v1, ledgers.v1, policies.v1,
        queries.v1,
    )
)  # fmt: skip
