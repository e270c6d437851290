"""The CRMs that can be connected, by product. To add one: a folder here, and its line in the registry."""

from collections.abc import Mapping
from typing import Final

from services.adapterkit.process import Product

from . import salesforce

__all__ = ["CONNECTORS"]

CONNECTORS: Final[Mapping[str, Product]] = {
    "salesforce": Product(
        connector=salesforce.Salesforce, options=salesforce.Options, sign_in=salesforce.sign_in
    ),
}
