"""A single throttled request is made again in place; what is more than that is for the governor."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from aiohttp import web

from services.adapterkit.wire import vendor_client
from tests.support.kit_http import answering


async def free() -> None:
    """No budget."""


class Watch:
    """A clock that does not wait, and tells how long it was asked to."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return datetime(2026, 11, 20, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Vendor:
    """Answers with a row of statuses, then 200, and remembers the bodies it was sent."""

    def __init__(self, *statuses: int, **headers: str) -> None:
        self._statuses, self._headers = (
            list(statuses),
            {key.replace("_", "-"): value for key, value in headers.items()},
        )
        self.bodies: list[bytes] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.bodies.append(await request.read())
        status = self._statuses.pop(0) if self._statuses else 200
        return web.Response(status=status, headers=self._headers if status == 429 else {})


async def ask(vendor: Vendor, method: str = "POST", body: bytes = b"write") -> tuple[int, Sequence[float]]:
    watch = Watch()
    async with answering(vendor) as url, vendor_client(url, charge=free, patience=watch) as http:
        reply = await http.request(method, "/", content=body)
    return reply.status_code, watch.slept


async def test_throttled_request_is_made_again_with_the_same_body() -> None:
    vendor = Vendor(429, 429)
    assert await ask(vendor) == (200, [0.25, 0.5])
    assert vendor.bodies == [b"write"] * 3


async def test_vendors_own_wait_is_kept() -> None:
    assert await ask(Vendor(429, retry_after="2")) == (200, [2.0])


async def test_long_wait_is_not_sat_out_here() -> None:
    assert await ask(Vendor(429, retry_after="6")) == (429, [])


async def test_answer_stands_when_the_same_request_is_throttled_again_and_again() -> None:
    vendor = Vendor(429, 429, 429, 429)
    assert await ask(vendor) == (429, [0.25, 0.5, 1.0])
    assert len(vendor.bodies) == 4


@pytest.mark.parametrize("status", [500, 502, 503, 504, 401, 400])
async def test_nothing_but_throttling_is_ever_made_again(status: int) -> None:
    """Anything else may have been carried out, or would not become better."""
    vendor = Vendor(status)
    assert await ask(vendor) == (status, [])
    assert len(vendor.bodies) == 1
