"""The stand-ins by name, imported only when one is asked for."""

from collections.abc import Callable
from importlib import import_module
from typing import cast

from .wire import StandIn

__all__ = ["STAND_INS", "stand_in"]

#: Name to `module:class`; each class takes `ledger`, `clock` and `seed` by keyword.
STAND_INS = {
    "salesforce": "services.sandbox.salesforce:Salesforce",
    "netsuite": "services.sandbox.netsuite:NetSuite",
    "kantata": "services.sandbox.kantata:Kantata",
}


def stand_in(name: str) -> Callable[..., StandIn]:
    """The class of one stand-in; raises `KeyError` where there is none of this name."""
    module, _, attribute = STAND_INS[name].partition(":")
    return cast("Callable[..., StandIn]", getattr(import_module(module), attribute))
