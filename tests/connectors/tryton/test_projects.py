"""Projects against a real Tryton: the whole plan in one tree, once."""

import pytest

from contracts.projects.v1 import Task
from services.adapterkit.families import Rejected, Unsure
from tests.support.tryton_firm import Desk, create_project, ensure_customer, fixed_fee

pytestmark = pytest.mark.slow


async def test_a_project_carries_the_whole_plan(desk: Desk) -> None:
    command, made = await desk.project()
    row = desk.row("project.work", made["record"], "name", "comment", "party.code", "project_invoice_method",
                   "effort_duration", "children")  # fmt: skip
    first, _, terms = row["comment"].partition("\n")

    assert first == f"FL-{command.engagement}"
    assert "100,000.00 GBP" in terms and "Purchase order PO-100200" in terms
    assert row["project_invoice_method"] == "timesheet"
    assert row["effort_duration"]["seconds"] == 12_030 * 60
    assert list(made["tasks"]) == ["DESIGN", "INTERNAL"]
    assert [f"task:{child}" for child in row["children"]] == list(made["tasks"].values())


async def test_the_same_project_twice_is_one_project(desk: Desk) -> None:
    command, made = await desk.project()
    assert await desk.applied("create_project", command) == made
    assert await desk.found("create_project", command) == made


async def test_a_project_whose_answer_was_lost_is_found(desk: Desk) -> None:
    party = await desk.applied("ensure_customer", ensure_customer())
    command = create_project(party["record"])
    desk.wire.lose_once("model.project.work.create", "after")

    assert isinstance(await desk.refused("create_project", command), Unsure)
    found = await desk.found("create_project", command)
    assert found is not None
    assert await desk.applied("create_project", command) == found


async def test_a_project_that_was_never_asked_for_is_not_found(desk: Desk) -> None:
    party = await desk.applied("ensure_customer", ensure_customer())
    command = create_project(party["record"])
    desk.wire.lose_once("model.project.work.create", "before")

    assert isinstance(await desk.refused("create_project", command), Unsure)
    assert await desk.found("create_project", command) is None


async def test_a_task_that_is_missing_is_added_and_the_rest_is_left_alone(desk: Desk) -> None:
    command, made = await desk.project()
    internal = int(made["tasks"]["INTERNAL"].partition(":")[2])
    desk.fairlead.call("model.project.work.delete", [internal])

    assert await desk.found("create_project", command) is None
    again = await desk.applied("create_project", command)
    assert (again["record"], again["tasks"]["DESIGN"]) == (made["record"], made["tasks"]["DESIGN"])
    assert again["tasks"]["INTERNAL"] != made["tasks"]["INTERNAL"]


async def test_a_note_that_finance_adds_below_the_key_does_no_harm(desk: Desk) -> None:
    command, made = await desk.project()
    number = int(made["record"].partition(":")[2])
    comment = f"FL-{command.engagement}\nAsk Bob before billing."
    desk.fairlead.call("model.project.work.write", [number], {"comment": comment})
    assert await desk.found("create_project", command) == made


async def test_a_fixed_fee_is_a_priced_task_for_each_milestone(desk: Desk) -> None:
    _, made = await desk.project(**fixed_fee())
    number = int(made["record"].partition(":")[2])
    fields = ["name", "list_price", "product.code", "invoice_method"]
    rows = desk.fairlead.rows("project.work", [["parent", "=", number]], fields, desk.company())
    priced = {row["name"]: row["list_price"]["decimal"] for row in rows if row["list_price"]}

    assert priced == {"Architecture agreed": "40000.00", "Platform live": "60000.50"}
    assert {row["invoice_method"] for row in rows} == {"effort"}
    assert list(made["tasks"]) == ["DESIGN", "INTERNAL"]


async def test_codes_with_separators_in_them_stay_apart(desk: Desk) -> None:
    tasks = (Task(code="A/B", name="One"), Task(code="A", name="Two"), Task(code="A_%", name="Three"))
    command, made = await desk.project(tasks=tasks)
    assert len(set(made["tasks"].values())) == 3
    assert await desk.found("create_project", command) == made


async def test_a_customer_of_another_company_gets_its_payment_term(desk: Desk) -> None:
    party = await desk.applied("ensure_customer", ensure_customer())
    await desk.applied("create_project", create_project(party["record"], legal_entity="JP01"))
    number = int(party["record"].partition(":")[2])
    row = desk.fairlead.rows(
        "party.party", [["id", "=", number]], ["customer_payment_term"], desk.company("JP01")
    )
    assert row[0]["customer_payment_term"] is not None


async def test_another_currency_and_a_strange_customer_are_refused(desk: Desk) -> None:
    currency = await desk.refused("create_project", create_project("party:1", currency="EUR"))
    strange = await desk.refused("create_project", create_project("647"))
    gone = await desk.refused("create_project", create_project("party:999999"))

    assert isinstance(currency, Rejected) and "billed in GBP, not in EUR" in currency.why
    assert isinstance(strange, Rejected) and "647" in strange.why
    assert isinstance(gone, Rejected) and gone.category == "conflict"
