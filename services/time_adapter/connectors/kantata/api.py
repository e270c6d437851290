"""Calls to the API: one read, one write, or every page of a list."""

from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from services.adapterkit.answer import answer
from services.adapterkit.families import Unavailable

from .wire import Envelope, words

__all__ = ["MOST_IDS", "PAGE", "Api"]

ROOT = "/api/v1/"
#: The largest page that the vendor gives.
PAGE = 200
#: Ids in one `only` filter; each has a dozen characters of the URL at most.
MOST_IDS = 200
MOST_PAGES = 1000


class Api:
    """The vendor's REST API below the client's base URL, which is the host alone."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def read(self, path: str, **params: str) -> Envelope:
        """One GET. An answer of the wrong shape is `Unavailable`."""
        reply = await answer(self._http, "GET", ROOT + path, writes=False, words=words, params=params)
        return Envelope(reply.content, writes=False)

    async def write(self, method: str, path: str, body: Mapping[str, Any]) -> Envelope:
        """One POST or PUT. A success of the wrong shape is `Unsure`."""
        reply = await answer(self._http, method, ROOT + path, writes=True, words=words, json=body)
        return Envelope(reply.content, writes=True)

    async def read_all(self, path: str, **params: str) -> list[Envelope]:
        """Every page of a list, in the order that `params` must give.

        Pages are counted from the front, so a record that leaves the list meanwhile would hide another one. Only
        pages that agree on the total and together hold as many records are taken; otherwise `Unavailable`.
        """
        first = await self.read(path, page="1", per_page=str(PAGE), **params)
        pages, seen = [first], set(first.ids)
        while len(seen) < first.count:
            if len(pages) == MOST_PAGES:
                raise Unavailable(f"{path} holds more than {MOST_PAGES * PAGE} records")
            page = await self.read(path, page=str(len(pages) + 1), per_page=str(PAGE), **params)
            if page.count != first.count or seen.issuperset(page.ids):
                raise Unavailable(f"{path} changed while it was read")
            seen.update(page.ids)
            pages.append(page)
        return pages

    async def read_only(self, path: str, ids: Sequence[str], **params: str) -> list[Envelope]:
        """The records with these ids, as far as they exist and default filters let them through."""
        return [
            await self.read(
                path, only=",".join(ids[start : start + MOST_IDS]), per_page=str(MOST_IDS), **params
            )
            for start in range(0, len(ids), MOST_IDS)
        ]
