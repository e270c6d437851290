"""Approved minutes against posted minutes, entry by entry."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from .account import Finding
from .ledgers import Posting, TimeEntry

__all__ = ["compare", "grouped", "is_posted"]


def compare(
    entries: Iterable[TimeEntry], postings: Sequence[Posting], held: Collection[str]
) -> Iterator[Finding]:
    """Every entry whose approval and posting differ. Entries in `held` are known to the caller and passed over."""
    by_entry = grouped(postings)
    known = {entry.entry: entry for entry in entries}
    for entry in known.values():
        if entry.approved and entry.entry not in held:
            yield from _approved(entry, by_entry.get(entry.entry, []))
    for reference, several in by_entry.items():
        yield from _doubled(reference, several)
        if reference in held or (reference in known and known[reference].approved):
            continue
        why = "is not approved" if reference in known else "is not in the time system"
        minutes, where = _sum(several), _records(several)
        words = f"{minutes} minutes are posted as {where}, and the entry {why}"
        yield Finding(kind="time", reference=reference, words=words, minutes=abs(minutes))
    for posting in postings:
        if not posting.entry:
            words = f"{posting.minutes} minutes on {posting.engagement} carry no reference to an entry"
            yield Finding(
                kind="time",
                reference=f"posting {posting.record}",
                words=words,
                minutes=abs(posting.minutes),
            )


def grouped(postings: Iterable[Posting]) -> Mapping[str, list[Posting]]:
    """Postings by the entry they carry."""
    found: dict[str, list[Posting]] = {}
    for posting in postings:
        if posting.entry:
            found.setdefault(posting.entry, []).append(posting)
    return found


def is_posted(entry: TimeEntry, postings: Sequence[Posting]) -> bool:
    """Whether the ERP carries exactly these minutes, for this person, on this engagement."""
    return next(_approved(entry, postings), None) is None


def _approved(entry: TimeEntry, postings: Sequence[Posting]) -> Iterator[Finding]:
    def found(words: str, minutes: int) -> Finding:
        return Finding(kind="time", reference=entry.entry, words=words, minutes=minutes)

    project = entry.engagement or f"workspace {entry.workspace}, which is no engagement's"
    if not postings:
        yield found(
            f"{entry.minutes} minutes of {entry.person} on {project} are approved and not posted",
            entry.minutes,
        )
        return
    where = _records(postings)
    if any(posting.person != entry.person for posting in postings):
        people = ", ".join(sorted({posting.person for posting in postings}))
        yield found(f"booked by {entry.person}, posted for {people} as {where}", entry.minutes)
    elif any(posting.engagement != entry.engagement for posting in postings):
        projects = ", ".join(sorted({posting.engagement or "no engagement" for posting in postings}))
        yield found(f"booked on {project}, posted on {projects} as {where}", entry.minutes)
    elif (minutes := _sum(postings)) != entry.minutes:
        words = f"{entry.minutes} minutes are approved, {minutes} are posted as {where}"
        yield found(words, abs(minutes - entry.minutes))


def _doubled(reference: str, postings: Sequence[Posting]) -> Iterator[Finding]:
    """One finding for each posting too many; each negative posting takes one back."""
    added = [posting for posting in postings if posting.minutes > 0]
    for extra in added[1 + len(postings) - len(added) :]:
        words = f"posted again as posting {extra.record}, beside posting {added[0].record}"
        yield Finding(kind="duplicate", reference=reference, words=words)


def _sum(postings: Iterable[Posting]) -> int:
    return sum(posting.minutes for posting in postings)


def _records(postings: Iterable[Posting]) -> str:
    return ", ".join(f"posting {posting.record}" for posting in postings)
