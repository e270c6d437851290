"""Puts the time adapter together."""

from services.adapterkit.process import run_adapter

from .connectors import CONNECTORS
from .handlers import CARRIES, OBSERVES
from .settings import AdapterSettings

__all__ = ["run"]


async def run(settings: AdapterSettings) -> None:
    """Own the store and work until cancelled."""
    await run_adapter(settings, "time", CONNECTORS, CARRIES, OBSERVES)
