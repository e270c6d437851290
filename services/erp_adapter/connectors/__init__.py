"""The ERPs that can be connected, by product. To add one: a folder here, and its line in the registry."""

from collections.abc import Mapping
from typing import Final

from services.adapterkit.process import Product

from . import netsuite, tryton
from .netsuite.sign_in import sign_in as netsuite_sign_in

__all__ = ["CONNECTORS"]

CONNECTORS: Final[Mapping[str, Product]] = {
    "netsuite": Product(connector=netsuite.NetSuite, options=netsuite.Options, sign_in=netsuite_sign_in),
    "tryton": Product(connector=tryton.Tryton, options=tryton.Options, sign_in=tryton.sign_in),
}
