"""What the firm's finance department keeps in NetSuite before any integration is switched on."""

from datetime import date, datetime, timedelta

from ..firm import Client, Entity, Firm
from ..ledger import Document
from .books import Books, Stamp
from .credentials import PEOPLE
from .money import decimal_text, major
from .rules import RULES

__all__ = ["settle"]

#: Customers that exist before the integration does: the firm's first clients.
KNOWN_CLIENTS = 2


def settle(books: Books, firm: Firm, now: datetime) -> None:
    """Write the set-up records of `firm`; external ids are the firm's own numbers."""
    office = _Office(books, Stamp(at=now, by=PEOPLE))
    for entity in firm.entities:
        office.open(entity, is_base=entity is firm.entities[0])
    _hire(office, firm)
    _price(office, firm)
    _plan_periods(office, firm)
    for client in firm.clients[:KNOWN_CLIENTS]:
        _know(office, client)


class _Office:
    """Writes set-up records under the business rules, and finds them by external id."""

    def __init__(self, books: Books, stamp: Stamp) -> None:
        self._books, self._stamp = books, stamp

    def add(self, record: str, external: str, **fields: object) -> None:
        document: Document = {"id": self._books.new_id(record), "externalId": external, **fields}
        RULES[record].complete(self._books, document, None, self._stamp)
        self._books.write(record, document, self._stamp)

    def id(self, record: str, external: str) -> str:
        found = self._books.locate(record, f"eid:{external}")
        assert found is not None, f"no {record} {external}"
        return str(found["id"])

    def open(self, entity: Entity, *, is_base: bool) -> None:
        code = entity.currency
        if self._books.locate("currency", f"eid:{code}") is None:
            self.add(
                "currency",
                code,
                name=code,
                symbol=code,
                currencyPrecision=str(entity.exponent),
                isBaseCurrency=is_base,
            )
        self.add(
            "subsidiary",
            entity.code,
            name=entity.name,
            legalName=entity.name,
            currency=self.id("currency", code),
            country=entity.country,
        )


def _hire(office: _Office, firm: Firm) -> None:
    for consultant in firm.consultants:
        first, _, last = consultant.name.partition(" ")
        exponent = firm.entity(consultant.entity).exponent
        office.add(
            "employee",
            consultant.number,
            entityId=f"{consultant.number} {consultant.name}",
            firstName=first,
            lastName=last,
            email=consultant.email,
            title=consultant.labour_category.capitalize(),
            hireDate=consultant.hired.isoformat(),
            subsidiary=office.id("subsidiary", consultant.entity),
            laborCost=decimal_text(major(consultant.cost_rate, exponent)),
        )


def _price(office: _Office, firm: Firm) -> None:
    """Service items, one for each labour category, and the rate cards that price them."""
    for category in [*firm.rate_cards[0].rates, "FIXED-FEE", "EXPENSE"]:
        words = category.replace("-", " ").capitalize()
        office.add("serviceItem", f"ITEM-{category}", itemId=f"ITEM-{category}", displayName=words)
    for card in firm.rate_cards:
        exponent = firm.entity(card.entity).exponent
        pricing = [
            {
                "line": line,
                "serviceItem": office.id("serviceItem", f"ITEM-{category}"),
                "rate": decimal_text(major(rate, exponent)),
            }
            for line, (category, rate) in enumerate(card.rates.items(), 1)
        ]
        currency = office.id("currency", card.currency)
        office.add("billingRateCard", card.code, name=card.code, currency=currency, pricing=pricing)


def _plan_periods(office: _Office, firm: Firm) -> None:
    """The firm's periods, and the year ahead, which accountants open early."""
    for entity in firm.entities:
        last_day = date.min
        for period in firm.periods:
            if period.entity == entity.code:
                _plan(office, entity, period.start, period.end, closed=period.closed)
                last_day = max(last_day, period.end)
        for _ in range(12):
            start = last_day + timedelta(days=1)
            last_day = (start + timedelta(days=31)).replace(day=1) - timedelta(days=1)
            _plan(office, entity, start, last_day, closed=False)


def _plan(office: _Office, entity: Entity, start: date, end: date, *, closed: bool) -> None:
    name = f"{start:%Y-%m}"
    office.add(
        "accountingPeriod",
        f"AP-{entity.code}-{name}",
        periodName=name,
        startDate=start.isoformat(),
        endDate=end.isoformat(),
        closed=closed,
        fiscalCalendar=office.id("subsidiary", entity.code),
    )


def _know(office: _Office, client: Client) -> None:
    address = {
        "addr1": client.street,
        "city": client.city,
        "zip": client.postal_code,
        "country": client.country,
    }
    line = {"line": 1, "label": "Billing", "defaultBilling": True, "addressBookAddress": address}
    office.add(
        "customer",
        client.number,
        companyName=client.name,
        email=client.email,
        vatRegNumber=client.tax_number,
        subsidiary=office.id("subsidiary", client.entity),
        terms="2",
        addressBook=[line],
    )
