"""The Salesforce connector: accounts and won opportunities are read, how their engagements fare is written."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import httpx

from bus.clock import Clock
from contracts.ledgers.v1 import LedgerLine
from contracts.types import ConnectionName
from services.adapterkit.connector import Feed, Finding, Proof, Verb

from . import customers, opportunities
from .annotation import Annotation
from .api import Api
from .changes import Changes, Source
from .checkup import check
from .options import Options

__all__ = ["Salesforce"]


class Salesforce:
    """One org. Safe to retry: all writes set fields of a record by its id."""

    product = "salesforce"
    proof: Proof = "external-id"

    def __init__(
        self, *, name: ConnectionName, http: httpx.AsyncClient, options: Options, clock: Clock
    ) -> None:
        self.name: str = name
        self.settle_lag = options.settle_lag_seconds
        self._http, self._options, self._clock = http, options, clock
        self._api = Api(http, options)
        self._sources: tuple[Source[Any], ...] = (
            customers.source(name, options),
            opportunities.source(name, options),
        )

    def verbs(self) -> Mapping[str, Verb]:
        annotation = Annotation(self._api, self._options)
        return {
            "annotate_opportunity": Verb(
                apply=annotation.apply, find=annotation.find, most=self._options.records_per_call
            )
        }

    def feeds(self) -> Sequence[Feed]:
        limit, every = self._options.records_per_page, self._options.poll_seconds
        accounts, won = (self._changes(source, limit=limit) for source in self._sources)
        return (
            Feed(name="customers", every=every, poll=accounts.poll),
            Feed(name="opportunities", every=every, poll=won.poll),
        )

    async def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        """No lines: a CRM holds neither time nor invoices."""
        lines: tuple[LedgerLine, ...] = ()
        for line in lines:
            yield line

    async def check(self) -> Sequence[Finding]:
        """Sign in, read, and compare the org's fields with the options; writes nothing."""
        polls = {source.sobject: self._changes(source, limit=1).poll for source in self._sources}
        return await check(self._api, self._options, polls)

    async def close(self) -> None:
        await self._http.aclose()

    def _changes(self, source: Source[Any], *, limit: int) -> Changes[Any]:
        overlap = timedelta(seconds=self._options.overlap_seconds)
        return Changes(self._api.query, self._clock, source, limit=limit, overlap=overlap)
