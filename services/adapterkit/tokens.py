"""Access tokens: fetched by one caller while the others wait, and kept while they last."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bus.clock import Clock

__all__ = ["Token", "Tokens"]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Token:
    """An access token; `lasts` is in seconds from when it was asked for, None where the vendor does not say."""

    value: str = field(repr=False)
    lasts: float | None = None


class Tokens:
    """Keeps one token until `skew` seconds before its end (or half its life, if that is sooner)."""

    def __init__(self, fetch: Callable[[], Awaitable[Token]], clock: Clock, skew: float = 60.0) -> None:
        self._fetch, self._clock, self._skew = fetch, clock, skew
        self._token: Token | None = None
        self._until = 0.0
        self._fetching: asyncio.Task[None] | None = None

    async def get(self, *, instead_of: Token | None = None) -> Token:
        """The token in force, or a new one where `instead_of` still is; raises the family of a failed fetch.

        Everybody who waits for the same fetch shares its end: a wrong secret is presented once.
        """
        if self._token is None or self._token is instead_of or self._clock.monotonic() >= self._until:
            if self._fetching is None:
                self._fetching = asyncio.ensure_future(self._renew())
                self._fetching.add_done_callback(self._fetched)
            await asyncio.shield(self._fetching)
        assert self._token is not None
        return self._token

    async def _renew(self) -> None:
        asked = self._clock.monotonic()
        token = await self._fetch()
        lasts = float("inf") if token.lasts is None else token.lasts
        self._token, self._until = token, asked + lasts - min(self._skew, lasts / 2)

    def _fetched(self, fetching: asyncio.Task[None]) -> None:
        self._fetching = None
        if not fetching.cancelled():
            fetching.exception()  # everybody who waited has it; nobody may have
