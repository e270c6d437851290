"""Puts the reconciler together."""

from bus.clock import SystemClock
from bus.jetstream import JetStreamBus
from bus.running import run_service

from .handlers import SERVICE
from .settings import ReconcilerSettings

__all__ = ["run"]


async def run(settings: ReconcilerSettings) -> None:
    """Own the store and work until cancelled."""
    bus = await JetStreamBus.open(settings.bus_url, SERVICE.name, settings.key_file)
    await run_service(SERVICE, store=settings.store, bus=bus, clock=SystemClock())
