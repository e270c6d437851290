"""Kantata OX (Mavenlink) over its REST API v1. Vendor notes: docs/vendors/kantata.md"""

from .connector import Kantata
from .options import Options
from .sign_in import sign_in

__all__ = ["Kantata", "Options", "sign_in"]
