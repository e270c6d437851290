"""Bulk calls that Tryton takes whole or not at all."""

from collections.abc import Awaitable, Callable, Sequence

from services.adapterkit.connector import Applied
from services.adapterkit.families import Family, Rejected

__all__ = ["all_or_each"]


async def all_or_each(
    items: Sequence[int], carry_out: Callable[[Sequence[int]], Awaitable[Sequence[Applied]]]
) -> dict[int, Applied | Family]:
    """Everything in one call; where Tryton refuses that, one by one, so that each item gets its own answer."""
    if not items:
        return {}
    try:
        return dict(zip(items, await carry_out(items), strict=True))
    except Rejected as refusal:
        if len(items) == 1:
            return {items[0]: refusal}
    except Family as family:
        return dict.fromkeys(items, family)
    outcomes: dict[int, Applied | Family] = {}
    for item in items:
        outcomes |= await all_or_each([item], carry_out)
    return outcomes
