"""Runs the reconciler: `python -m services.reconciler`."""

from bus.running import main

from .app import run
from .settings import ReconcilerSettings

if __name__ == "__main__":
    main("reconciler", ReconcilerSettings, run)
