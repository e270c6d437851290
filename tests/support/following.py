"""Reading from a log until enough was read."""

import asyncio
from contextlib import aclosing

from bus.ports import Bus, Consumer, Delivery

__all__ = ["read"]


async def read(
    bus: Bus, consumer: Consumer, count: int, *, after: int = 0, limit: int = 100
) -> list[Delivery]:
    """The first `count` deliveries behind `after`; `TimeoutError` when they do not come within ten seconds."""
    found: list[Delivery] = []
    async with asyncio.timeout(10), aclosing(bus.follow(consumer, after, limit)) as lots:  # type: ignore[type-var]
        async for lot in lots:
            assert 1 <= len(lot) <= limit
            found += lot
            if len(found) >= count:
                return found
    raise AssertionError("following ended by itself")
