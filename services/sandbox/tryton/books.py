"""One company per legal entity, with its chart of accounts, fiscal years, tax and payment method."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from proteus import Model, Wizard
from proteus.config import TrytondConfig

from services.sandbox.firm import Entity, Firm, Period

__all__ = ["Books", "open_books", "record_id"]

#: Rate of the tax on services, by the entity's tax profile. Tryton's field is a fraction: 0.19 is 19 %.
TAX_RATES = {
    "US-SALES": None,
    "GB-VAT20": Decimal("0.20"),
    "DE-UST19": Decimal("0.19"),
    "JP-CT10": Decimal("0.10"),
}
CURRENCIES = {
    "USD": ("US Dollar", "$"),
    "GBP": ("Pound Sterling", "£"),
    "EUR": ("Euro", "€"),
    "JPY": ("Yen", "¥"),
}
COUNTRIES = {"US": "United States", "GB": "United Kingdom", "DE": "Germany", "JP": "Japan"}
#: The accounts used, by their code in the universal chart that the module `account` brings.
ACCOUNTS = {"cash": "1.1.1", "receivable": "1.2.1", "payable": "2.1.1", "tax": "2.2.3", "revenue": "4.2.2",
            "expense": "5.2.1"}  # fmt: skip
#: Books are open this far ahead, so that an engagement can be billed into the next quarter.
AHEAD = timedelta(days=92)


@dataclass(frozen=True, kw_only=True)
class Books:
    """What other records need of a company: proteus records."""

    entity: Entity
    company: Any
    revenue: Any
    expense: Any
    tax: Any | None
    term: Any


def record_id(config: TrytondConfig, name: str) -> int:
    """Return the id of a record that a module brought, by its `module.name`."""
    found: int = Model.get("ir.model.data", config=config).get_id(name, config.context)
    return found


def open_books(config: TrytondConfig, firm: Firm, entities: Sequence[Entity]) -> dict[str, Books]:
    """Make the companies and their books. Leaves the configuration's context on no company."""
    Country = Model.get("country.country", config=config)  # noqa: N806 - a proteus model is a class
    Country.save([Country(name=name, code=code) for code, name in COUNTRIES.items()])
    term = _payment_term(config)
    books = {}
    for entity in entities:
        company = _company(config, entity)
        with config.set_context(company=company.id):
            books[entity.code] = _books(config, firm, entity, company, term)
    return books


def _payment_term(config: TrytondConfig) -> Any:
    term = Model.get("account.invoice.payment_term", config=config)(name="30 days net")
    line = term.lines.new(type="remainder")
    line.relativedeltas.new(days=30)
    term.save()
    return term


def _company(config: TrytondConfig, entity: Entity) -> Any:
    name, symbol = CURRENCIES[entity.currency]
    Currency = Model.get("currency.currency", config=config)  # noqa: N806
    currency = Currency(
        name=name, symbol=symbol, code=entity.currency, digits=entity.exponent,
        rounding=Decimal(1).scaleb(-entity.exponent),
    )  # fmt: skip
    currency.save()
    party = Model.get("party.party", config=config)(name=entity.name, code=entity.code)
    country = Model.get("country.country", config=config).find([("code", "=", entity.country)])[0]
    party.addresses[0].country = country
    party.save()
    company = Model.get("company.company", config=config)(party=party, currency=currency)
    company.timezone = entity.time_zone
    company.save()
    return company


def _books(config: TrytondConfig, firm: Firm, entity: Entity, company: Any, term: Any) -> Books:
    accounts = _chart(config, company)
    for year, periods in _years(firm, entity).items():
        _fiscal_year(config, entity, company, year, periods)
    Method = Model.get("account.invoice.payment.method", config=config)  # noqa: N806
    Method(
        company=company, name="Bank transfer", debit_account=accounts["cash"], credit_account=accounts["cash"],
        journal=Model.get("account.journal", config=config).find([("type", "=", "cash")])[0],
    ).save()  # fmt: skip
    settings = Model.get("account.configuration", config=config)(1)
    settings.default_customer_payment_term = term
    settings.save()
    tax = _tax(config, entity, company, accounts["tax"])
    return Books(entity=entity, company=company, revenue=accounts["revenue"], expense=accounts["expense"],
                 tax=tax, term=term)  # fmt: skip


