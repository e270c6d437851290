"""The orchestrator's settings: those that every service has."""

from bus.settings import ServiceSettings as OrchestratorSettings

__all__ = ["OrchestratorSettings"]
