"""Runs the orchestrator: `python -m services.orchestrator`."""

from bus.running import main

from .app import run
from .settings import OrchestratorSettings

if __name__ == "__main__":
    main("orchestrator", OrchestratorSettings, run)
