"""Tryton 8.2 over JSON-RPC. Vendor notes: docs/vendors/tryton.md"""

from .connector import Tryton
from .options import Options
from .session import SessionLogin
from .sign_in import sign_in

__all__ = ["Options", "SessionLogin", "Tryton", "sign_in"]
