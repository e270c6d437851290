"""The feed of customers: accounts that carry a client number."""

from contracts.customers.v1 import Customer, CustomerChanged
from contracts.types import ConnectionName, CurrencyCode, CustomerId, EntityCode, RecordId
from services.adapterkit.connector import Observed

from .changes import Source
from .options import Options
from .rows import Columns, Record

__all__ = ["Account", "columns", "customer_changed", "source"]


class Account(Record, frozen=True, kw_only=True):
    """An account, as far as it makes a customer. Salesforce has no empty texts: they are null."""

    name: str
    number: str
    parent: str | None = None
    currency: CurrencyCode | None = None
    legal_entity: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    tax_number: str | None = None
    email: str | None = None


def columns(options: Options) -> Columns:
    """Where an account has each field of `Account`."""
    fields = options.account
    configured = {
        "currency": "CurrencyIsoCode" if options.multi_currency else None,
        "legal_entity": fields.legal_entity,
        "street": fields.street,
        "city": fields.city,
        "postal_code": fields.postal_code,
        "country": fields.country,
        "tax_number": fields.tax_number,
        "email": fields.email,
    }
    return {
        "record": "Id",
        "changed": "SystemModstamp",
        "parent_changed": "Parent.SystemModstamp",
        "name": "Name",
        "number": fields.client_number,
        "parent": f"Parent.{fields.client_number}",
        **{name: path for name, path in configured.items() if path is not None},
    }


def customer_changed(account: Account, connection: ConnectionName, options: Options) -> CustomerChanged:
    """The account as a customer."""
    number = CustomerId(account.number)
    customer = Customer(
        id=number,
        name=account.name,
        parent=None if account.parent is None else CustomerId(account.parent),
        legal_entity=None if account.legal_entity is None else EntityCode(account.legal_entity),
        currency=account.currency if options.multi_currency else options.corporate_currency,
        street=account.street,
        city=account.city,
        postal_code=account.postal_code,
        country=account.country,
        tax_number=account.tax_number,
        email=account.email,
    )
    return CustomerChanged(
        id=number, version=0, customer=customer, connection=connection, record=RecordId(account.record)
    )


def source(connection: ConnectionName, options: Options) -> Source[Account]:
    """Accounts with a client number, which is what revisions are counted for: it may move to another account."""

    def observed(account: Account) -> Observed:
        return Observed(record=account.number, contract=customer_changed(account, connection, options))

    return Source(
        sobject="Account",
        parent="Parent",
        columns=columns(options),
        where=f"{options.account.client_number} != null",
        shape=Account,
        observed=observed,
    )
