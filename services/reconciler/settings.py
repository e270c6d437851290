"""The reconciler's settings: those that every service has."""

from bus.settings import ServiceSettings as ReconcilerSettings

__all__ = ["ReconcilerSettings"]
