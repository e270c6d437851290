"""Invoices and payments: exact totals, one invoice for each hour, nothing changed once approved."""

import json
from typing import Any

import pytest

OPEN = {"id": "A", "refName": "Open"}


def invoice(account: Any, project: str, external: str = "INV-1", **more: Any) -> dict[str, Any]:
    """The body of an invoice to the project's customer with one fixed fee of a thousand."""
    fee = {"item": account.eid("ITEM-FIXED-FEE"), "amount": 1000, "description": "Design signed off"}
    customer = account.read(f"job/{project}")["parent"]["id"]
    body = {
        "externalId": external,
        "entity": {"id": customer},
        "job": {"id": project},
        "tranDate": "2026-11-20",
        "item": {"items": [fee]},
    }
    return {**body, **more}


def bill(account: Any, project: str, *times: str, external: str = "INV-1", **more: Any) -> dict[str, Any]:
    """The body of an invoice for these time entries."""
    lines = [{"apply": True, "doc": {"id": time}} for time in times]
    return invoice(account, project, external, item={"items": []}, time={"items": lines}, **more)


def approve(account: Any, made: str) -> None:
    assert account.send("PATCH", f"invoice/{made}", {"approvalStatus": {"id": "2"}}).status == 204


def refusal(account: Any, method: str, path: str, body: Any = None) -> str:
    response = account.send(method, path, body)
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "USER_ERROR")
    return str(account.detail(response)["detail"])


@pytest.mark.parametrize(("entity", "fee", "tax", "total"), [
    ("US01", 999.99, 0.0, 999.99), ("GB01", 0.13, 0.03, 0.16),
    ("DE01", 100.5, 19.1, 119.6), ("JP01", 1005, 101.0, 1106.0),
])  # fmt: skip
def test_totals_follow_the_entitys_tax_and_currency(
    account: Any, entity: str, fee: float, tax: float, total: float
) -> None:
    line = {"item": account.eid("ITEM-FIXED-FEE"), "amount": fee}
    made = account.make("invoice", invoice(account, account.project(entity=entity), item={"items": [line]}))
    shown = account.read(f"invoice/{made}")
    assert (shown["subTotal"], shown["taxTotal"], shown["total"]) == (fee, tax, total)
    assert (shown["amountPaid"], shown["amountRemaining"]) == (0.0, total)


def test_lines_are_quantity_times_rate_half_up_each(account: Any) -> None:
    lines = [{"item": account.eid("ITEM-SENIOR"), "quantity": 3, "rate": 33.335}] * 2
    made = account.make("invoice", invoice(account, account.project(), item={"items": lines}))
    shown = account.read(f"invoice/{made}?expandSubResources=true")
    assert [line["amount"] for line in shown["item"]["items"]] == [100.01, 100.01]
    assert shown["total"] == 200.02


def test_an_invoice_of_time_fees_and_expenses_adds_up(account: Any) -> None:
    project = account.project()
    times = [
        account.make("timeBill", account.time(project, f"T-{n}", rate=100.01, hours="0:30")) for n in (1, 2)
    ]
    spent = [{"amount": 12.34, "customer": {"id": project}, "isBillable": True}, {"amount": 5}]
    report = account.make(
        "expenseReport", {"entity": account.eid(account.employee()), "expense": {"items": spent}}
    )
    body = bill(account, project, *times)
    body["item"] = {"items": [{"item": account.eid("ITEM-FIXED-FEE"), "amount": 1}]}
    body["expCost"] = {"items": [{"apply": True, "doc": {"id": report}}]}
    made = account.make("invoice", body)
    assert account.read(f"invoice/{made}")["total"] == 1 + 50.01 * 2 + 12.34
    expense = account.read(f"expenseReport/{report}?expandSubResources=true")["expense"]["items"]
    assert [line.get("invoice", {}).get("id") for line in expense] == [made, None]
    assert "billed" in refusal(account, "DELETE", f"expenseReport/{report}")


def test_a_draft_becomes_a_posted_invoice_when_approved(account: Any) -> None:
    made = account.make("invoice", invoice(account, account.project()))
    draft = account.read(f"invoice/{made}")
    assert draft["approvalStatus"] == {"id": "1", "refName": "Pending Approval"}
    assert "tranId" not in draft
    approve(account, made)
    shown = account.read(f"invoice/{made}")
    assert (shown["tranId"], shown["status"], shown["dueDate"]) == ("INV000001", OPEN, "2026-12-20")
    assert shown["postingPeriod"]["refName"] == "2026-11"


