"""Runs the ERP adapter: `python -m services.erp_adapter`."""

from bus.running import main

from .app import run
from .settings import AdapterSettings

if __name__ == "__main__":
    main("erp", AdapterSettings, run)
