"""The time systems that can be connected, by product. To add one: a folder here, and its line in the registry."""

from collections.abc import Mapping
from typing import Final

from services.adapterkit.process import Product

from . import kantata

__all__ = ["CONNECTORS"]

CONNECTORS: Final[Mapping[str, Product]] = {
    "kantata": Product(connector=kantata.Kantata, options=kantata.Options, sign_in=kantata.sign_in),
}
