"""Reads a connector's change feeds into the host, each at its own pace, for ever."""

import asyncio
import logging
from collections import OrderedDict
from itertools import count
from random import Random

import msgspec
from sqlalchemy import select
from sqlalchemy.engine import Connection

from bus import tables
from bus.clock import Clock
from bus.host import Address, Host
from bus.ids import derived_id

from .connector import Connector, Feed, Observed, Page
from .digest import digest
from .families import Family, Rejected, Unauthorised, Unavailable
from .feed import Polled, Watermark, feed_actor_key, record_actor_key, seen_of
from .governor import Governor

__all__ = ["FeedRunner"]

log = logging.getLogger(__name__)

#: Observations in one commit.
MOST_TOGETHER = 400
#: Records whose last observation is remembered, so that an overlap costs no commit.
REMEMBERED = 20_000
#: Seconds between two tries of a feed that cannot be read: at most, and at least where only a person can mend it.
LONGEST_PAUSE, PAUSE_FOR_A_PERSON = 300.0, 60.0
PRIORITY = 4


class FeedRunner:
    """Polls every feed; one poll's news and its watermark are committed together.

    `troubles` says which feeds cannot be read, and why. `deadline` is how long one poll may take, in seconds.
    """

    def __init__(
        self, host: Host, connector: Connector, governor: Governor, clock: Clock, random: Random, *,
        deadline: float = 300.0,
    ) -> None:  # fmt: skip
        self._host, self._connector, self._governor = host, connector, governor
        self._clock, self._random, self._deadline = clock, random, deadline
        self._numbers = count()
        self._told: OrderedDict[str, str] = OrderedDict()
        self.troubles: dict[str, str] = {}

    async def run(self) -> None:
        """Follow all feeds until cancelled; raises only what the host's commits raise."""
        async with asyncio.TaskGroup() as group:
            for feed in self._connector.feeds():
                group.create_task(self._follow(feed))

    async def _follow(self, feed: Feed) -> None:
        watermark = await self._watermark(feed)
        failures = 0
        while True:
            await self._host.room()
            try:
                page = await self._poll(feed, watermark)
            except Unauthorised:
                continue  # the connection is paused: the next turn comes when that is over
            except Exception as failure:  # a feed never ends: what is wrong is shown, and tried again
                failures += 1
                await self._clock.sleep(self._trouble(feed, failure, failures))
                continue
            failures, moved = 0, page.watermark != watermark
            await self._take(feed, page, moved)
            watermark = page.watermark
            self._well(feed, stuck=page.more and not moved)
            if not (page.more and moved):
                await self._clock.sleep(feed.every)

    async def _poll(self, feed: Feed, watermark: str | None) -> Page:
        async with self._governor.turn(PRIORITY):
            try:
                async with asyncio.timeout(self._deadline):
                    return await feed.poll(watermark)
            except TimeoutError:
                raise Unavailable(f"no answer within {self._deadline:.0f} s") from None

    async def _take(self, feed: Feed, page: Page, moved: bool) -> None:
        """Hand over what may be news; the watermark goes with the last of it."""
        news = [
            (record_actor_key(observed.contract, observed.record), digest(observed.contract), observed)
            for observed in page.observed
        ]
        news = [(actor, said, observed) for actor, said, observed in news if self._told.get(actor) != said]
        addresses = [self._address(feed, *each) for each in news]
        if moved:
            actor = feed_actor_key(self._connector.name, feed.name)
            addresses.append(
                Address(actor=actor, body=Polled(watermark=page.watermark), id=self._id(feed, actor))
            )
        for start in range(0, len(addresses), MOST_TOGETHER):
            await self._host.tell(*addresses[start : start + MOST_TOGETHER])
        for actor, said, _ in news:
            self._told[actor] = said
            self._told.move_to_end(actor)
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)

    def _address(self, feed: Feed, actor: str, said: str, observed: Observed) -> Address:
        body = seen_of(observed.contract, said, retracts=observed.retracts)
        return Address(actor=actor, body=body, id=self._id(feed, actor))

    def _id(self, feed: Feed, what: str) -> str:
        """Never the same twice: a record that changes back is news again, and its event needs an id of its own."""
        return derived_id(self._connector.name, feed.name, what, self._host.store.epoch, next(self._numbers))

    async def _watermark(self, feed: Feed) -> str | None:
        table, actor = tables.actor.c, feed_actor_key(self._connector.name, feed.name)

        def read(connection: Connection) -> str | None:
            state = connection.scalar(select(table.state).where(table.actor == actor))
            return None if state is None else msgspec.json.decode(state, type=Watermark).watermark

        return await self._host.store.read(read)

    # -- trouble

    def _trouble(self, feed: Feed, failure: Exception, failures: int) -> float:
        """Say what is wrong, once, and for how many seconds to leave the feed alone."""
        passing = isinstance(failure, Family) and not isinstance(failure, Rejected)
        why = (
            f"{type(failure).__name__}: {failure}" if isinstance(failure, Family) else type(failure).__name__
        )
        if not passing and self.troubles.get(feed.name) != why:
            self.troubles[feed.name] = why
            broken = None if isinstance(failure, Family) else failure
            log.error(
                "feed cannot be read: connection=%s feed=%s why=%s", self._connector.name, feed.name, why,
                exc_info=broken,
            )  # fmt: skip
        longest = min(LONGEST_PAUSE, max(feed.every, 1.0) * 2.0 ** min(failures, 10))
        shortest = feed.every if passing else max(feed.every, PAUSE_FOR_A_PERSON)
        return max(shortest, longest * self._random.random())

    def _well(self, feed: Feed, *, stuck: bool) -> None:
        """The feed was read; one that asks to be polled again without moving on would turn in a circle."""
        if stuck and feed.name not in self.troubles:
            log.error("feed makes no progress: connection=%s feed=%s", self._connector.name, feed.name)
        if stuck:
            self.troubles[feed.name] = "there is more, but the watermark does not move"
        else:
            self.troubles.pop(feed.name, None)
