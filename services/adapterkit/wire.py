"""The HTTP client of one connection: pooled, paced by the governor, and without retries of its own."""

from collections.abc import Awaitable, Callable

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

__all__ = ["Paced", "vendor_client"]


class Paced(httpx.AsyncBaseTransport):
    """Waits for `charge` before every request, so that the calls inside one turn keep to the budget as well."""

    def __init__(self, inner: httpx.AsyncBaseTransport, charge: Callable[[], Awaitable[None]]) -> None:
        self._inner, self._charge = inner, charge

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._charge()
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def vendor_client(
    base_url: str = "", *, charge: Callable[[], Awaitable[None]], auth: httpx.Auth | None = None,
    read_timeout: float = 60.0, at_once: int = 20,
) -> httpx.AsyncClient:  # fmt: skip
    """The client that a connector calls its vendor with; `charge` is `Governor.charge`, times are seconds."""
    limits = httpx.Limits(max_connections=at_once, keepalive_expiry=15.0)
    transport = AiohttpTransport(client=lambda: _session(limits), limits=limits)
    return httpx.AsyncClient(
        base_url=base_url,
        auth=auth,
        transport=Paced(transport, charge),
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
