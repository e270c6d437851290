"""A stand-in for Kantata OX (Mavenlink): the vendor's REST API v1 over a ledger."""

from .system import Kantata

__all__ = ["Kantata"]
