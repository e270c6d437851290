"""The feed of won opportunities. What we show on them is not read, so that our own writes are no news."""

from datetime import date
from decimal import Decimal

from contracts.opportunities.v1 import Handover, OpportunityWon
from contracts.types import (
    ConnectionName,
    CurrencyCode,
    CustomerId,
    Money,
    OpportunityId,
    RecordId,
    WorkerId,
    exponent,
)
from services.adapterkit.connector import Observed

from .changes import Source
from .options import Options
from .rows import Columns, Record

__all__ = ["Opportunity", "columns", "money_of", "opportunity_won", "source", "team_of", "won"]

#: Salesforce keeps 18 digits of a number at most.
LARGEST = Decimal(10) ** 18


class Opportunity(Record, frozen=True, kw_only=True):
    """A won opportunity, as far as it is handed over."""

    name: str
    number: str | None = None
    customer: str | None = None
    currency: CurrencyCode | None = None
    amount: Decimal | None = None
    legal_entity: str | None = None
    contract_type: str | None = None
    service_package: str | None = None
    rate_card: str | None = None
    tax_profile: str | None = None
    start: date | None = None
    end: date | None = None
    manager: str | None = None
    team: str | None = None
    purchase_order: str | None = None

    def __post_init__(self) -> None:
        if self.amount is not None and not (self.amount.is_finite() and abs(self.amount) < LARGEST):
            raise ValueError("the amount is out of range")


def columns(options: Options) -> Columns:
    """Where an opportunity has each field of `Opportunity`."""
    fields = options.opportunity
    configured = {
        "number": fields.deal_number,
        "currency": "CurrencyIsoCode" if options.multi_currency else None,
        "amount": fields.amount,
        "legal_entity": fields.legal_entity,
        "contract_type": fields.contract_type,
        "service_package": fields.service_package,
        "rate_card": fields.rate_card,
        "tax_profile": fields.tax_profile,
        "start": fields.start,
        "end": fields.end,
        "manager": fields.manager,
        "team": fields.team,
        "purchase_order": fields.purchase_order,
    }
    return {
        "record": "Id",
        "changed": "SystemModstamp",
        "parent_changed": "Account.SystemModstamp",
        "name": "Name",
        "customer": f"Account.{options.account.client_number}",
        **{name: path for name, path in configured.items() if path is not None},
    }


def money_of(amount: Decimal | None, currency: CurrencyCode | None) -> Money | None:
    """The amount in minor units, exactly; None where it is finer than those: a contract's value is not rounded."""
    if amount is None or currency is None:
        return None
    units = amount.scaleb(exponent(currency))
    return Money(amount=int(units), currency=currency) if units == units.to_integral_value() else None


def team_of(text: str | None) -> tuple[WorkerId, ...]:
    """Employee numbers joined by semicolons, in their order."""
    return tuple(WorkerId(part.strip()) for part in (text or "").split(";") if part.strip())


def opportunity_won(found: Opportunity, connection: ConnectionName, options: Options) -> OpportunityWon:
    """The opportunity in the CRM's own words, under its deal number, or its record id where it has none."""
    currency = found.currency if options.multi_currency else options.corporate_currency
    handover = Handover(
        legal_entity=found.legal_entity,
        contract_type=found.contract_type,
        service_package=found.service_package,
        rate_card=found.rate_card,
        tax_profile=found.tax_profile,
        amount=money_of(found.amount, currency),
        start=found.start,
        end=found.end,
        manager=None if found.manager is None else WorkerId(found.manager),
        team=team_of(found.team),
        purchase_order=found.purchase_order,
    )
    return OpportunityWon(
        opportunity=OpportunityId(found.number or found.record),
        revision=0,
        name=found.name,
        customer=None if found.customer is None else CustomerId(found.customer),
        handover=handover,
        connection=connection,
        record=RecordId(found.record),
    )


def won(options: Options) -> str:
    """The condition for the opportunities that count."""
    return "IsWon = true" + (f" AND CloseDate >= {options.closed_from}" if options.closed_from else "")


def source(connection: ConnectionName, options: Options) -> Source[Opportunity]:
    """Won opportunities. Their account counts as well: it may get its client number after the deal is won."""

    def observed(found: Opportunity) -> Observed:
        contract = opportunity_won(found, connection, options)
        return Observed(record=contract.opportunity, contract=contract)

    return Source(
        sobject="Opportunity",
        parent="Account",
        columns=columns(options),
        where=won(options),
        shape=Opportunity,
        observed=observed,
    )
