"""Contracts about billing, by major version."""

from . import v1

__all__ = ["v1"]
