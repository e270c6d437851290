"""Customers: one party for each client number, kept as the CRM has it."""

from collections.abc import Sequence
from typing import Any

import msgspec

from contracts.customers.v1 import Customer, EnsureCustomer
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected

from ..port import Recorded
from . import bodies
from .directory import Company, Directory
from .rpc import Row, Rpc

__all__ = ["Customers", "Party", "changes"]


class _Country(Row, frozen=True, kw_only=True):
    model = "country.country"
    fields = ("code",)

    code: str


class Address(msgspec.Struct, frozen=True):
    id: int
    street_unstructured: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: int | None = None


class Identifier(msgspec.Struct, frozen=True):
    id: int
    code: str | None = None
    type: str | None = None


class Contact(msgspec.Struct, frozen=True):
    id: int
    type: str
    value: str | None = None


class Party(Row, frozen=True, kw_only=True):
    """A party as far as the CRM is its master."""

    model = "party.party"
    fields = (
        "name", "addresses.street_unstructured", "addresses.city", "addresses.postal_code", "addresses.country",
        "identifiers.code", "identifiers.type", "contact_mechanisms.type", "contact_mechanisms.value",
    )  # fmt: skip

    name: str | None
    addresses: tuple[Address, ...] = msgspec.field(name="addresses.")
    identifiers: tuple[Identifier, ...] = msgspec.field(name="identifiers.")
    contacts: tuple[Contact, ...] = msgspec.field(name="contact_mechanisms.")


class Customers:
    """The client number is the party's code, so a party that finance made before us is the same customer."""

    def __init__(self, rpc: Rpc, directory: Directory) -> None:
        self._rpc, self._directory = rpc, directory

    async def ensure(self, write: Write) -> Recorded:
        """Create the party, or change what differs; a party that is as it should be is left alone."""
        customer, company = await self._wanted(write)
        country = await self._country(customer)
        held = await self._held(customer, company)
        if held is None:
            held_id = (
                await self._rpc.create(
                    "party.party", [bodies.new_customer(customer, country)], company=company.id
                )
            )[0]
            return {"record": f"party:{held_id}"}
        if differing := changes(held, customer, country):
            await self._rpc.write("party.party", [held.id], differing, company=company.id)
        return {"record": f"party:{held.id}"}

    async def find(self, write: Write) -> Recorded | None:
        """The party where Tryton holds it as commanded; an older state of it proves nothing."""
        customer, company = await self._wanted(write)
        held = await self._held(customer, company)
        if held is None or changes(held, customer, await self._country(customer)):
            return None
        return {"record": f"party:{held.id}"}

    async def _wanted(self, write: Write) -> tuple[Customer, Company]:
        """The customer, and the company whose defaults (payment term, accounts) a new party gets."""
        command: EnsureCustomer = write.command
        customer = command.customer
        if customer.legal_entity is not None:
            return customer, await self._directory.company(customer.legal_entity)
        companies = list((await self._directory.companies()).values())
        if not companies:
            raise Rejected("this connection sees no company")
        return customer, companies[0]

    async def _held(self, customer: Customer, company: Company) -> Party | None:
        domain = [["code", "=", customer.id], ["active", "in", [True, False]]]
        found = await self._rpc.rows(Party, domain, company=company.id)
        return found[0] if found else None

    async def _country(self, customer: Customer) -> int | None:
        if customer.country is None:
            return None
        found = await self._rpc.rows(_Country, [["code", "=", customer.country]])
        if not found:
            raise Rejected(f"Tryton knows no country {customer.country}")
        return found[0].id


def changes(held: Party, wanted: Customer, country: int | None) -> dict[str, Any]:
    """What to write for the party to become as the CRM has it; nothing where it is.

    The first address, the first identifier without a type and the first e-mail address are the CRM's; all others
    are finance's and stay.
    """
    differing: dict[str, Any] = {} if held.name == wanted.name else {"name": wanted.name}
    place = bodies.address(wanted, country)
    kept = held.addresses[0] if held.addresses else None
    if kept is None or any(getattr(kept, name) != value for name, value in place.items()):
        differing |= _command("addresses", kept, place)
    numbers = [one for one in held.identifiers if one.type is None]
    if wanted.tax_number is not None and wanted.tax_number not in [one.code for one in held.identifiers]:
        differing |= _command("identifiers", _first(numbers), {"code": wanted.tax_number})
    mails = [one for one in held.contacts if one.type == "email"]
    if wanted.email is not None and wanted.email not in [one.value for one in mails]:
        body = {"value": wanted.email} if mails else {"type": "email", "value": wanted.email}
        differing |= _command("contact_mechanisms", _first(mails), body)
    return differing


def _first(many: Sequence[Identifier] | Sequence[Contact]) -> Identifier | Contact | None:
    return many[0] if many else None


def _command(field: str, kept: Address | Identifier | Contact | None, body: dict[str, Any]) -> dict[str, Any]:
    """Change the record that is there, or make one; an empty body is nothing to do."""
    if not body:
        return {}
    return {field: [["create", [body]] if kept is None else ["write", [kept.id], body]]}
