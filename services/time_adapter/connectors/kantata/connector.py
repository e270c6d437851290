"""The connector: verbs, feeds and ledger of one Kantata account."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

import httpx

from bus.clock import Clock
from contracts.ledgers.v1 import LedgerLine
from contracts.types import ConnectionName
from services.adapterkit.connector import Feed, Finding, Page, Proof, Verb

from ..port import FeedName
from .annotation import Annotation
from .api import Api
from .checkup import check
from .directory import Directory
from .entries import Counters, EntriesFeed
from .ledger import read_ledger
from .options import Options
from .provisioning import Provisioning
from .stories import StoriesFeed

__all__ = ["Kantata"]


class Kantata:
    """One Kantata account. `http` has the API's host as base URL and sends the bearer token.

    Safe to try again: every write carries an external reference by which it is found.
    """

    product = "kantata"
    proof: Proof = "query-by-reference"

    def __init__(
        self, *, name: ConnectionName, http: httpx.AsyncClient, options: Options, clock: Clock
    ) -> None:
        self.name: str = name
        self.settle_lag = options.settle_lag_seconds
        #: What the entries feed read and did not report.
        self.counters = Counters()
        self._http, self._options, self._clock = http, options, clock
        self._api = Api(http)
        self._directory = Directory(self._api, options, clock)
        self._connection = name
        self._provisioning = Provisioning(self._api, self._directory, options, clock)
        self._annotation = Annotation(name, self._api, options)
        self._entries = EntriesFeed(name, self._api, self._directory, options, self.counters)
        self._tasks = StoriesFeed(name, self._api, options, "task")
        self._milestones = StoriesFeed(name, self._api, options, "milestone")

    def verbs(self) -> Mapping[str, Verb]:
        return {
            "provision_workspace": Verb(apply=self._provisioning.apply, find=self._provisioning.find),
            "annotate_time": Verb(apply=self._annotation.apply, find=self._annotation.find),
        }

    def feeds(self) -> Sequence[Feed]:
        options = self._options
        return (
            self._feed("entries", options.entries_every_seconds, self._entries),
            self._feed("tasks", options.stories_every_seconds, self._tasks),
            self._feed("milestones", options.stories_every_seconds, self._milestones),
        )

    def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        return read_ledger(self._connection, self._api, self._directory, start, end)

    async def check(self) -> Sequence[Finding]:
        return await check(self._api, self._options)

    async def close(self) -> None:
        await self._http.aclose()

    def _feed(self, name: FeedName, every: float, source: EntriesFeed | StoriesFeed) -> Feed:
        async def poll(watermark: str | None) -> Page:
            return await source.poll(watermark, self._clock.now())

        return Feed(name=name, every=every, poll=poll)
