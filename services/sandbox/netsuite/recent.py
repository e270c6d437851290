"""Documents in the order of their last change, so that a poll for what is new reads only what is new."""

from bisect import bisect_left
from collections.abc import Iterator

from ..ledger import Collection, Document

__all__ = ["Recent"]


class Recent:
    """An index over `lastModifiedDate` and id of one or more collections that share an id space.

    It learns of every write and never of a rollback: an entry counts only while its document still carries
    that moment, so what was rolled back or changed again falls out on reading.
    """

    def __init__(self, *collections: Collection) -> None:
        self._collections = collections
        self._entries: list[tuple[str, int, int]] | None = None

    def note(self, collection: Collection, document: Document) -> None:
        """Remember that `document` was just written."""
        if self._entries is None:
            return
        entry = (document["lastModifiedDate"], int(document["id"]), self._collections.index(collection))
        place = bisect_left(self._entries, entry)
        if place == len(self._entries) or self._entries[place] != entry:
            self._entries.insert(place, entry)

    def since(self, moment: str = "") -> Iterator[Document]:
        """Documents changed at `moment` (ISO text) or later, oldest change first, then by id."""
        entries = self._fresh()
        for place in range(bisect_left(entries, (moment, 0, 0)), len(entries)):
            changed, number, source = entries[place]
            document = self._collections[source].get(str(number))
            if document is not None and document["lastModifiedDate"] == changed:
                yield document

    def _fresh(self) -> list[tuple[str, int, int]]:
        """The entries, rebuilt when never built or mostly out of date."""
        live = sum(len(collection) for collection in self._collections)
        if self._entries is None or len(self._entries) > 2 * live + 1000:
            self._entries = sorted(
                (document["lastModifiedDate"], int(document["id"]), source)
                for source, collection in enumerate(self._collections)
                for document in collection
            )
        return self._entries