def test_an_approved_invoice_changes_nothing_but_its_memo(account: Any) -> None:
    made = account.make("invoice", invoice(account, account.project()))
    approve(account, made)
    assert account.send("PATCH", f"invoice/{made}", {"memo": "thank you"}).status == 204
    for change in (
        {"tranDate": "2026-11-19"},
        {"approvalStatus": "1"},
        {"item": {"items": [{"line": 1, "amount": 1}]}},
    ):
        assert "approved" in refusal(account, "PATCH", f"invoice/{made}", change)
    assert "approved" in refusal(account, "DELETE", f"invoice/{made}")
    assert account.read(f"invoice/{made}")["memo"] == "thank you"


def test_time_on_an_invoice_cannot_be_billed_again_changed_or_deleted(account: Any) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project))
    made = account.make("invoice", bill(account, project, time))
    assert "already been billed" in refusal(
        account, "POST", "invoice", bill(account, project, time, external="INV-2")
    )
    assert "billed" in refusal(account, "PATCH", f"timeBill/{time}", {"memo": "x"})
    assert "billed" in refusal(account, "DELETE", f"timeBill/{time}")
    assert account.read(f"timeBill/{time}")["invoice"]["id"] == made
    assert account.query("SELECT COUNT(*) n FROM transaction")["items"][0]["n"] == "1"


def test_a_deleted_draft_sets_its_time_free(account: Any) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project))
    made = account.make("invoice", bill(account, project, time))
    assert account.send("DELETE", f"invoice/{made}").status == 204
    account.make("invoice", bill(account, project, time))


def test_time_can_be_taken_off_a_draft(account: Any) -> None:
    project = account.project()
    one, two = (
        account.make("timeBill", account.time(project, f"T-{n}", rate=10, hours="1:00")) for n in (1, 2)
    )
    made = account.make("invoice", bill(account, project, one, two))
    off = {"time": {"items": [{"doc": {"id": one}, "apply": False}]}}
    assert account.send("PATCH", f"invoice/{made}", off).status == 204
    assert account.read(f"invoice/{made}")["total"] == 10.0
    assert "invoice" not in account.read(f"timeBill/{one}")
    assert account.send("DELETE", f"timeBill/{one}").status == 204


@pytest.mark.parametrize(("change", "words"), [
    ({"approvalStatus": {"id": "2"}}, "not approved"), ({"isBillable": False}, "not billable"),
])  # fmt: skip
def test_time_that_may_not_be_billed_is_refused(account: Any, change: dict[str, Any], words: str) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project, **change))
    assert words in refusal(account, "POST", "invoice", bill(account, project, time))


def test_another_projects_time_is_refused(account: Any) -> None:
    mine, other = account.project("E-1"), account.project("E-2")
    time = account.make("timeBill", account.time(other))
    assert "must belong" in refusal(account, "POST", "invoice", bill(account, mine, time))


def test_an_invoice_without_lines_is_refused(account: Any) -> None:
    assert "at least one line" in refusal(account, "POST", "invoice", bill(account, account.project()))


def test_an_invoice_into_a_closed_period_is_refused(account: Any) -> None:
    body = invoice(account, account.project(), tranDate="2026-09-30")
    assert "closed accounting period" in refusal(account, "POST", "invoice", body)


def test_upserting_a_draft_again_keeps_one_line_for_each_entry(account: Any) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project, rate=10, hours="1:00"))
    body = bill(account, project, time)
    locations = {account.send("PUT", "invoice/eid:INV-1", body).headers.get("location") for _ in range(2)}
    assert len(locations) == 1
    assert account.read("invoice/eid:INV-1")["total"] == 10.0


def test_upserting_again_appends_item_lines_unless_they_are_replaced(account: Any) -> None:
    body = invoice(account, account.project())
    for _ in range(2):
        account.send("PUT", "invoice/eid:INV-1", body)
    assert account.read("invoice/eid:INV-1")["total"] == 2000.0
    account.send("PUT", "invoice/eid:INV-1?replace=item", body)
    assert account.read("invoice/eid:INV-1")["total"] == 1000.0


def test_a_draft_line_follows_its_quantity(account: Any) -> None:
    lines = [{"item": account.eid("ITEM-SENIOR"), "quantity": 2, "rate": 50}]
    made = account.make("invoice", invoice(account, account.project(), item={"items": lines}))
    account.send("PATCH", f"invoice/{made}", {"item": {"items": [{"line": 1, "quantity": 3}]}})
    assert account.read(f"invoice/{made}")["total"] == 150.0


def test_a_project_transforms_into_an_invoice_to_its_customer(account: Any) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project, rate=10, hours="1:00"))
    body = {"externalId": "INV-9", "time": {"items": [{"apply": True, "doc": {"id": time}}]}}
    response = account.send("POST", f"job/{project}/!transform/invoice", body)
    assert response.status == 204
    shown = account.read("invoice/eid:INV-9")
    assert response.headers.get("location").endswith(f"/invoice/{shown['id']}")
    assert (shown["job"]["id"], shown["entity"]["refName"], shown["total"]) == (project, "Acme C-E-1", 10.0)
    assert account.send("POST", f"job/{project}/!transform/unicorn", body).status == 405


