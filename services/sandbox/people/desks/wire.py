"""How a person's request reaches a vendor: with patience where the vendor says `not now`."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import httpx

__all__ = ["Pause", "Refused", "ask"]

Pause = Callable[[float], Awaitable[None]]

#: Seconds between the tries of one request.
PATIENCE: Final = (0.2, 0.5, 1.0, 2.0, 4.0)
#: The request never left, so nothing was done.
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Refused(Exception):
    """A vendor refused what a person asked for: its HTTP status and its words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words[:400]}")
        self.status, self.words = status, words


async def ask(
    http: httpx.AsyncClient,
    build: Callable[[], httpx.Request],
    *,
    repeatable: bool,
    pause: Pause = asyncio.sleep,
) -> httpx.Response:
    """The answer to one request; raises `Refused`, or httpx's error where there was none.

    `build` makes the request anew for each try, because signatures are good for one only. What is throttled or never
    sent is tried again; what failed on its way only where it is `repeatable`.
    """
    for wait in PATIENCE:
        try:
            reply = await http.send(build())
        except httpx.TransportError as lost:
            if not (repeatable or isinstance(lost, NEVER_SENT)):
                raise
        else:
            if not (reply.status_code == 429 or (repeatable and reply.status_code >= 500)):
                return _accepted(reply)
        await pause(wait)
    return _accepted(await http.send(build()))


def _accepted(reply: httpx.Response) -> httpx.Response:
    if reply.status_code >= 400:
        raise Refused(reply.status_code, reply.text)
    return reply
