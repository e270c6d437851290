"""Contracts about policies, by major version."""

from . import v1

__all__ = ["v1"]
