"""The Tryton connector: which verb, feed and ledger is carried out where."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date

import httpx

from bus.clock import Clock
from contracts.ledgers.v1 import LedgerLine
from contracts.types import ConnectionName
from services.adapterkit.connector import Applied, Feed, Finding, Proof, Verb, Write
from services.adapterkit.families import Family

from ..port import FeedName, VerbName
from .billing import Billing
from .check import findings
from .customers import Customers
from .directory import Directory
from .feeds import Feeds
from .ledger import Ledger
from .locks import Locks
from .options import Options
from .posting import Posting
from .projects import Projects
from .reversals import Reversals
from .rpc import Rpc
from .tasks import Tasks
from .timelines import TimeLines

__all__ = ["Tryton"]

One = Callable[[Write], Awaitable[Applied]]


class Tryton:
    """One Tryton database. No field takes a key of ours with a unique index, so every write is looked up first.

    `http` has the database's address as its base URL, such as `https://erp.example/firm`, and `SessionLogin`.
    There must be one writer only: one connector for each database.
    """

    product: str = "tryton"
    proof: Proof = "query-by-reference"

    def __init__(
        self, *, name: ConnectionName, http: httpx.AsyncClient, options: Options, clock: Clock
    ) -> None:
        self.name: str = name
        self.settle_lag = options.settle_lag_seconds
        self._http, self._options = http, options
        self._rpc = rpc = Rpc(http)
        self._directory = directory = Directory(rpc, options, clock)
        self._tasks = tasks = Tasks(rpc, options)
        locks = Locks()
        self._customers = Customers(rpc, directory)
        self._projects = Projects(rpc, directory, locks, options)
        self._time = TimeLines(rpc, directory, tasks, locks)
        self._reversals = Reversals(rpc)
        self._billing = Billing(rpc, directory, locks)
        self._posting = Posting(rpc, directory)
        self._feeds = Feeds(rpc, directory, tasks, options, name)
        self._ledger = Ledger(rpc, directory)

    def verbs(self) -> Mapping[str, Verb]:
        batch = self._options.batch
        verbs: dict[VerbName, Verb] = {
            "ensure_customer": Verb(apply=_singly(self._customers.ensure), find=self._customers.find),
            "create_project": Verb(apply=_singly(self._projects.create), find=self._projects.find),
            "post_time": Verb(apply=self._time.post, find=self._time.find, most=batch),
            "reverse_time": Verb(apply=self._reversals.reverse, find=self._reversals.find, most=batch),
            "draft_invoice": Verb(apply=_singly(self._billing.draft), find=self._billing.find),
            "post_invoice": Verb(apply=_singly(self._posting.post), find=self._posting.find),
        }
        return {str(name): verb for name, verb in verbs.items()}

    def feeds(self) -> Sequence[Feed]:
        reference, changes = self._options.reference_every_seconds, self._options.changes_every_seconds
        feeds: dict[FeedName, Feed] = {
            "periods": Feed(name="periods", every=reference, poll=self._feeds.periods),
            "rate-cards": Feed(name="rate-cards", every=reference, poll=self._feeds.rate_cards),
            "projects": Feed(name="projects", every=changes, poll=self._feeds.projects),
            "invoices": Feed(name="invoices", every=changes, poll=self._feeds.invoices),
        }
        return list(feeds.values())

    def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        return self._ledger.lines(start, end)

    async def check(self) -> Sequence[Finding]:
        return await findings(self._rpc, self._directory, self._tasks, self._options)

    async def close(self) -> None:
        await self._http.aclose()


def _singly(one: One) -> Callable[[Sequence[Write]], Awaitable[Sequence[Applied | Family]]]:
    """A verb of one call for each write: each answers for itself."""

    async def apply(writes: Sequence[Write]) -> Sequence[Applied | Family]:
        outcomes: list[Applied | Family] = []
        for write in writes:
            try:
                outcomes.append(await one(write))
            except Family as family:
                outcomes.append(family)
        return outcomes

    return apply
