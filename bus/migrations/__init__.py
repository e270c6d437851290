"""Brings a store's tables to the newest version."""

from pathlib import Path

from alembic import command
from alembic.config import Config

__all__ = ["migrate"]


def migrate(url: str) -> None:
    """Apply every migration that the store at `url` lacks, in one transaction each."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["url"] = url
    command.upgrade(config, "head")