def test_an_invoice_to_a_project_is_one_to_its_customer(account: Any) -> None:
    project = account.project()
    body = invoice(account, project)
    body["entity"] = {"id": project}
    del body["job"]
    shown = account.read(f"invoice/{account.make('invoice', body)}")
    assert (shown["entity"]["refName"], shown["job"]["id"]) == ("Acme C-E-1", project)


def test_payments_bring_an_invoice_to_paid_in_full(account: Any) -> None:
    project = account.project()
    made = account.make("invoice", invoice(account, project))
    approve(account, made)
    part = {"payment": 400.5, "apply": {"items": [{"doc": {"id": made}, "apply": True, "amount": 400.5}]}}
    assert account.send("POST", f"invoice/{made}/!transform/customerPayment", part).status == 204
    shown = account.read(f"invoice/{made}")
    assert (shown["status"], shown["amountPaid"], shown["amountRemaining"]) == (OPEN, 400.5, 599.5)
    assert account.read("customer/eid:C-E-1")["balance"] == 599.5
    rest = account.send("POST", f"invoice/{made}/!transform/customerPayment", {})
    payment = json.loads(
        account.send("GET", rest.headers.get("location").removeprefix("http://127.0.0.1:8082")).body
    )
    assert (payment["payment"], payment["unapplied"], payment["tranId"]) == (599.5, 0.0, "PAY000002")
    shown = account.read(f"invoice/{made}")
    assert (shown["status"]["id"], shown["amountRemaining"]) == ("B", 0.0)
    assert account.send("DELETE", f"customerPayment/{payment['id']}").status == 204
    assert account.read(f"invoice/{made}")["status"] == OPEN


def test_a_payment_is_not_more_than_what_is_open(account: Any) -> None:
    made = account.make("invoice", invoice(account, account.project()))
    pay = f"invoice/{made}/!transform/customerPayment"
    assert "open invoice" in refusal(account, "POST", pay, {})
    approve(account, made)
    over = {"apply": {"items": [{"doc": {"id": made}, "apply": True, "amount": 1000.01}]}}
    assert "not more than" in refusal(account, "POST", pay, over)


def test_a_payment_changes_nothing_but_its_memo(account: Any) -> None:
    made = account.make("invoice", invoice(account, account.project()))
    approve(account, made)
    account.send("POST", f"invoice/{made}/!transform/customerPayment", {"externalId": "PAY-1"})
    assert account.send("PATCH", "customerPayment/eid:PAY-1", {"memo": "wire"}).status == 204
    assert "cannot be changed" in refusal(account, "PATCH", "customerPayment/eid:PAY-1", {"payment": 1})


def test_expenses_add_up_in_the_employees_currency(account: Any) -> None:
    lines = [{"amount": 1200.4, "memo": "Train"}, {"amount": 800}]
    body = {"entity": account.eid(account.employee("JP01")), "expense": {"items": lines}}
    shown = account.read(f"expenseReport/{account.make('expenseReport', body)}")
    assert (shown["total"], shown["currency"]["refName"], shown["tranId"]) == (2000.0, "JPY", "EXP000001")


def test_sending_an_approved_invoice_of_time_again_changes_nothing(account: Any) -> None:
    project = account.project()
    time = account.make("timeBill", account.time(project, rate=10, hours="1:00"))
    body = bill(account, project, time, approvalStatus={"id": "2"})
    for _ in range(2):
        assert account.send("PUT", "invoice/eid:INV-1", body).status == 204
    assert account.query("SELECT tranid, foreigntotal FROM transaction")["items"] == [
        {"links": [], "tranid": "INV000001", "foreigntotal": "10.00"}
    ]


def test_each_expense_is_billed_once_however_often_it_is_named(account: Any) -> None:
    project = account.project()
    spent = [{"amount": 10, "customer": {"id": project}, "isBillable": True} for _ in range(2)]
    report = account.make(
        "expenseReport", {"entity": account.eid(account.employee()), "expense": {"items": spent}}
    )
    lines = [{"apply": True, "doc": {"id": report}, "expenseLine": 1}, {"apply": True, "doc": {"id": report}}]
    body = invoice(account, project, item={"items": []}, expCost={"items": lines})
    for _ in range(2):
        assert account.send("PUT", "invoice/eid:INV-1", body).status == 204
    assert account.read("invoice/eid:INV-1")["total"] == 20.0
    again = invoice(account, project, "INV-2", item={"items": []}, expCost={"items": lines})
    assert "already been billed" in refusal(account, "POST", "invoice", again)
