"""The vendor's ledger, read back on command and published in pages, all of them or none.

A snapshot is an effect that only reads: that gives it a durable place in the line, turns, retries and an end.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from bus.actor import Actor, EffectSettled, Internal, Message, On
from bus.clock import Clock
from bus.decision import Decision, Done, Effect, Rejected
from bus.facts import Facts
from bus.host import Address, Host
from bus.ids import derived_id
from contracts import CONTRACTS
from contracts.ledgers.v1 import LedgerLine, LedgerPage, TakeSnapshot
from contracts.types import ConnectionName

from .carry import effect_key, refusal
from .connector import Applied, Connector, Verb, Write

__all__ = ["PAGE", "VERB", "PageRead", "snapshot_actor", "snapshot_verb"]

VERB = "take_snapshot"
#: Lines on one page.
PAGE = 400
#: Snapshots go behind everything that has a deadline.
PRIORITY = 8


class PageRead(Internal, frozen=True, tag="page-read"):
    """One page of the vendor's ledger, as it was read from `taken_at` on."""

    snapshot: str
    page: int
    last: bool
    taken_at: datetime
    lines: tuple[LedgerLine, ...]


class Snapshot(msgspec.Struct, frozen=True):
    """Whether all pages were published."""

    published: bool = False


def snapshot_actor(service: str, connection: ConnectionName) -> Actor[Snapshot]:
    """One actor a snapshot. Pages that are read again after they were published change nothing."""

    def taken(
        state: Snapshot, message: Message[TakeSnapshot], facts: Facts, policy: Any
    ) -> Decision[Snapshot]:
        command = message.body
        key = effect_key(connection, VERB, command.snapshot)
        return Decision(effects=(Effect(key=key, verb=VERB, command=command, lane=key, priority=PRIORITY),))

    def page_read(
        state: Snapshot, message: Message[PageRead], facts: Facts, policy: Any
    ) -> Decision[Snapshot]:
        if state.published:
            return Decision(outcome=Rejected("published already"))
        read = message.body
        page = LedgerPage(
            snapshot=read.snapshot, service=service, page=read.page, last=read.last, taken_at=read.taken_at,
            lines=read.lines,
        )  # fmt: skip
        return Decision(state=Snapshot(published=read.last), send=(page,))

    def settled(
        state: Snapshot, message: Message[EffectSettled], facts: Facts, policy: Any
    ) -> Decision[Snapshot]:
        body = message.body
        if body.status in ("applied", "planned"):
            return Decision(outcome=Done(body.status))
        command = CONTRACTS.decode(body.command_type, bytes(body.command))
        assert isinstance(command, TakeSnapshot)
        answer = refusal(command, body, service, connection, command.snapshot)
        return Decision(send=(answer,), outcome=Done(f"{body.status}: {body.why}"))

    return Actor(
        kind="snapshot",
        state=Snapshot,
        on=(
            On(message=TakeSnapshot, decide=taken),
            On(message=PageRead, decide=page_read),
            On(message=EffectSettled, decide=settled),
        ),
    )


def snapshot_verb(host: Host, connector: Connector, clock: Clock) -> Verb:
    """Reads the whole ledger, then hands over all pages in one commit: no snapshot mixes two readings."""

    async def apply(writes: Sequence[Write]) -> Sequence[Applied]:
        return [await _take(host, connector, clock, write.command) for write in writes]

    async def find(write: Write) -> None:
        return None

    return Verb(apply=apply, find=find)


async def _take(host: Host, connector: Connector, clock: Clock, command: TakeSnapshot) -> Applied:
    taken_at = clock.now()
    # A record that moved between two of the vendor's pages while they were read comes twice; it counts once.
    found: dict[tuple[str, str], LedgerLine] = {}
    async for line in connector.ledger(command.start, command.end):
        found[line.kind, line.record] = line
    lines = tuple(found.values())
    cuts = range(0, max(len(lines), 1), PAGE)
    pages = [
        PageRead(
            snapshot=command.snapshot, page=number, last=number == len(cuts), taken_at=taken_at,
            lines=lines[start : start + PAGE],
        )
        for number, start in enumerate(cuts, 1)
    ]  # fmt: skip
    actor = f"snapshot/{command.snapshot}"
    await host.tell(
        *(
            Address(actor=actor, body=page, id=derived_id("page", command.snapshot, page.page))
            for page in pages
        )
    )
    return {"pages": len(pages), "lines": len(lines)}
