"""One HTTP call to a vendor, and which family its answer belongs to. No retries, no sleep, no logging here."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import httpx
import msgspec

from .families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure

__all__ = ["Words", "answer", "read_json", "retry_after"]

#: A vendor's answer may not be larger than this.
MOST_BYTES = 64 * 1024 * 1024
#: The longest wait that a vendor may ask for; an absurd `Retry-After` is cut to it.
LONGEST_WAIT = 900.0

#: Finds the vendor's own words in a refusal.
Words = Callable[[httpx.Response], str]


def _plain_words(reply: httpx.Response) -> str:
    return reply.text[:500]


async def answer(
    http: httpx.AsyncClient, method: str, url: str, *, writes: bool, words: Words = _plain_words,
    accept: tuple[int, ...] = (), headers: Mapping[str, str] | None = None, **content: Any,
) -> httpx.Response:  # fmt: skip
    """Make one call and return a 2xx answer, or one whose status is in `accept`.

    Otherwise raise the family. A connection that was never made is `Unavailable`: nothing was sent. A write whose
    answer never came, or came as a 5xx, a 408 or a redirect, is `Unsure`: the vendor may have carried it out. 429 is
    `Throttled`, 401 and 403 are `Unauthorised`, any other 4xx is `Rejected` with the vendor's words. Redirects are
    never followed.
    """
    try:
        async with http.stream(method, url, headers=headers, follow_redirects=False, **content) as reply:
            await _read(reply)
    except (httpx.HTTPError, aiohttp.ClientError, TimeoutError) as failure:
        name = type(failure.__cause__ or failure).__name__
        if _nothing_was_sent(failure):
            raise Unavailable(f"{name}: nothing was sent") from None
        why = f"{name} after the request was sent"
        raise (Unsure(why) if writes else Unavailable(why)) from None
    if reply.status_code in accept or reply.is_success:
        return reply
    raise _family(reply, writes, words)


def _nothing_was_sent(failure: Exception) -> bool:
    """Whether a call failed before its request left.

    httpx-aiohttp 0.2 reports every `aiohttp.ClientConnectionError` as `ConnectTimeout`, a connection that the vendor
    closed after it had read the request among them: only the cause tells the two apart.
    """
    cause = failure.__cause__
    if isinstance(cause, aiohttp.ClientError):
        return isinstance(cause, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError)
    return isinstance(failure, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def _family(reply: httpx.Response, writes: bool, words: Words) -> Family:
    status = reply.status_code
    said = f"{status}: {words(reply)}"
    if status == 429:
        return Throttled(said, retry_after(reply))
    if status in (401, 403):
        return Unauthorised(said)
    if status == 503 and "retry-after" in reply.headers:
        return Throttled(said, retry_after(reply))
    if reply.is_redirect or status == 408 or status >= 500:
        return Unsure(said) if writes else Unavailable(said)
    return Rejected(said, "conflict" if status == 409 else "data")


async def _read(reply: httpx.Response) -> None:
    """Take the body in, up to the limit; raises `httpx.RemoteProtocolError` beyond it."""
    chunks, size = [], 0
    async for chunk in reply.aiter_bytes():
        size += len(chunk)
        if size > MOST_BYTES:
            raise httpx.RemoteProtocolError("the answer is larger than 64 MB")
        chunks.append(chunk)
    reply._content = b"".join(chunks)  # what httpx's own `aread` does, with a limit


def retry_after(reply: httpx.Response) -> float | None:
    """`Retry-After` in seconds, from either of its forms (RFC 9110 section 10.2.3); None when it cannot be read."""
    text = reply.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return min(float(text), LONGEST_WAIT)
    at = _http_date(text)
    if at is None:
        return None
    now = _http_date(reply.headers.get("date", "")) or datetime.now(UTC)
    return min(max(0.0, (at - now).total_seconds()), LONGEST_WAIT)


def _http_date(text: str) -> datetime | None:
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def read_json(reply: httpx.Response, *, writes: bool) -> Any:
    """The body as JSON. A success that is not JSON (a proxy's page, say) proves nothing: `Unsure` for a write."""
    try:
        return msgspec.json.decode(reply.content)
    except msgspec.DecodeError:
        why = f"{reply.status_code} with a body that is not JSON"
        raise (Unsure(why) if writes else Unavailable(why)) from None
