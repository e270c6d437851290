"""The auditor: reads the vendors' own ledgers and draws an account that owes nothing to any middleware."""

from .account import Account, Finding
from .audit import audit, draw
from .ledgers import ErpReader
from .netsuite import NetSuiteBooks
from .tryton import TrytonBooks

__all__ = ["Account", "ErpReader", "Finding", "NetSuiteBooks", "TrytonBooks", "audit", "draw"]
