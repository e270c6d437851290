"""Customers: one for each client number, kept as the CRM has it."""

import msgspec

from contracts.customers.v1 import Customer, EnsureCustomer
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected

from .. import port
from . import bodies
from .currencies import Currencies
from .external_ids import is_legal
from .suitetalk import Ref, SuiteTalk

__all__ = ["Customers"]


class _Address(msgspec.Struct, frozen=True):
    addr1: str | None = None
    city: str | None = None
    zip: str | None = None
    country: Ref | None = None


class _Line(msgspec.Struct, frozen=True, rename="camel"):
    line: int
    default_billing: bool = False
    address_book_address: _Address | None = None


class _Lines(msgspec.Struct, frozen=True):
    items: tuple[_Line, ...] = ()


class _Held(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    external_id: str
    company_name: str | None = None
    email: str | None = None
    vat_reg_number: str | None = None
    parent: Ref | None = None
    address_book: _Lines = _Lines()

    @property
    def billing(self) -> _Line | None:
        """The line of the address that invoices go to."""
        return next((line for line in self.address_book.items if line.default_billing), None)


class Customers:
    """The client number is the external id, so a customer that finance made before us is the same customer."""

    def __init__(self, suitetalk: SuiteTalk, currencies: Currencies) -> None:
        self._suitetalk, self._currencies = suitetalk, currencies

    async def ensure(self, write: Write) -> port.Recorded:
        """Create the customer, or change what differs; a customer that is as it should be is left alone."""
        command: EnsureCustomer = write.command
        customer = command.customer
        held, parent = await self._held(customer)
        if held is not None and _is_as_wanted(held, customer, parent):
            return {"record": held.id}
        line = held.billing.line if held is not None and held.billing is not None else None
        body = bodies.customer(customer, parent=parent, line=line)
        if held is None:
            currency = self._currencies.ref(customer.currency) if customer.currency else None
            body = {**bodies.new_customer(customer, currency), **body}
        return {"record": await self._suitetalk.put(f"customer/eid:{customer.id}", body)}

    async def find(self, write: Write) -> port.Recorded | None:
        """The customer where NetSuite holds it as commanded; an older state of it proves nothing."""
        command: EnsureCustomer = write.command
        held, parent = await self._held(command.customer)
        if held is None or not _is_as_wanted(held, command.customer, parent):
            return None
        return {"record": held.id}

    async def _held(self, customer: Customer) -> tuple[_Held | None, str | None]:
        """The customer as NetSuite holds it, and the record of its parent; None for what is not there."""
        held = await self._read(customer.id)
        parent = await self._read(customer.parent) if customer.parent else None
        return held, parent.id if parent else None

    async def _read(self, number: str) -> _Held | None:
        if not is_legal(number):
            raise Rejected(f"client number {number!r}: NetSuite takes letters, digits, _ and - only")
        held = await self._suitetalk.read_if_any(f"customer/eid:{number}", _Held, expandSubResources="true")
        if held is not None and held.external_id != number:
            raise Rejected(
                f"NetSuite knows client {held.external_id}, and tells no {number} from it", "conflict"
            )
        return held


def _is_as_wanted(held: _Held, customer: Customer, parent: str | None) -> bool:
    """Whether every value that the CRM states is the one that NetSuite holds."""
    place = held.billing.address_book_address if held.billing else None
    place = place or _Address()
    pairs = (
        (customer.name, held.company_name),
        (customer.email, held.email),
        (customer.tax_number, held.vat_reg_number),
        (parent, held.parent and held.parent.id),
        (customer.street, place.addr1),
        (customer.city, place.city),
        (customer.postal_code, place.zip),
        (customer.country, place.country and place.country.id),
    )
    return all(wanted is None or wanted == kept for wanted, kept in pairs)
