"""The NetSuite connector: which verb, feed and ledger is carried out where."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date

import httpx

from bus.clock import Clock
from contracts.ledgers.v1 import LedgerLine
from contracts.types import ConnectionName
from services.adapterkit.connector import Applied, Feed, Finding, Proof, Verb, Write
from services.adapterkit.families import Family

from ..port import FeedName, VerbName
from .changes import Changes
from .check import findings
from .currencies import Currencies
from .customers import Customers
from .external_ids import ExternalIds
from .invoices import Invoices
from .jobs import Jobs
from .ledger import ledger_lines
from .options import Options
from .project_book import ProjectBook
from .projects import Projects
from .reference import Reference
from .subsidiaries import Subsidiaries
from .suitetalk import SuiteTalk
from .time import TimeBills

__all__ = ["NetSuite"]

One = Callable[[Write], Awaitable[Applied]]


class NetSuite:
    """One NetSuite account. Every write goes out under an external id of ours, which NetSuite keeps unique."""

    product: str = "netsuite"
    proof: Proof = "external-id"

    def __init__(
        self, *, name: ConnectionName, http: httpx.AsyncClient, options: Options, clock: Clock
    ) -> None:
        self.name: str = name
        self.settle_lag = options.settle_lag_seconds
        self._http, self._options = http, options
        self._suitetalk = suitetalk = SuiteTalk(http)
        self._currencies = currencies = Currencies(suitetalk, options.currencies)
        self._subsidiaries = subsidiaries = Subsidiaries(suitetalk, options)
        self._ids = ids = ExternalIds(options.prefix)
        jobs = Jobs(suitetalk, options, clock)
        book = ProjectBook(suitetalk, currencies, ids)
        self._customers = Customers(suitetalk, currencies)
        self._projects = Projects(suitetalk, currencies, ids, options)
        self._time = TimeBills(suitetalk, jobs, subsidiaries, book, ids, options)
        self._invoices = Invoices(suitetalk, currencies, subsidiaries, ids, options)
        self._changes = Changes(suitetalk, currencies, ids, options, name)
        self._reference = Reference(suitetalk, currencies, subsidiaries, options, name)

    def verbs(self) -> Mapping[str, Verb]:
        verbs: dict[VerbName, Verb] = {
            "ensure_customer": Verb(apply=_singly(self._customers.ensure), find=self._customers.find),
            "create_project": Verb(apply=_singly(self._projects.create), find=self._projects.find),
            "post_time": Verb(apply=self._time.post, find=self._time.find, most=self._options.batch),
            "reverse_time": Verb(apply=_singly(self._time.reverse), find=self._time.find_reversal),
            "draft_invoice": Verb(apply=_singly(self._invoices.draft), find=self._invoices.find_draft),
            "post_invoice": Verb(apply=_singly(self._invoices.post), find=self._invoices.find_posted),
        }
        return {str(name): verb for name, verb in verbs.items()}

    def feeds(self) -> Sequence[Feed]:
        reference, changes = self._options.reference_every_seconds, self._options.changes_every_seconds
        feeds: dict[FeedName, Feed] = {
            "periods": Feed(name="periods", every=reference, poll=self._reference.periods),
            "rate-cards": Feed(name="rate-cards", every=reference, poll=self._reference.rate_cards),
            "projects": Feed(name="projects", every=changes, poll=self._changes.projects),
            "invoices": Feed(name="invoices", every=changes, poll=self._changes.invoices),
        }
        return list(feeds.values())

    def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        return ledger_lines(self._suitetalk, self._currencies, self._ids, self._options, start, end)

    async def check(self) -> Sequence[Finding]:
        return await findings(self._suitetalk, self._subsidiaries, self._options)

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
