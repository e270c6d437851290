"""The firm's consultants as employees, and the two who call the ERP: the integration and receivables."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from proteus import Model
from proteus.config import TrytondConfig

from services.sandbox.firm import Consultant

from .books import Books, record_id
from .credentials import Credentials

__all__ = ["admit_users", "hire"]

#: The integration may create customers and projects, post time and raise invoices, not close a period.
INTEGRATION = (
    "account.group_account", "company.group_employee_admin", "party.group_party_admin",
    "project.group_project_admin", "project_invoice.group_project_invoice",
    "timesheet.group_timesheet_admin",
)  # fmt: skip
#: Accounts receivable may do what it takes to be paid, and open and close periods.
RECEIVABLES = ("account.group_account", "account.group_account_admin", "project_invoice.group_project_invoice",
               "timesheet.group_timesheet_admin")  # fmt: skip


def hire(config: TrytondConfig, consultants: Sequence[Consultant], books: Mapping[str, Books]) -> list[Any]:
    """Make an employee, with an hourly cost, of every consultant whose entity has books."""
    here = [consultant for consultant in consultants if consultant.entity in books]
    Party = Model.get("party.party", config=config)  # noqa: N806 - a proteus model is a class
    parties = [Party(name=consultant.name, code=consultant.number) for consultant in here]
    for party, consultant in zip(parties, here, strict=True):
        party.contact_mechanisms.new(type="email", value=consultant.email)
    Party.save(parties)
    employees: list[Any] = []
    for code, book in books.items():
        with config.set_context(company=book.company.id):
            members = [pair for pair in zip(here, parties, strict=True) if pair[0].entity == code]
            employees += _employ(config, book, members)
    return employees


def _employ(config: TrytondConfig, book: Books, members: Iterable[tuple[Consultant, Any]]) -> list[Any]:
    Employee = Model.get("company.employee", config=config)  # noqa: N806
    employees = []
    for consultant, party in members:
        employee = Employee(party=party, company=book.company, start_date=consultant.hired)
        cost = Decimal(consultant.cost_rate).scaleb(-book.entity.exponent)
        employee.cost_prices.new(date=date(1970, 1, 1), cost_price=cost)
        employees.append(employee)
    Employee.save(employees)
    return employees


def admit_users(
    config: TrytondConfig, credentials: Credentials, books: Mapping[str, Books], employees: Sequence[Any]
) -> None:
    """Make the users `fairlead` (with a REST key) and `receivables`, who see all companies."""
    administrator = Model.get("res.user", config=config)(config.user)
    administrator.password = credentials.admin
    administrator.save()
    fairlead = _user(config, "fairlead", "Fairlead", credentials.fairlead, INTEGRATION, books, employees)
    _user(
        config, "receivables", "Accounts receivable", credentials.receivables, RECEIVABLES, books, employees
    )
    Model.get("res.user.application", config=config)(
        user=fairlead, application="rest", key=credentials.rest_key
    ).save()


def _user(
    config: TrytondConfig, login: str, name: str, password: str, groups: Sequence[str],
    books: Mapping[str, Books], employees: Sequence[Any],
) -> Any:  # fmt: skip
    Group = Model.get("res.group", config=config)  # noqa: N806
    user = Model.get("res.user", config=config)(login=login, name=name, password=password)
    user.groups.extend(Group(record_id(config, group)) for group in groups)
    # `all`: the records of every company are seen; `company` is only what a call without context means.
    user.company_filter = "all"
    user.companies.extend(type(book.company)(book.company.id) for book in books.values())
    user.company = next(iter(books.values())).company
    user.employees.extend(type(employee)(employee.id) for employee in employees)
    user.save()
    return user
