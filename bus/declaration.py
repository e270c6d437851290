"""What a service declares it reads, writes, asks and answers: topology and permissions are derived from it."""

from collections.abc import Iterable

import msgspec

from contracts import Contract

from .ports import Consumer
from .subjects import SLOTS, stream_of

__all__ = ["Declaration"]


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """A service's dealings with the bus.

    `reads` are the contracts whose messages it handles and `facts` those it builds reference data from; for a
    contract under `{service}`, `reads_of` names the owners it listens to (its own commands need no mention).
    `writes` are the contracts it publishes; for commands under `{service}`, `writes_to` names the receivers.
    """

    service: str
    reads: tuple[type[Contract], ...] = ()
    facts: tuple[type[Contract], ...] = ()
    writes: tuple[type[Contract], ...] = ()
    asks: tuple[type[Contract], ...] = ()
    answers: tuple[type[Contract], ...] = ()
    reads_of: tuple[str, ...] = ()
    writes_to: tuple[str, ...] = ()

    def consumers(self, shard: int = 0, shards: int = 1) -> tuple[Consumer, ...]:
        """One durable a stream for what is handled (this shard's slots), one for facts (all slots)."""
        low, high = shard * SLOTS // shards, (shard + 1) * SLOTS // shards
        slots = ["*"] if shards == 1 else [str(slot) for slot in range(low, high)]
        suffix = f"{shard}of{shards}"
        return (
            *self._consumers(self.reads, slots, suffix),
            *self._consumers(self.facts, ["*"], f"facts__{suffix}"),
        )

    def _consumers(
        self, contracts: Iterable[type[Contract]], slots: list[str], suffix: str
    ) -> Iterable[Consumer]:
        filters: dict[str, list[str]] = {}
        for contract in contracts:
            for owner in self.read_owners(contract):
                stream = stream_of(owner, contract.subject.kind)
                filters.setdefault(stream, []).extend(
                    f"{contract.subject.owned_by(owner)}.{slot}" for slot in slots
                )
        for stream, subjects in sorted(filters.items()):
            yield Consumer(
                name=f"{self.service}__{stream}__{suffix}", stream=stream, filters=tuple(sorted(subjects))
            )

    def read_owners(self, contract: type[Contract]) -> tuple[str, ...]:
        """Under whose subjects this service reads a contract."""
        if contract.subject.owner != "{service}":
            return (contract.subject.owner,)
        return (self.service,) if contract.subject.kind == "cmd" else self.reads_of

    def write_owners(self, contract: type[Contract]) -> tuple[str, ...]:
        """Under whose subjects this service publishes a contract."""
        if contract.subject.owner != "{service}":
            return (contract.subject.owner,)
        return self.writes_to if contract.subject.kind == "cmd" else (self.service,)
