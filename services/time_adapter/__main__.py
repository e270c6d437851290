"""Runs the time adapter: `python -m services.time_adapter`."""

from bus.running import main

from .app import run
from .settings import AdapterSettings

if __name__ == "__main__":
    main("time", AdapterSettings, run)
