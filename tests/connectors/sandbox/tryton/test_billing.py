"""The way from a customer to a paid invoice, and what Tryton refuses on it, over JSON-RPC."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.sandbox.firm import ENTITIES

pytestmark = pytest.mark.slow


def money(amount: str) -> dict[str, str]:
    return {"__class__": "Decimal", "decimal": amount}


def day(when: date) -> dict[str, Any]:
    return {"__class__": "date", "year": when.year, "month": when.month, "day": when.day}


def minutes(count: int) -> dict[str, Any]:
    return {"__class__": "timedelta", "seconds": count * 60}


def amounts(row: dict[str, Any], *fields: str) -> list[Decimal]:
    return [Decimal(row[field]["decimal"]) for field in fields]


@dataclass
class Desk:
    """One company's back office: the integration posts and bills, people pay."""

    fairlead: Any
    people: Any
    entity: str

    def __post_init__(self) -> None:
        rows = self.fairlead.rows("company.company", [["party.code", "=", self.entity]], ["currency"])
        self.company, self.currency = rows[0]["id"], rows[0]["currency"]
        self.context = {"company": self.company}
        zone = next(each.time_zone for each in ENTITIES if each.code == self.entity)
        # Tryton warns of an invoice date after the day in the company's own time zone.
        self.today = datetime.now(ZoneInfo(zone)).date()

    def call(self, method: str, *parameters: Any) -> Any:
        return self.fairlead.call(f"model.{method}", *parameters, context=self.context)

    def row(self, model: str, number: int, *fields: str) -> Any:
        return self.fairlead.rows(model, [["id", "=", number]], list(fields), self.company)[0]

    def one(self, model: str, *domain: Any) -> int:
        found = self.fairlead.rows(model, list(domain), [], self.company)
        return int(found[0]["id"])

    def customer(self, code: str) -> int:
        address = {"street_unstructured": "1 Mill Road", "city": "Leeds", "postal_code": "LS1 4AP"}
        party = {"name": f"Customer {code}", "code": code, "addresses": [["create", [address]]]}
        return int(self.call("party.party.create", [party])[0])

    def project(
        self, key: str, customer: int, method: str, tasks: list[dict[str, Any]]
    ) -> tuple[int, list[int]]:
        """Create a project with its key in `comment`; return its id and the ids of its tasks."""
        children = [{"type": "task", "company": self.company, **task} for task in tasks]
        work = {"name": f"{key} project", "comment": key, "type": "project", "company": self.company,
                "party": customer, "project_invoice_method": method, "children": [["create", children]]}  # fmt: skip
        made = int(self.call("project.work.create", [work])[0])
        rows = self.fairlead.rows("project.work", [["parent", "=", made]], ["name"], self.company)
        return made, [row["id"] for row in rows]

    def hourly_task(self, name: str, category: str, rate: str) -> dict[str, Any]:
        product = self.one("product.product", ["code", "=", f"ITEM-{category}"])
        return {"name": name, "product": product, "list_price": money(rate), "timesheet_available": True}

    def time(self, task: int, *lines: tuple[str, int]) -> list[int]:
        """Post lines of (description, minutes) of the company's first employee, today."""
        work = self.row("project.work", task, "timesheet_works")["timesheet_works"][0]
        employee = self.one("company.employee", ["company", "=", self.company])
        values = [{"company": self.company, "employee": employee, "work": work, "date": day(self.today),
                   "duration": minutes(count), "description": text} for text, count in lines]  # fmt: skip
        return [int(made) for made in self.call("timesheet.line.create", values)]

    def bill(self, project: int) -> int:
        """Make the draft invoice of what a project has to bill; return its id."""
        self.call("project.work.invoice", [project])
        name = self.row("project.work", project, "name")["name"]
        return max(
            row["id"] for row in self.fairlead.rows("account.invoice", [["description", "=", name]], [])
        )

    def post(self, invoice: int, when: date) -> None:
        self.call("account.invoice.write", [invoice], {"invoice_date": day(when)})
        self.call("account.invoice.post", [invoice])

    def pay(self, invoice: int) -> None:
        """Pay what is open, as accounts receivable, through the wizard."""
        fields = ("party", "account", "amount_to_pay")
        row = self.row("account.invoice", invoice, *fields)
        start = {"payee": row["party"], "payees": [row["party"]], "company": self.company,
                 "currency": self.currency, "invoice_account": row["account"], "amount": row["amount_to_pay"],
                 "payment_method": self.one("account.invoice.payment.method", ["company", "=", self.company]),
                 "date": day(self.today)}  # fmt: skip
        context = {
            **self.context,
            "active_model": "account.invoice",
            "active_id": invoice,
            "active_ids": [invoice],
        }
        wizard = "wizard.account.invoice.pay"
        session, _, _ = self.people.call(f"{wizard}.create", context=context)
        self.people.call(f"{wizard}.execute", session, {"start": start}, "choice", context=context)
        self.people.call(f"{wizard}.delete", session, context=context)


