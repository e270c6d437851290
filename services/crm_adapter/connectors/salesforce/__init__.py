"""Salesforce over its REST API. Vendor notes: docs/vendors/salesforce.md"""

from .connector import Salesforce
from .options import Options
from .sign_in import sign_in

__all__ = ["Options", "Salesforce", "sign_in"]
