"""The HTTP client of one connection: pooled, and paced by the governor and by the vendor."""

from collections.abc import Awaitable, Callable

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from bus.clock import Clock

from .answer import retry_after

__all__ = ["Paced", "Patient", "vendor_client"]

#: How often one request that was throttled is made again in place, and the longest wait before it (seconds).
AGAIN, LONGEST = 3, 5.0


class Paced(httpx.AsyncBaseTransport):
    """Waits for `charge` before every request, so that the calls inside one turn keep to the budget as well."""

    def __init__(self, inner: httpx.AsyncBaseTransport, charge: Callable[[], Awaitable[None]]) -> None:
        self._inner, self._charge = inner, charge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._charge()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Patient(httpx.AsyncBaseTransport):
    """Makes a request again, a few times, that was answered with 429: the vendor did nothing (RFC 6585 section 4).

    An operation of many requests, such as reading a long list, would otherwise never come to its end at a vendor
    that throttles one request in thirty. The answer stands when the vendor asks for a wait longer than 5 s, or
    throttles the same request four times: then the governor and the executor decide.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, clock: Clock) -> None:
        self._inner, self._clock = inner, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        for tried in range(AGAIN):
            reply = await self._inner.handle_async_request(request)
            wait = retry_after(reply)
            wait = 0.25 * 2**tried if wait is None else wait
            if reply.status_code != 429 or wait > LONGEST:
                return reply
            await reply.aclose()
            await self._clock.sleep(wait)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def vendor_client(
    base_url: str = "", *, charge: Callable[[], Awaitable[None]], auth: httpx.Auth | None = None,
    read_timeout: float = 60.0, at_once: int = 20, patience: Clock | None = None,
) -> httpx.AsyncClient:  # fmt: skip
    """The client that a connector calls its vendor with; `charge` is `Governor.charge`, times are seconds.

    With `patience`, a clock, single throttled requests are made again in place.
    """
    limits = httpx.Limits(max_connections=at_once, keepalive_expiry=15.0)
    paced = Paced(AiohttpTransport(client=lambda: _session(limits), limits=limits), charge)
    return httpx.AsyncClient(
        base_url=base_url,
        auth=auth,
        transport=paced if patience is None else Patient(paced, patience),
        timeout=httpx.Timeout(connect=10.0, read=read_timeout, write=read_timeout, pool=30.0),
        follow_redirects=False,
    )


def _session(limits: httpx.Limits) -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(
        limit=limits.max_connections or 0, keepalive_timeout=limits.keepalive_expiry
    )
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    # aiohttp 3.14 by itself sends PUT and DELETE a second time when a kept connection breaks, and offers no setting.
    session._retry_connection = False
    return session
