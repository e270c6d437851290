"""The firm's configuration: which systems, how to reach them, which policy. Read once, checked whole."""

from .connections import Connection, Secret
from .firm import FirmConfiguration, load_firm, load_policy
from .source import ConfigurationError

__all__ = ["ConfigurationError", "Connection", "FirmConfiguration", "Secret", "load_firm", "load_policy"]
