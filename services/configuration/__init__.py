"""The firm's configuration: which systems, how to reach them, which policy. Read once, checked whole."""

from .connections import Connection, MissingSecret, Secret
from .firm import FirmConfiguration, load_firm
from .policy import load_policy
from .source import ConfigurationError, Source

__all__ = [
    "ConfigurationError", "Connection", "FirmConfiguration", "MissingSecret", "Secret", "Source", "load_firm",
    "load_policy",
]  # fmt: skip
