"""Runs the CRM adapter: `python -m services.crm_adapter`."""

from bus.running import main

from .app import run
from .settings import AdapterSettings

if __name__ == "__main__":
    main("crm", AdapterSettings, run)
