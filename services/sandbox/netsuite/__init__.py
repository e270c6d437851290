"""A stand-in for NetSuite: SuiteTalk REST records, SuiteQL, asynchronous batches, OAuth 2.0 and 1.0a."""

from .credentials import ACCOUNT, TOKENS, TokenPair
from .standin import NetSuite

__all__ = ["ACCOUNT", "TOKENS", "NetSuite", "TokenPair"]
