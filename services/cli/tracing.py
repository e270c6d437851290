"""`trace`: one id, and everything that led to it and followed from it, across all services."""

from collections.abc import Iterable

from contracts.queries.v1 import AskLineage, Lineage, LineageRow

from .operator import SERVICES, Operator

__all__ = ["trace"]

#: More messages than this are not followed one by one.
MOST = 20_000


async def trace(operator: Operator, wanted: str) -> list[LineageRow]:
    """Every decision about an id, oldest first.

    An id may be a deal, an engagement, a time entry, an invoice or a message. What its messages caused and were
    caused by is followed through every service.
    """
    rows: dict[tuple[str, str, str, str], LineageRow] = {}
    keys = {wanted, f"E-{wanted}", wanted.removeprefix("E-")}
    followed, causes, asked = {wanted}, set[str](), set[str]()
    while (new := (followed | causes) - asked) and len(asked) < MOST:
        first = not asked
        asked |= new
        for found in await _ask(operator, keys if first else (), new):
            rows[found.service, found.actor, found.key, found.message] = found
            # A cause is shown; what else it led to belongs to others.
            if found.message in followed or {found.key, found.message_key} & keys:
                followed |= {*found.sent, found.message}
            if found.cause:
                causes.add(found.cause)
    return sorted(rows.values(), key=lambda row: row.at)


async def _ask(operator: Operator, keys: Iterable[str], messages: Iterable[str]) -> list[LineageRow]:
    rows: list[LineageRow] = []
    wanted = sorted(messages)
    lots = [wanted[at : at + 500] for at in range(0, len(wanted), 500)] or [[]]
    for service in SERVICES:
        for number, lot in enumerate(lots):
            question = AskLineage(
                service=service, keys=tuple(keys) if number == 0 else (), messages=tuple(lot), limit=1_500
            )
            rows += (await operator.ask(question, Lineage)).rows
    return rows
