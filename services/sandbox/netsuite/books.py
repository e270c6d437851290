"""The account's records: numbering, external ids, references and who changed what when."""

from dataclasses import dataclass
from datetime import datetime

from ..ledger import Collection, Document, Duplicate, Ledger
from .problems import user_error
from .recent import Recent
from .schema import RECORDS, SPACES

__all__ = ["Books", "Stamp"]

#: Records whose changes a SuiteQL table shows in one order.
FAMILIES = {
    "transaction": ("invoice", "customerPayment", "expenseReport"),
    "timebill": ("timeBill",),
    "customer": ("customer",),
    "job": ("job",),
    "projecttask": ("projectTask",),
}


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """When a change takes effect and who makes it. NetSuite keeps moments to the second, in UTC."""

    at: datetime
    by: str

    @property
    def moment(self) -> str:
        return f"{self.at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def today(self) -> str:
        return f"{self.at:%Y-%m-%d}"


class Books:
    """All records of the account over the ledger; knows identity and nothing of business rules."""

    def __init__(self, ledger: Ledger, seed: int) -> None:
        self._ledger, self._seed = ledger, seed
        self._counters = ledger.collection("counter")
        self.records: dict[str, Collection] = {
            name: ledger.collection(name, unique=("externalKey", "nameKey"), index=kind.index)
            for name, kind in RECORDS.items()
            if not kind.view
        }
        self.recent = {
            table: Recent(*(self.records[name] for name in names)) for table, names in FAMILIES.items()
        }
        self._table = {name: table for table, names in FAMILIES.items() for name in names}

    def number(self, counter: str, start: int = 1) -> int:
        """The next number of a counter, which the ledger keeps."""
        held = self._counters.get(counter)
        number = start if held is None else held["next"]
        self._counters.put(counter, {"next": number + 1})
        return int(number)

    def get(self, record: str, key: str | None) -> Document | None:
        return None if key is None else self.records[record].get(key)

    def need(self, record: str, key: str) -> Document:
        """The record behind a reference that was checked when it was written."""
        document = self.records[record].get(key)
        assert document is not None, f"{record} {key} is referred to and gone"
        return document

    def locate(self, record: str, token: str) -> Document | None:
        """A record by internal id, or by external id written `eid:...` (without regard to case)."""
        if token.startswith("eid:"):
            return self.records[record].by("externalKey", token[4:].lower())
        return self.records[record].get(token)

    def home(self, records: tuple[str, ...], key: str) -> str:
        """Which of several record types holds this id; they share one counter, so at most one does."""
        return next((record for record in records if key in self.records[record]), records[0])

    def called(self, record: str, key: str) -> str:
        """What another record shows as the name of this one."""
        document = self.records[record].get(key)
        return key if document is None else str(document.get(RECORDS[record].called) or key)

    def exponent(self, currency: str) -> int:
        """Minor digits of a currency, by its internal id."""
        return int(self.need("currency", currency).get("currencyPrecision", "2"))

    def new_id(self, record: str) -> str:
        """Ids start at a number that depends on the seed, so that two sandboxes rarely agree by accident."""
        space = RECORDS[record].space
        start = 1 if space == "list" else 101 + 1000 * SPACES.index(space) + self._seed % 89
        return str(self.number(f"id:{space}", start))

    def write(self, record: str, document: Document, stamp: Stamp) -> Document:
        """Keep a new or changed record; raises `Problem` where its external id or name is taken."""
        document["lastModifiedDate"], document["lastModifiedBy"] = stamp.moment, stamp.by
        document.setdefault("createdDate", stamp.moment)
        external = document.get("externalId")
        document["externalKey"] = None if external is None else external.lower()
        try:
            self.records[record].put(document["id"], document)
        except Duplicate as taken:
            if taken.field == "nameKey":
                raise user_error(
                    f"A {record} record with this ID already exists. "
                    "You must enter a unique ID for each record you create."
                ) from taken
            raise user_error(f"This record already exists: external ID {external}.") from taken
        if table := self._table.get(record):
            self.recent[table].note(self.records[record], document)
        return document

    def remove(self, record: str, key: str) -> None:
        self.records[record].delete(key)
