"""How measurements are summed up, and what they were taken on."""

import os
import platform
import re
import sqlite3
from collections.abc import Sequence
from statistics import quantiles

import msgspec

from bus.running import VERSION

from .stage import Stage

__all__ = ["Spread", "Surroundings", "spread", "surroundings"]


class Spread(msgspec.Struct, frozen=True):
    """Median and 99th percentile."""

    p50: float
    p99: float


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be known to compare figures: versions, and what durability was paid for."""

    fairlead: str
    nats_server: str
    python: str
    sqlite: str
    sync_interval: str
    synchronous: str
    cores: int
    system: str


def spread(values: Sequence[float]) -> Spread:
    """Of at least one value."""
    if len(values) == 1:
        return Spread(round(values[0], 1), round(values[0], 1))
    cuts = quantiles(values, n=100, method="inclusive")
    return Spread(round(cuts[49], 1), round(cuts[98], 1))


def surroundings(stage: Stage) -> Surroundings:
    """As they are here. `synchronous` is what `bus.store.Store.open` demands: it runs with nothing else."""
    found = re.search(r'"?sync_interval"?\s*[:=]\s*"?(\w+)', stage.server_config)
    return Surroundings(
        fairlead=VERSION,
        nats_server=stage.bus_version,
        python=platform.python_version(),
        sqlite=sqlite3.sqlite_version,
        sync_interval=found[1] if found else "the server's default",
        synchronous="FULL",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        system=f"{platform.system()} {platform.machine()}",
    )
