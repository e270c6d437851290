"""A paused connection is looked at from time to time, and goes on by itself once the credential holds again."""

import asyncio
import logging

from bus.clock import Clock

from .connector import Connector
from .families import Family
from .governor import Governor

__all__ = ["watch"]

log = logging.getLogger(__name__)

LONGEST = 3600.0


async def watch(connector: Connector, governor: Governor, clock: Clock, *, every: float = 60.0) -> None:
    """Resume the connection after a check in which nothing is wrong; runs until cancelled.

    Checks are `every` seconds apart, and further where a passed check was followed by another refusal: a check that
    is kinder than the calls must not make the pause flap.
    """
    while True:
        await governor.until_paused(True)
        pause = min(LONGEST, every * 2.0 ** min(governor.relapses, 10))
        resumed = asyncio.ensure_future(governor.until_paused(False))
        waited = asyncio.ensure_future(clock.sleep(pause))
        try:
            await asyncio.wait({resumed, waited}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            resumed.cancel()
            waited.cancel()
        if governor.paused and await _passes(connector):
            governor.resume(by_itself=True)


async def _passes(connector: Connector) -> bool:
    try:
        wrong = [finding.name for finding in await connector.check() if not finding.ok]
    except Family as family:
        log.info("still paused: connection=%s reason=%s", connector.name, type(family).__name__)
        return False
    except Exception:  # a defect in the check leaves the pause as it is
        log.exception("check failed: connection=%s", connector.name)
        return False
    if wrong:
        log.info("still paused: connection=%s wrong=%s", connector.name, ",".join(wrong))
    return not wrong
