"""A bench for the smallest vendor there can be, and for connectors that get something about it wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from bus.clock import SystemClock
from services.adapterkit.auth import ClientCredentials
from services.adapterkit.connector import Write
from services.adapterkit.wire import vendor_client
from services.sandbox.ledger import Ledger
from services.sandbox.server import Server, serving
from tests.connectors.kit.conformance import Bench, LedgerSample
from tests.support.kit_booth import DAY, Booking, Booth, BoothConnector, now

Benches = Callable[..., AbstractAsyncContextManager[Bench]]


async def _free() -> None:
    """Costs nothing."""


@asynccontextmanager
async def bench_for(
    connector: type[BoothConnector] = BoothConnector, *, is_strict: bool = True
) -> AsyncIterator[Bench]:
    """A connector of this class at a booth of its own."""
    booth = Booth(ledger=Ledger(None), clock=now, seed=7, is_strict=is_strict)

    async def write(verb: str, number: int) -> Write:
        return Write(key=f"booth:{verb}:{number}", command=Booking())

    async def count(verb: str, wanted: Write) -> int:
        return sum(each["key"] == wanted.key for each in booth.bookings)

    async def change(feed: str, number: int) -> None:
        for _ in range(number):
            booth.control("book", {"key": f"by hand {len(booth.bookings)}", "minutes": 30})

    async def ledger() -> LedgerSample:
        await change("bookings", 7)
        return LedgerSample(
            start=DAY, end=DAY, records={"posted-time": {each["id"] for each in booth.bookings}}
        )

    async with serving(Server(booth, clock=now)) as url, vendor_client(charge=_free) as tokens:
        auth = ClientCredentials(
            token_url=f"{url}/token", client_id="c", client_secret="s", http=tokens, clock=SystemClock()
        )
        made = connector(vendor_client(url, charge=_free, auth=auth))
        yield Bench(
            connector=made, url=url, write=write, count=count, change=change, ledger=ledger,
            decisive={"book": {"method": "POST", "path": "/bookings"}},
        )  # fmt: skip
        await made.close()


@pytest.fixture
def benches() -> Benches:
    return bench_for


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with bench_for() as made:
        yield made
