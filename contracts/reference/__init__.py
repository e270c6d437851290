"""Contracts about reference, by major version."""

from . import v1

__all__ = ["v1"]
