"""What an answer, or the lack of one, means: on real sockets, through the transport that connectors use."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from services.adapterkit.answer import LONGEST_WAIT, answer, read_json
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.adapterkit.wire import vendor_client
from tests.support.kit_http import abort, answering

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def free() -> None:
    """Costs nothing."""


async def asked(
    handler: Handler, *, writes: bool = True, method: str = "POST", times: int = 1, read_timeout: float = 5.0
) -> Any:
    """What the last of these calls ends with: the answer or the family."""
    async with answering(handler) as url, vendor_client(url, charge=free, read_timeout=read_timeout) as http:
        return await called(http, "/", writes=writes, method=method, times=times)


async def called(
    http: httpx.AsyncClient, url: str, *, writes: bool, method: str = "POST", times: int = 1
) -> Any:
    ended: Any = None
    for _ in range(times):
        try:
            ended = await answer(http, method, url, writes=writes, content=b"{}")
        except Family as family:
            ended = family
    return ended


def replying(status: int, headers: dict[str, str] | None = None, text: str = "said") -> Handler:
    async def reply(request: web.Request) -> web.Response:
        return web.Response(status=status, headers=headers, text=text)

    return reply


@pytest.mark.parametrize(
    ("status", "on_write", "on_read"),
    [
        (400, Rejected, Rejected),
        (401, Unauthorised, Unauthorised),
        (403, Unauthorised, Unauthorised),
        (404, Rejected, Rejected),
        (408, Unsure, Unavailable),
        (409, Rejected, Rejected),
        (302, Unsure, Unavailable),
        (429, Throttled, Throttled),
        (500, Unsure, Unavailable),
        (503, Unsure, Unavailable),
        (504, Unsure, Unavailable),
    ],
)
async def test_each_status_belongs_to_a_family(
    status: int, on_write: type[Family], on_read: type[Family]
) -> None:
    headers = {"Location": "http://elsewhere.invalid/"} if status == 302 else None
    assert type(await asked(replying(status, headers))) is on_write
    assert type(await asked(replying(status, headers), writes=False)) is on_read


async def test_a_connection_closed_after_the_request_leaves_a_write_unsure_and_is_sent_once() -> None:
    async def drop(request: web.Request) -> web.Response:
        await request.read()
        seen.append(request.method)
        return abort(request)

    for method in ("POST", "PUT", "PATCH", "DELETE"):
        seen: list[str] = []
        assert type(await asked(drop, method=method)) is Unsure
        assert seen == [method]


async def test_a_kept_connection_that_breaks_is_not_used_to_send_a_write_twice() -> None:
    """aiohttp by itself repeats PUT and DELETE then."""

    async def drop_every_second(request: web.Request) -> web.StreamResponse:
        await request.read()
        seen.append(request.method)
        return web.Response() if len(seen) % 2 else abort(request)

    for method in ("PUT", "DELETE"):
        seen: list[str] = []
        assert type(await asked(drop_every_second, method=method, times=2)) is Unsure
        assert len(seen) == 2


async def test_a_read_that_times_out_is_unsure_for_a_write_and_unavailable_for_a_read() -> None:
    async def slow(request: web.Request) -> web.Response:
        await asyncio.sleep(1.0)
        return web.Response()

    assert type(await asked(slow, read_timeout=0.1)) is Unsure
    assert type(await asked(slow, read_timeout=0.1, writes=False)) is Unavailable


async def test_a_body_that_breaks_off_is_unsure_for_a_write() -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        reply = web.StreamResponse(headers={"Content-Length": "100"})
        await reply.prepare(request)
        await reply.write(b"{")
        abort(request)
        return reply

    assert type(await asked(cut)) is Unsure


async def test_bytes_that_are_not_http_are_unsure_for_a_write() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"hello?\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, vendor_client(f"http://127.0.0.1:{port}", charge=free) as http:
        assert type(await called(http, "/", writes=True)) is Unsure


async def test_where_nobody_listens_nothing_was_sent() -> None:
    async with vendor_client("http://127.0.0.1:9", charge=free) as http:
        ended = await called(http, "/", writes=True)
    assert type(ended) is Unavailable
    assert "nothing was sent" in str(ended)


async def test_a_name_that_does_not_resolve_means_that_nothing_was_sent() -> None:
    async with vendor_client("http://no-such-vendor.invalid", charge=free) as http:
        assert type(await called(http, "/", writes=True)) is Unavailable


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("7", 7.0),
        ("999999999", LONGEST_WAIT),
        ("Fri, 20 Nov 2026 10:00:30 GMT", 30.0),
        ("Fri, 20 Nov 2026 09:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2026 10:00:30 -0000", 30.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
async def test_retry_after_is_read_in_both_forms_and_bounded(said: str, waits: float | None) -> None:
    headers = {"Retry-After": said, "Date": "Fri, 20 Nov 2026 10:00:00 GMT"}
    ended = await asked(replying(429, headers))
    assert isinstance(ended, Throttled)
    assert ended.retry_after == waits


@given(said=st.text(alphabet=st.characters(codec="latin-1", exclude_characters="\r\n\0"), max_size=40))
def test_no_retry_after_breaks_the_reading(said: str) -> None:
    async def scene() -> None:
        reply = httpx.Response(429, headers=[(b"retry-after", said.encode("latin-1"))])
        async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: reply)) as http:
            with pytest.raises(Throttled) as raised:
                await answer(http, "GET", "http://vendor.test/", writes=False)
            wait = raised.value.retry_after
            assert wait is None or 0.0 <= wait <= LONGEST_WAIT

    asyncio.run(scene())


async def test_a_success_that_is_not_json_proves_nothing() -> None:
    reply = await asked(replying(200, text="<html>Welcome to the hotel wifi</html>"))
    with pytest.raises(Unsure):
        read_json(reply, writes=True)
    with pytest.raises(Unavailable):
        read_json(reply, writes=False)


async def test_every_request_is_charged_to_the_governor() -> None:
    async def charge() -> None:
        charged.append(1)

    charged: list[int] = []
    async with answering(replying(200)) as url, vendor_client(url, charge=charge) as http:
        await called(http, "/", writes=True, times=3)
    assert len(charged) == 3
