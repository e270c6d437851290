"""What every service answers about itself: status, exceptions, parked messages, lineage."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from sqlalchemy import or_, select
from sqlalchemy.engine import Connection, Row

from contracts import CONTRACTS, Contract
from contracts.exceptions.v1 import HeldUp
from contracts.queries.v1 import (
    AskExceptions,
    AskLineage,
    AskParked,
    AskStatus,
    ConnectionStatus,
    ExceptionRecord,
    Exceptions,
    Lineage,
    LineageRow,
    Parked,
    ParkedRecord,
    Replayed,
    ReplayParked,
    Status,
)  # fmt: skip

from . import tables
from .host import Host
from .moments import instant
from .ports import Bus

__all__ = ["answer_questions"]

#: An answer stays below the bus's 1 MiB.
MOST_PARKED_BYTES = 700_000


async def answer_questions(
    bus: Bus, host: Host, *, version: str, connections: Callable[[], tuple[ConnectionStatus, ...]] = tuple
) -> None:
    """Register the answers; they are given for as long as the bus connection lasts."""

    async def status(question: AskStatus) -> Status:
        counts = await host.counts()
        return Status(
            service=host.service.name, version=version, epoch=host.store.epoch, positions=dict(host.positions),
            outbox=counts["outbox"], timers=counts["timers"], parked=counts["parked"],
            exceptions_open=counts["exceptions_open"],
            effects={name[8:]: count for name, count in counts.items() if name.startswith("effects_")},
            policy=host.policy[0] if host.policy else None, connections=connections(),
        )  # fmt: skip

    async def exceptions(question: AskExceptions) -> Exceptions:
        found = await host.store.read(lambda connection: _exceptions(connection, question))
        return Exceptions(service=host.service.name, exceptions=tuple(found))

    async def parked(question: AskParked) -> Parked:
        found = await host.store.read(lambda connection: _parked(connection, question))
        return Parked(service=host.service.name, parked=tuple(found))

    async def replay(question: ReplayParked) -> Replayed:
        before = (await host.counts())["parked"] if not question.ids else len(question.ids)
        await host.replay(question.ids)
        return Replayed(service=host.service.name, count=before)

    async def lineage(question: AskLineage) -> Lineage:
        found = await host.store.read(lambda connection: _lineage(connection, question, host.service.name))
        return Lineage(service=host.service.name, rows=tuple(found))

    answers: dict[type[Contract], Callable[[Any], Awaitable[Contract]]] = {
        AskStatus: status, AskExceptions: exceptions, AskParked: parked, ReplayParked: replay, AskLineage: lineage,
    }  # fmt: skip
    for question, answer in answers.items():
        await bus.respond(f"{question.subject.owned_by(host.service.name)}.0", _responder(question, answer))


def _responder(
    question: type[Contract], answer: Callable[[Any], Awaitable[Contract]]
) -> Callable[[bytes], Awaitable[bytes]]:
    async def respond(data: bytes) -> bytes:
        return CONTRACTS.encode(await answer(CONTRACTS.decode(question.wire_name(), data)))

    return respond


def _exceptions(connection: Connection, question: AskExceptions) -> list[ExceptionRecord]:
    table = tables.exception
    query = select(table).order_by(table.c.raised_at).limit(question.limit)
    if question.exception is not None:
        query = query.where(table.c.exception == question.exception)
    elif question.open_only:
        query = query.where(table.c.resolved_at.is_(None))
    return [_exception(row) for row in connection.execute(query)]


def _exception(row: Row[Any]) -> ExceptionRecord:
    actor, key = row.actor.split("/", 1)
    return ExceptionRecord(
        exception=row.exception, code=row.code, category=row.category, summary=row.summary, fix=row.fix,
        owner=row.owner, held_up=msgspec.json.decode(row.held_up, type=HeldUp), raised_at=instant(row.raised_at),
        resolved_at=None if row.resolved_at is None else instant(row.resolved_at), how=row.how, actor=actor,
        key=key, releases_on=msgspec.json.decode(row.releases_on, type=tuple[str, ...]),
    )  # fmt: skip


def _parked(connection: Connection, question: AskParked) -> list[ParkedRecord]:
    query = select(tables.parked).order_by(tables.parked.c.id).limit(question.limit)
    found: list[ParkedRecord] = []
    size = 0
    for row in connection.execute(query):
        size += len(row.data) * 4 // 3 + 500
        if size > MOST_PARKED_BYTES and found:
            break
        actor, _, key = (row.actor or "").partition("/")
        found.append(
            ParkedRecord(
                id=row.id, consumer=row.consumer, sequence=row.sequence, subject=row.subject, actor=actor or None,
                key=key or None, reason=row.reason, detail=row.detail, data=row.data,
                parked_at=instant(row.parked_at),
            )
        )  # fmt: skip
    return found


def _lineage(connection: Connection, question: AskLineage, service: str) -> list[LineageRow]:
    table = tables.lineage
    wanted = or_(
        table.c.message_key.in_(question.keys), table.c.actor_key.in_(question.keys),
        table.c.message.in_(question.messages),
    )  # fmt: skip
    query = select(table).where(wanted).order_by(table.c.id).limit(question.limit)
    if question.types:
        query = query.where(table.c.type.in_(question.types))
    rows = connection.execute(query)
    return [
        LineageRow(
            service=service, at=instant(row.at), actor=row.actor.split("/", 1)[0], key=row.actor_key,
            message=row.message, type=row.type, message_key=row.message_key, cause=row.cause, outcome=row.outcome,
            note=row.note, sent=msgspec.json.decode(row.sent, type=tuple[str, ...]), policy=row.policy,
        )
        for row in rows
    ]  # fmt: skip