@pytest.fixture(params=["GB01", "JP01"])
def desk(erp: Any, request: pytest.FixtureRequest) -> Iterator[Desk]:
    with erp.session("fairlead") as fairlead, erp.session("receivables") as people:
        yield Desk(fairlead=fairlead, people=people, entity=request.param)


#: Net and gross of 8.75 hours at 190 and 2 hours at 110: 20 % tax in GB01, 10 % and no minor unit in JP01.
EXPECTED = {
    "GB01": [Decimal("1882.50"), Decimal("2259.00")],
    "JP01": [Decimal(1882), Decimal(2070)],
}


def test_time_and_materials_from_customer_to_paid(desk: Desk) -> None:
    """Each labour category is its own task, so that each is billed at its own rate."""
    tasks = [
        desk.hourly_task("Design, senior", "SENIOR", "190"),
        desk.hourly_task("Design, analyst", "ANALYST", "110"),
    ]
    project, (senior, analyst) = desk.project(f"TM-{desk.entity}", desk.customer(f"C-TM-{desk.entity}"),
                                              "timesheet", tasks)  # fmt: skip
    posted = desk.time(senior, ("k1 | a", 450), ("k2 | b", 75)) + desk.time(analyst, ("k3 | c", 120))
    invoice = desk.bill(project)
    on_invoice = desk.fairlead.rows("timesheet.line", [["invoice_line.invoice", "=", invoice]], [])
    desk.post(invoice, desk.today)
    numbered = desk.row("account.invoice", invoice, "number", "state", "untaxed_amount", "total_amount")
    desk.pay(invoice)
    paid = desk.row("account.invoice", invoice, "state", "amount_to_pay")

    assert [row["id"] for row in on_invoice] == posted
    assert amounts(numbered, "untaxed_amount", "total_amount") == EXPECTED[desk.entity]
    assert numbered["number"].startswith(f"{desk.entity}-{desk.today.year}-")
    assert (numbered["state"], paid["state"], amounts(paid, "amount_to_pay")) == ("posted", "paid", [0])


def test_a_milestone_is_billed_once_for_its_amount(desk: Desk) -> None:
    product = desk.one("product.product", ["code", "=", "ITEM-FIXED-FEE"])
    tasks = [{"name": name, "product": product, "list_price": money(fee)}
             for name, fee in (("Plan agreed", "25000"), ("Hand-over", "75000"))]  # fmt: skip
    customer = desk.customer(f"C-FF-{desk.entity}")
    project, (plan, hand_over) = desk.project(f"FF-{desk.entity}", customer, "effort", tasks)
    desk.call("project.work.write", [plan], {"progress": 1.0})
    invoice = desk.bill(project)

    assert amounts(desk.row("account.invoice", invoice, "untaxed_amount"), "untaxed_amount") == [25000]
    assert desk.row("project.work", plan, "invoice_line")["invoice_line"] is not None
    assert desk.row("project.work", hand_over, "invoice_line")["invoice_line"] is None
    with pytest.raises(Exception, match="can not call") as refusal:
        desk.call("project.work.invoice", [project])
    assert refusal.value.kind == "UserError"


