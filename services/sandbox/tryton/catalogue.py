"""What is sold and to whom at the start: service products by labour category, and two customers."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from proteus import Model
from proteus.config import TrytondConfig

from services.sandbox.firm import Client, RateCard

from .books import Books, record_id

__all__ = ["list_services", "open_accounts"]

#: So many that a minute costs what it costs: at 1 000 an hour a millionth is a tenth of a cent.
HOUR_DIGITS = 6


def list_services(config: TrytondConfig, cards: Sequence[RateCard], books: Mapping[str, Books]) -> None:
    """Make ITEM-<labour category> in hours, priced per company from its rate card, and ITEM-FIXED-FEE."""
    category = _accounting_category(config, books)
    hour, unit = _units(config)
    rates = {card.entity: card.rates for card in cards}
    for labour in next(iter(rates.values())):
        prices = {
            book.company.id: Decimal(rates[code][labour]).scaleb(-book.entity.exponent)
            for code, book in books.items()
        }
        _service(config, f"ITEM-{labour}", labour.title(), hour, category, prices)
    free = {book.company.id: Decimal(0) for book in books.values()}
    _service(config, "ITEM-FIXED-FEE", "Fixed fee", unit, category, free)


def _units(config: TrytondConfig) -> tuple[Any, Any]:
    """The units Hour and Unit. Tryton bills whole parts of an hour: as installed hundredths, here millionths."""
    Uom = Model.get("product.uom", config=config)  # noqa: N806 - a proteus model is a class
    hour, unit = (Uom(record_id(config, f"product.uom_{name}")) for name in ("hour", "unit"))
    hour.digits, hour.rounding = HOUR_DIGITS, 10.0**-HOUR_DIGITS
    hour.save()
    return hour, unit


def _accounting_category(config: TrytondConfig, books: Mapping[str, Books]) -> Any:
    """The category that gives a product, per company, its accounts and its tax."""
    Category = Model.get("product.category", config=config)  # noqa: N806
    made = None
    for book in books.values():
        # A proteus record keeps the context it was made in, so each company gets its own view of it.
        with config.set_context(company=book.company.id):
            category = Category(made) if made else Category(name="Professional services", accounting=True)
            category.account_revenue, category.account_expense = book.revenue, book.expense
            if book.tax:
                category.customer_taxes.append(type(book.tax)(book.tax.id))
            category.save()
            made = category.id
    return Category(made)


def _service(
    config: TrytondConfig, code: str, name: str, uom: Any, category: Any, prices: Mapping[int, Decimal]
) -> None:
    Template = Model.get("product.template", config=config)  # noqa: N806
    made = None
    for company, price in prices.items():
        with config.set_context(company=company):
            if made is None:
                template = Template(name=name, code=code, type="service", default_uom=uom)
                template.account_category = type(category)(category.id)
            else:
                template = Template(made)
            template.list_price = price
            template.save()
            made = template.id


def open_accounts(config: TrytondConfig, clients: Sequence[Client], books: Mapping[str, Books]) -> None:
    """Make the given clients customers of every company: party.code is the client number."""
    countries = {country.code: country for country in Model.get("country.country", config=config).find([])}
    Party = Model.get("party.party", config=config)  # noqa: N806
    for client in clients:
        party = Party(name=client.name, code=client.number)
        address = party.addresses[0]
        address.street_unstructured, address.city = client.street, client.city
        address.postal_code, address.country = client.postal_code, countries[client.country]
        party.identifiers.new(code=client.tax_number)
        party.contact_mechanisms.new(type="email", value=client.email)
        party.save()
        for book in books.values():
            with config.set_context(company=book.company.id):
                customer = Party(party.id)
                customer.customer_payment_term = type(book.term)(book.term.id)
                customer.save()
