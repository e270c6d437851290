"""The CRM adapter's settings: those of every adapter."""

from services.adapterkit.process import AdapterSettings

__all__ = ["AdapterSettings"]
