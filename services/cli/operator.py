"""The operator's own dealings with the bus: questions to services, commands, policy."""

import asyncio
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import msgspec

from bus.declaration import Declaration
from bus.envelope import Envelope
from bus.jetstream import JetStreamBus
from bus.ports import Bus, Outgoing, PublishUnknown
from bus.subjects import publish_subject, stream_of
from contracts import CONTRACTS, Contract
from contracts.billing.v1 import ApproveInvoice, CloseBillingCycle
from contracts.exceptions.v1 import FixException, ReleaseException
from contracts.policies.v1 import Policy, PolicyPublished
from contracts.queries.v1 import AskExceptions, AskLineage, AskParked, AskStatus, ReplayParked
from contracts.reconciliations.v1 import StartReconciliation
from contracts.types import PolicyHash

__all__ = ["SERVICES", "Operator", "declaration", "policy_event"]

#: Every service that answers questions, in the order of the line.
SERVICES = ("crm", "erp", "time", "orchestrator", "reconciler")
COMMANDS = (CloseBillingCycle, ApproveInvoice, ReleaseException, FixException, StartReconciliation)

A = TypeVar("A", bound=Contract)


def declaration() -> Declaration:
    """What an operator may publish and ask."""
    return Declaration(
        service="operator",
        writes=(PolicyPublished, *COMMANDS),
        writes_to=SERVICES,
        asks=(AskStatus, AskExceptions, AskParked, ReplayParked, AskLineage),
    )


def policy_event(policy: Policy, by: str) -> PolicyPublished:
    """The policy under its content hash: the same bundle always has the same hash."""
    canonical = msgspec.json.encode(policy, order="deterministic")
    return PolicyPublished(hash=PolicyHash(sha256(canonical).hexdigest()), policy=policy, published_by=by)


class Operator:
    """One person's connection."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.name = getpass.getuser()

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, key_file: Path) -> AsyncIterator["Operator"]:
        """Connect for as long as the block runs; raises `ConnectionError` when nothing listens."""
        try:
            async with asyncio.timeout(5):
                bus = await JetStreamBus.open(url, "operator", key_file)
        except TimeoutError:
            raise ConnectionError(f"no bus answers at {url}; is `fairlead up` running?") from None
        try:
            yield cls(bus)
        finally:
            await bus.close()

    async def ask(self, question: Contract, answer: type[A], *, timeout: float = 5.0) -> A:
        """Ask one service; raises `TimeoutError` when it does not answer."""
        subject = f"{type(question).subject.owned_by(question.stream_owner)}.0"
        reply = await self._bus.request(subject, CONTRACTS.encode(question), timeout)
        decoded = CONTRACTS.decode(answer.wire_name(), reply)
        assert isinstance(decoded, answer)
        return decoded

    async def publish(self, message: Contract, *, message_id: str | None = None) -> str:
        """Publish a command or an operator's event, until it is stored; returns its message id."""
        envelope = Envelope(
            id=message_id or uuid4().hex,
            type=type(message).wire_name(),
            source=f"/fairlead/operator/{self.name}",
            time=datetime.now(UTC),
            key=message.key,
        )
        outgoing = Outgoing(
            subject=publish_subject(message), headers=envelope.headers(), data=CONTRACTS.encode(message)
        )
        stream = stream_of(message.stream_owner, type(message).subject.kind)
        for _ in range(5):
            try:
                await self._bus.publish_one(stream, outgoing)
                return envelope.id
            except PublishUnknown:
                continue
        raise TimeoutError(f"{outgoing.subject}: the bus did not say whether it stored the message")
