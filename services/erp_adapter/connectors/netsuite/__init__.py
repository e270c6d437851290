"""Oracle NetSuite over SuiteTalk REST and SuiteQL. Vendor notes: docs/vendors/netsuite.md"""

from .connector import NetSuite
from .options import Options

__all__ = ["NetSuite", "Options"]
