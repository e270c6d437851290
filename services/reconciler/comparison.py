"""Do the ledgers agree? Pure arithmetic over what the vendors hold."""

from collections.abc import Iterable
from dataclasses import dataclass

from contracts.ledgers.v1 import LedgerLine
from contracts.reconciliations.v1 import Difference

__all__ = ["Comparison", "compare"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Minutes approved, posted and held by exceptions; records; and everything that does not fit."""

    approved: int
    posted: int
    excepted: int
    entries: int
    invoices: int
    foreign: int
    differences: tuple[Difference, ...]


def compare(time: Iterable[LedgerLine], erp: Iterable[LedgerLine], excepted: set[str]) -> Comparison:
    """Hold the time system's approved entries against the ERP's postings, and the ERP's invoices against each other.

    `excepted` are the references (entry or invoice ids) that an open exception accounts for.
    """
    approved = {line.reference: line for line in time if line.reference is not None}
    posted: dict[str, list[LedgerLine]] = {}
    invoices: dict[str, list[LedgerLine]] = {}
    foreign = 0
    for line in erp:
        if line.reference is None:
            foreign += 1
        elif line.kind == "posted-time":
            posted.setdefault(line.reference.rsplit("#", 1)[0], []).append(line)
        else:
            invoices.setdefault(line.reference, []).append(line)
    differences: list[Difference] = []
    held = 0
    for entry in sorted(approved.keys() | posted.keys()):
        found = _entry(entry, approved.get(entry), posted.get(entry, []))
        if found is not None and entry in excepted:
            booked = approved[entry].minutes if entry in approved else 0
            held += booked - sum(line.minutes for line in posted.get(entry, []))
        elif found is not None:
            differences.append(found)
    differences += [
        Difference(
            kind="doubled", reference=invoice, engagement=lines[0].engagement,
            detail=f"{len(lines)} invoices carry one id: {', '.join(line.record for line in lines)}",
            amount=lines[0].amount,
        )
        for invoice, lines in sorted(invoices.items())
        if len(lines) > 1
    ]  # fmt: skip
    return Comparison(
        approved=sum(line.minutes for line in approved.values()),
        posted=sum(line.minutes for lines in posted.values() for line in lines),
        excepted=held,
        entries=len(approved),
        invoices=len(invoices),
        foreign=foreign,
        differences=tuple(differences),
    )


def _entry(entry: str, approved: LedgerLine | None, posted: list[LedgerLine]) -> Difference | None:
    """How one entry's approval and its postings disagree, if they do."""
    carried = sum(line.minutes for line in posted)
    records = ", ".join(line.record for line in posted)
    if approved is None:
        return Difference(
            kind="surplus", reference=entry, engagement=posted[0].engagement, minutes=carried,
            detail=f"posted as {records}, approved nowhere",
        )  # fmt: skip
    if not posted:
        return Difference(
            kind="missing", reference=entry, engagement=approved.engagement, minutes=approved.minutes,
            detail=f"approved on {approved.day}, posted nowhere",
        )  # fmt: skip
    if len(posted) > 1:
        return Difference(
            kind="doubled", reference=entry, engagement=approved.engagement, minutes=carried - approved.minutes,
            detail=f"posted {len(posted)} times: {records}",
        )  # fmt: skip
    if carried != approved.minutes:
        return Difference(
            kind="altered", reference=entry, engagement=approved.engagement, minutes=carried - approved.minutes,
            detail=f"{approved.minutes} minutes approved, {carried} posted as {records}",
        )  # fmt: skip
    return None