def test_time_can_be_changed_until_it_is_billed(desk: Desk) -> None:
    customer = desk.customer(f"C-ALTER-{desk.entity}")
    task = desk.hourly_task("Build", "SENIOR", "190")
    project, (build,) = desk.project(f"ALTER-{desk.entity}", customer, "timesheet", [task])
    kept, dropped = desk.time(build, ("k1 | kept", 60), ("k2 | dropped", 60))
    desk.call("timesheet.line.write", [kept], {"duration": minutes(90)})
    desk.call("timesheet.line.delete", [dropped])
    invoice = desk.bill(project)

    assert amounts(desk.row("account.invoice", invoice, "untaxed_amount"), "untaxed_amount") == [285]
    for change in (("write", [kept], {"duration": minutes(60)}), ("delete", [kept])):
        with pytest.raises(Exception, match="has been invoiced") as refusal:
            desk.call(f"timesheet.line.{change[0]}", *change[1:])
        assert refusal.value.kind == "UserError"


def test_a_deleted_draft_gives_its_time_back(desk: Desk) -> None:
    customer = desk.customer(f"C-BACK-{desk.entity}")
    task = desk.hourly_task("Build", "SENIOR", "190")
    project, (build,) = desk.project(f"BACK-{desk.entity}", customer, "timesheet", [task])
    (line,) = desk.time(build, ("k1 | a", 60))
    desk.call("account.invoice.delete", [desk.bill(project)])
    assert desk.row("timesheet.line", line, "invoice_line")["invoice_line"] is None
    assert amounts(desk.row("project.work", project, "amount_to_invoice"), "amount_to_invoice") == [190]


def test_an_invoice_in_a_closed_month_is_refused(desk: Desk) -> None:
    """Time is accepted there all the same: Tryton checks periods for accounting moves only."""
    customer = desk.customer(f"C-CLOSED-{desk.entity}")
    task = desk.hourly_task("Build", "SENIOR", "190")
    project, (build,) = desk.project(f"CLOSED-{desk.entity}", customer, "timesheet", [task])
    (line,) = desk.time(build, ("k1 | a", 60))
    past = desk.today.replace(day=1) - timedelta(days=70)
    desk.call("timesheet.line.write", [line], {"date": day(past)})
    with pytest.raises(Exception, match="you must reopen the period") as refusal:
        desk.post(desk.bill(project), past)
    assert refusal.value.kind == "UserError"


def test_a_customer_number_is_unique(desk: Desk) -> None:
    desk.customer(f"C-ONCE-{desk.entity}")
    with pytest.raises(Exception, match="code on party must be unique") as refusal:
        desk.customer(f"C-ONCE-{desk.entity}")
    assert refusal.value.kind == "UserError"


def test_one_bad_line_refuses_the_whole_batch(desk: Desk) -> None:
    task = desk.hourly_task("Build", "SENIOR", "190")
    _, (build,) = desk.project(
        f"BATCH-{desk.entity}", desk.customer(f"C-BATCH-{desk.entity}"), "timesheet", [task]
    )
    mark = f"batch-{desk.entity}"
    with pytest.raises(Exception, match="Duration") as refusal:
        desk.time(build, *((f"{mark}-{number} | x", 15) for number in range(20)), (f"{mark}-bad | x", -15))
    assert refusal.value.kind == "UserError"
    assert desk.fairlead.rows("timesheet.line", [["description", "like", f"{mark}-%"]], []) == []


def test_the_integration_may_not_close_a_period(desk: Desk) -> None:
    month = desk.one("account.period", ["company", "=", desk.company], ["state", "=", "open"])
    with pytest.raises(Exception, match="Account Period") as refusal:
        desk.call("account.period.close", [month])
    assert refusal.value.kind == "UserError"
