"""Currencies of the account: references to write, ISO codes of what is read."""

from collections.abc import Mapping

import msgspec

from services.adapterkit.families import Unavailable

from .suitetalk import SuiteTalk

__all__ = ["Currencies"]


class _Currency(msgspec.Struct, frozen=True):
    symbol: str


class Currencies:
    """Knows currencies by internal id once it has read them; NetSuite never gives an id a second meaning."""

    def __init__(self, suitetalk: SuiteTalk, ids: Mapping[str, str]) -> None:
        self._suitetalk, self._ids = suitetalk, ids
        self._codes = {key: code for code, key in ids.items()}

    def ref(self, code: str) -> Mapping[str, str]:
        """A reference to the currency of this ISO code."""
        return {"id": self._ids[code]} if code in self._ids else {"externalId": code}

    async def code(self, key: str | int) -> str:
        """The ISO code of the currency with this internal id."""
        if (known := self._codes.get(str(key))) is not None:
            return known
        symbol = (await self._suitetalk.read(f"currency/{key}", _Currency)).symbol
        if not (len(symbol) == 3 and symbol.isascii() and symbol.isupper()):
            raise Unavailable(f"currency {key} has the symbol {symbol!r}, which is no ISO 4217 code")
        self._codes[str(key)] = symbol
        return symbol
