"""Puts one stand-in behind a real HTTP server, with latency, fault scripts and a control side.

Everything under `/_sandbox/` is ours (health, faults, ledger, calls, control); every other path is the vendor's.
"""

import asyncio
import re
import ssl
import sys
import traceback
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from . import fault_script
from .faults import Plan, Script, decide
from .wire import Clock, Headers, Request, Response, StandIn

__all__ = ["Server", "serving"]

BODY_LIMIT = 8 * 1024 * 1024
PIECES = 10
#: Path segments that name a resource; anything else is an id or a value and is counted as `{}`.
RESOURCE = re.compile(r"v\d+(\.\d+)?|[A-Za-z_.]+\d?")


class Server:
    """One stand-in on the wire. Requests are answered one after another; waiting overlaps."""

    def __init__(self, stand_in: StandIn, *, clock: Clock, seed: int = 7, latency_ms: int = 0) -> None:
        self._stand_in, self._clock, self._random = stand_in, clock, Random(seed)
        self._latency_ms = latency_ms
        self._script = Script(since=clock())
        self._in_flight = 0
        self._late: dict[asyncio.TimerHandle, Request] = {}
        self._calls: Counter[tuple[str, str, str]] = Counter()

    def set_faults(self, content: Any) -> None:
        """Put a fault script in force from now; raises `BadScript`."""
        self._script = fault_script.read(content, self._clock())

    def application(self) -> web.Application:
        """The aiohttp application of this server."""
        made = web.Application(client_max_size=BODY_LIMIT)
        made.add_routes(
            [
                web.get("/_sandbox/health", self._health),
                web.get("/_sandbox/faults", self._show_faults),
                web.put("/_sandbox/faults", self._put_faults),
                web.delete("/_sandbox/faults", self._delete_faults),
                web.get("/_sandbox/ledger", self._collections),
                web.get("/_sandbox/ledger/{collection}", self._documents),
                web.post("/_sandbox/control/{verb}", self._control),
                web.get("/_sandbox/calls", self._show_calls),
                web.route("*", "/_sandbox/{rest:.*}", self._no_such),
                web.route("*", "/{rest:.*}", self._vendor),
            ]
        )
        made.on_cleanup.append(self._commit_late)
        return made

    async def _vendor(self, incoming: web.Request) -> web.StreamResponse:
        try:
            body = await incoming.read()
        except web.HTTPRequestEntityTooLarge:
            return self._sent(incoming, _problem(413, f"The body is over {BODY_LIMIT} bytes."))
        request = _wire_request(incoming, body)
        plan, self._script = decide(self._script, request, self._clock(), self._random)
        self._in_flight += 1
        try:
            if wait_ms := plan.delay_ms + self._latency_ms:
                await asyncio.sleep(wait_ms / 1000)
            answer = self._carry_out(replace(request, in_flight=self._in_flight), plan)
        finally:
            self._in_flight -= 1
        if answer is None:
            return self._dropped(incoming)
        if plan.slow_body_ms:
            return await self._trickle(incoming, answer, plan.slow_body_ms)
        return self._sent(incoming, answer)

    def _carry_out(self, request: Request, plan: Plan) -> Response | None:
        """Let the vendor do its part now, later or never; `None` is a connection closed without an answer."""
        vendor = None
        if plan.commit_after_s == 0:
            vendor = self._answer(request)
        elif plan.commit_after_s is not None:
            self._commit_later(request, plan.commit_after_s)
        if isinstance(plan.answer, Response):
            return plan.answer
        return vendor if plan.answer == "vendor" else None

    def _answer(self, request: Request) -> Response:
        try:
            return self._stand_in.answer(request)
        except Exception:
            self._stand_in.ledger.rollback()
            traceback.print_exc(file=sys.stderr)
            return _problem(500, "The stand-in failed; its standard error says why.")

    def _commit_later(self, request: Request, after_s: float) -> None:
        def commit() -> None:
            del self._late[timer]
            self._answer(request)

        timer = asyncio.get_running_loop().call_later(after_s, commit)
        self._late[timer] = request

    async def _commit_late(self, application: web.Application) -> None:
        """What was promised for later is carried out before a clean stop."""
        while self._late:
            timer, request = self._late.popitem()
            timer.cancel()
            self._answer(request)

    def _sent(self, incoming: web.Request, answer: Response) -> web.Response:
        self._count(incoming, str(answer.status))
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    def _dropped(self, incoming: web.Request) -> web.Response:
        self._count(incoming, "dropped")
        if incoming.transport is not None:
            incoming.transport.abort()
        return web.Response()

    async def _trickle(self, incoming: web.Request, answer: Response, over_ms: int) -> web.StreamResponse:
        self._count(incoming, str(answer.status))
        outgoing = web.StreamResponse(status=answer.status, headers=answer.headers)
        outgoing.content_length = len(answer.body)
        await outgoing.prepare(incoming)
        size = max(1, -(-len(answer.body) // PIECES))
        for start in range(0, len(answer.body), size):
            await asyncio.sleep(over_ms / 1000 / PIECES)
            await outgoing.write(answer.body[start : start + size])
        await outgoing.write_eof()
        return outgoing

    def _count(self, incoming: web.Request, status: str) -> None:
        self._calls[incoming.method, _template(_path(incoming)), status] += 1

    async def _health(self, incoming: web.Request) -> web.Response:
        return _json({"name": self._stand_in.name, "status": "ok", "now": self._clock().isoformat()})

    async def _show_faults(self, incoming: web.Request) -> web.Response:
        return _json(self._script.report())

    async def _put_faults(self, incoming: web.Request) -> web.Response:
        try:
            self.set_faults(await incoming.json())
        except ValueError as error:
            return _json({"error": str(error)}, 400)
        return _json(self._script.report())

    async def _delete_faults(self, incoming: web.Request) -> web.Response:
        self.set_faults([])
        return web.Response(status=204)

    async def _collections(self, incoming: web.Request) -> web.Response:
        return _json({collection.name: len(collection) for collection in self._stand_in.ledger})

    async def _documents(self, incoming: web.Request) -> web.Response:
        name = incoming.match_info["collection"]
        known = {collection.name: collection for collection in self._stand_in.ledger}
        if name not in known:
            return _json({"error": f"no collection {name!r}; there are: {', '.join(sorted(known))}"}, 404)
        return _json(list(known[name]))

    async def _control(self, incoming: web.Request) -> web.Response:
        try:
            body = await incoming.json() if await incoming.read() else {}
            if not isinstance(body, dict):
                raise ValueError("the body of a control call is a JSON object")
            outcome = self._stand_in.control(incoming.match_info["verb"], body)
        except ValueError as error:
            self._stand_in.ledger.rollback()
            return _json({"error": str(error)}, 400)
        self._stand_in.ledger.commit()
        return _json({"result": outcome})

    async def _show_calls(self, incoming: web.Request) -> web.Response:
        calls = [
            {"method": method, "path": path, "status": status, "count": count}
            for (method, path, status), count in sorted(self._calls.items())
        ]
        return _json({"total": self._calls.total(), "calls": calls})

    async def _no_such(self, incoming: web.Request) -> web.Response:
        return _json({"error": f"no {incoming.method} {incoming.path} on the control side"}, 404)


@asynccontextmanager
async def serving(
    server: Server, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    """Listen while the context is open and give the base URL; `OSError` where the port is taken."""
    runner = web.AppRunner(server.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://{host}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def _path(incoming: web.Request) -> str:
    return unquote(incoming.rel_url.raw_path)


def _wire_request(incoming: web.Request, body: bytes) -> Request:
    return Request(
        method=incoming.method,
        path=_path(incoming),
        query=incoming.rel_url.raw_query_string,
        headers=Headers(iter(incoming.headers.items())),
        body=body,
        base_url=f"{incoming.scheme}://{incoming.host}",
    )


def _template(path: str) -> str:
    """The first six segments, with ids and values replaced by `{}`."""
    segments = path.strip("/").split("/")[:6]
    return "/" + "/".join(segment if RESOURCE.fullmatch(segment) else "{}" for segment in segments)


def _problem(status: int, message: str) -> Response:
    return Response.of({"error": message}, status)


def _json(content: Any, status: int = 200) -> web.Response:
    answer = Response.of(content, status)
    return web.Response(status=status, headers=answer.headers, body=answer.body)