def _chart(config: TrytondConfig, company: Any) -> dict[str, Any]:
    """Copy the universal chart into the company and return the accounts we name."""
    template = Model.get("account.account.template", config=config)(
        record_id(config, "account.account_template_root_en")
    )
    chart = Wizard("account.create_chart", config=config)
    chart.execute("account")
    chart.form.account_template, chart.form.company = template, company
    chart.execute("create_account")
    Account = Model.get("account.account", config=config)  # noqa: N806
    accounts = {
        kind: Account.find([("company", "=", company.id), ("code", "=", code)])[0]
        for kind, code in ACCOUNTS.items()
    }
    chart.form.account_receivable, chart.form.account_payable = accounts["receivable"], accounts["payable"]
    chart.form.category_account_revenue = accounts["revenue"]
    chart.form.category_account_expense = accounts["expense"]
    chart.execute("create_properties")
    return accounts


def _tax(config: TrytondConfig, entity: Entity, company: Any, account: Any) -> Any | None:
    rate = TAX_RATES[entity.tax_profile]
    if rate is None:
        return None
    tax = Model.get("account.tax", config=config)(
        name=entity.tax_profile, description=f"{rate:.0%}", type="percentage", rate=rate, company=company,
        invoice_account=account, credit_note_account=account,
    )  # fmt: skip
    tax.save()
    return tax


def _years(firm: Firm, entity: Entity) -> dict[int, list[Period]]:
    """The calendar years to open, each with the firm's periods of this entity in it."""
    periods = [period for period in firm.periods if period.entity == entity.code]
    last = (firm.today + AHEAD).year
    return {
        year: [period for period in periods if period.start.year == year]
        for year in range(periods[0].start.year, last + 1)
    }


def _fiscal_year(
    config: TrytondConfig, entity: Entity, company: Any, year: int, periods: list[Period]
) -> None:
    """Open a calendar year with its months; close the firm's closed months and those before the first."""
    label = f"{entity.code}-{year}"
    fiscal = Model.get("account.fiscalyear", config=config)(
        name=label, start_date=date(year, 1, 1), end_date=date(year, 12, 31), company=company
    )
    fiscal.move_sequence = _sequence(
        config, "account.sequence_type_account_move", f"{label} moves", "", company
    )
    numbers = _sequence(config, "account_invoice.sequence_type_account_invoice", f"{label} invoices",
                        f"{label}-", company)  # fmt: skip
    for sequence in fiscal.invoice_sequences:
        sequence.out_invoice_sequence = sequence.out_credit_note_sequence = numbers
        sequence.in_invoice_sequence = sequence.in_credit_note_sequence = numbers
    fiscal.save()
    Month = Model.get("account.period", config=config)  # noqa: N806
    months = [
        Month(name=f"{year}-{month:02d}", type="standard", fiscalyear=fiscal, start_date=date(year, month, 1),
              end_date=date(year, month, calendar.monthrange(year, month)[1]))
        for month in range(1, 13)
    ]  # fmt: skip
    Month.save(months)
    open_from = min((period.start for period in periods if not period.closed), default=None)
    closed = [month for month in months if periods and (open_from is None or month.end_date < open_from)]
    if closed:
        Month.click(closed, "close")


def _sequence(config: TrytondConfig, kind: str, name: str, prefix: str, company: Any) -> Any:
    Sequence_ = Model.get("ir.sequence.strict", config=config)  # noqa: N806
    sequence = Sequence_(name=name, prefix=prefix, padding=5, company=company)
    sequence.sequence_type = Model.get("ir.sequence.type", config=config)(record_id(config, kind))
    sequence.save()
    return sequence
