"""Where people sit: one signed-in person's way into each vendor's own API."""

from .kantata import KantataDesk
from .netsuite import NetSuiteDesk
from .salesforce import SalesforceDesk
from .tryton import TrytonDesk
from .wire import Refused

__all__ = ["KantataDesk", "NetSuiteDesk", "Refused", "SalesforceDesk", "TrytonDesk"]
