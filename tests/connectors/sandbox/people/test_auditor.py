"""The auditor finds nothing in a month that people drove, and names each difference that is planted."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

MONDAY, TUESDAY = date(2026, 11, 2), date(2026, 11, 3)


async def billed(town: Any) -> Any:
    """The hourly deal won, worked on for two days, posted, billed, paid and shown in the CRM."""
    deal = town.hourly
    await town.win(deal)
    await town.work(deal, MONDAY, TUESDAY)
    await town.clerk.post(deal)
    await town.clerk.bill(deal)
    await town.finance.pay_all()
    await town.clerk.report(deal)
    return deal


async def posted(town: Any) -> tuple[Any, list[Any]]:
    """The hourly deal with its approved entries, all posted, none billed."""
    deal = town.hourly
    await town.win(deal)
    await town.work(deal, MONDAY, TUESDAY)
    await town.clerk.post(deal)
    return deal, await town.clerk.approved(deal.number)


async def bill_of(town: Any, entry: str) -> dict[str, str]:
    """The time bill of an entry."""
    query = "SELECT id, hours FROM timebill WHERE memo = 'kantata:{}#1'"
    (row,) = await town.clerk.books.rows(query.format(entry))
    return dict(row)


async def test_a_month_driven_by_people_adds_up(town: Any) -> None:
    deals = town.firm.deals[:4]
    await town.win(*deals)
    for deal in deals:
        for monday in (2, 9):
            await town.work(deal, date(2026, 11, monday), date(2026, 11, monday + 4))
    await town.clerk.post(*deals)
    for deal in deals:
        fees = []
        if deal.contract_type == "fixed-fee":
            fees = [(f"M1: {await town.delivery.complete_milestone(deal)}", deal.amount // 4)]
        await town.clerk.bill(deal, fees=fees)
    paid = await town.finance.pay_all(partial_first=True)
    for deal in deals:
        await town.clerk.report(deal)
    account = await town.audit()
    assert account.report() == []
    assert (account.deals_won, account.projects_active) == (4, 4)
    assert account.entries_approved == account.entries_posted > 300
    assert account.minutes_approved == account.minutes_posted > 90_000
    assert (account.invoices_posted, account.invoices_paid, len(paid)) == (4, 4, 4)
    assert account.invoiced == account.paid
    assert (account.minutes_unexplained, account.cents_unexplained, account.duplicates) == (0, 0, 0)


async def test_a_deleted_posting_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    gone = entries[3]
    await town.clerk.books.write("DELETE", f"timeBill/{(await bill_of(town, gone['id']))['id']}")
    account = await town.audit()
    employee = (await town.employees())[gone["user_id"]]
    assert account.report() == [
        f"kantata:{gone['id']}: {gone['time_in_minutes']} minutes of {employee} on E-{deal.number} "
        "are approved and not posted"
    ]
    assert account.minutes_unexplained == gone["time_in_minutes"]
    assert account.minutes_approved - account.minutes_posted == gone["time_in_minutes"]


async def test_what_the_caller_holds_is_counted_and_not_found_fault_with(town: Any) -> None:
    _, entries = await posted(town)
    gone = entries[0]
    await town.clerk.books.write("DELETE", f"timeBill/{(await bill_of(town, gone['id']))['id']}")
    account = await town.audit(held=[f"kantata:{gone['id']}", f"kantata:{entries[1]['id']}"])
    assert account.explained
    assert (account.entries_held, account.minutes_held) == (1, gone["time_in_minutes"])


async def test_changed_minutes_are_named(town: Any) -> None:
    _, entries = await posted(town)
    entry, bill = entries[2], await bill_of(town, entries[2]["id"])
    minutes = entry["time_in_minutes"] + 15
    await town.clerk.books.write(
        "PATCH", f"timeBill/{bill['id']}", {"hours": f"{minutes // 60}:{minutes % 60:02d}"}
    )
    account = await town.audit()
    assert account.report() == [
        f"kantata:{entry['id']}: {minutes - 15} minutes are approved, {minutes} are posted "
        f"as posting {bill['id']}"
    ]
    assert account.minutes_unexplained == 15


async def test_a_second_posting_of_an_entry_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    entry, first = entries[1], await bill_of(town, entries[1]["id"])
    second = await town.clerk.post_one(entry, town.clerk.jobs[deal.number], revision=2)
    account = await town.audit()
    minutes = entry["time_in_minutes"]
    assert account.report() == [
        f"kantata:{entry['id']}: {minutes} minutes are approved, {2 * minutes} are posted "
        f"as posting {first['id']}, posting {second}",
        f"kantata:{entry['id']}: posted again as posting {second}, beside posting {first['id']}",
    ]
    assert (account.duplicates, account.minutes_unexplained) == (1, minutes)
    assert account.entries_posted == account.entries_approved


async def test_time_approved_and_never_posted_is_named_entry_by_entry(town: Any) -> None:
    deal, entries = await posted(town)
    await town.work(deal, date(2026, 11, 9), date(2026, 11, 9))
    late = {row["id"] for row in await town.clerk.approved(deal.number)} - {row["id"] for row in entries}
    account = await town.audit()
    assert {finding.reference for finding in account.findings} == {f"kantata:{key}" for key in late}
    assert account.minutes_unexplained == account.minutes_approved - account.minutes_posted > 0


async def test_time_posted_whose_approval_was_taken_back_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    sheets = {row["id"] for row in await town.documents("kantata", "timesheet_submissions")}
    await town.approvers.reject(deal, sorted(sheets), words="Wrong project")
    account = await town.audit()
    assert account.minutes_approved == 0
    assert len(account.findings) == len(entries)
    assert account.minutes_unexplained == account.minutes_posted
    assert all("the entry is not approved" in line for line in account.report())


async def test_time_posted_for_an_entry_that_was_deleted_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    gone = entries[0]
    await town.approvers.withdraw(deal, gone["id"])
    bill = await bill_of(town, gone["id"])
    assert (await town.audit()).report() == [
        f"kantata:{gone['id']}: {gone['time_in_minutes']} minutes are posted as posting {bill['id']}, "
        "and the entry is not in the time system"
    ]


async def test_time_posted_for_another_person_or_project_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    employee = (await town.employees())[entries[0]["user_id"]]
    other = next(one for one in deal.team if one != employee)
    first, second = await bill_of(town, entries[0]["id"]), await bill_of(town, entries[1]["id"])
    books = town.clerk.books
    await books.write("PATCH", f"timeBill/{first['id']}", {"employee": {"externalId": other}})
    twin = next(one for one in town.firm.deals if one.entity == deal.entity and one.number != deal.number)
    await town.win(twin)
    job = {"id": town.clerk.jobs[twin.number]}
    await books.write("PATCH", f"timeBill/{second['id']}", {"customer": job, "caseTaskEvent": None})
    assert (await town.audit()).report() == [
        f"kantata:{entries[0]['id']}: booked by {employee}, posted for {other} as posting {first['id']}",
        f"kantata:{entries[1]['id']}: booked on E-{deal.number}, posted on E-{twin.number} "
        f"as posting {second['id']}",
    ]


async def test_time_in_the_books_without_a_reference_is_named(town: Any) -> None:
    deal, entries = await posted(town)
    made = await town.clerk.post_one(
        entries[0], town.clerk.jobs[deal.number], externalId="BY-HAND", memo="Forgotten hours"
    )
    account = await town.audit()
    minutes = entries[0]["time_in_minutes"]
    assert account.report() == [
        f"posting {made}: {minutes} minutes on E-{deal.number} carry no reference to an entry"
    ]
    assert account.minutes_unexplained == minutes


async def test_an_external_id_is_read_where_somebody_changed_the_memo(town: Any) -> None:
    _, entries = await posted(town)
    bill = await bill_of(town, entries[0]["id"])
    await town.clerk.books.write("PATCH", f"timeBill/{bill['id']}", {"memo": "see e-mail"})
    assert (await town.audit()).explained


async def test_time_in_archived_workspaces_counts(town: Any) -> None:
    await posted(town)
    before = await town.audit()
    (row,) = await town.documents("kantata", "workspaces")
    await town.clerk.kantata.change("workspaces", row["id"], {"workspace": {"archived": True}})
    after = await town.audit()
    assert after.explained
    assert after.minutes_approved == before.minutes_approved > 0


async def test_a_second_invoice_is_named(town: Any) -> None:
    deal = await billed(town)
    assert (await town.audit()).explained
    await town.clerk.bill(deal, fees=[("Again", 12_300)], number=2)
    await town.clerk.report(deal)
    account = await town.audit()
    digits = town.firm.entity(deal.entity).exponent
    amount = f"{12_300 / 10**digits:,.{digits}f} {deal.currency}"
    assert account.report() == [
        f"invoice INV000002: {amount} is billed for 'Again', and E-{deal.number} has no fixed fee"
    ]
    assert account.money_unexplained == {deal.currency: 12_300}
    assert (account.invoices_posted, account.invoices_paid) == (2, 1)


async def test_a_milestone_on_two_invoices_is_named(town: Any) -> None:
    deal = town.fixed
    await town.win(deal)
    for number in (1, 2):
        await town.clerk.bill(deal, fees=[("M1: Design signed off", deal.amount // 4)], number=number)
    await town.clerk.report(deal)
    account = await town.audit()
    assert account.report() == [
        f"invoice INV000002: 'M1: Design signed off' of E-{deal.number} is billed again; it is on INV000001 too"
    ]
    assert account.cents_unexplained == deal.amount // 4


async def test_a_fee_beyond_the_contract_is_named(town: Any) -> None:
    deal = town.fixed
    await town.win(deal)
    await town.clerk.bill(deal, fees=[("M1", deal.amount), ("M2", 500)])
    await town.clerk.report(deal)
    account = await town.audit()
    assert [finding.cents for finding in account.findings] == [500]
    assert f"is billed beyond the fee of {deal.number}" in account.report()[0]


async def test_amounts_in_the_crm_that_are_behind_are_named(town: Any) -> None:
    deal = await billed(town)
    invoice = next(iter((await town.audit()).invoiced.values()))
    await town.clerk.crm.change("Opportunity", "Deal_Number__c", deal.number, {"Paid_Amount__c": None})
    account = await town.audit()
    assert [(finding.kind, finding.reference) for finding in account.findings] == [("crm", deal.number)]
    assert account.money_unexplained == {deal.currency: invoice}


async def test_a_draft_is_neither_invoiced_nor_shown(town: Any) -> None:
    deal, _ = await posted(town)
    books, job = town.clerk.books, town.clerk.jobs[deal.number]
    rows = await books.rows(f"SELECT id FROM timebill WHERE customer = {job}")
    lines = {"items": [{"apply": True, "doc": {"id": row["id"]}} for row in rows]}
    body = {"job": {"id": job}, "entity": {"externalId": deal.client}, "time": lines}
    await books.write("POST", "invoice", body)
    account = await town.audit()
    assert account.explained
    assert (account.invoices_posted, account.invoiced) == (0, {})


async def test_a_won_deal_without_a_project_is_named_unless_it_is_held(town: Any) -> None:
    deal = town.hourly
    await town.sales.win_incomplete(deal)
    assert (await town.audit()).report() == [f"{deal.number}: is won and has no active project in netsuite"]
    assert (await town.audit(held=[deal.number])).explained


async def test_a_second_workspace_of_an_engagement_is_named(town: Any) -> None:
    deal = town.hourly
    await town.win(deal)
    (first,) = await town.documents("kantata", "workspaces")
    second = await town.clerk.provision(deal)
    account = await town.audit()
    assert account.report() == [
        f"E-{deal.number}: workspace {second} is there beside workspace {first['id']}"
    ]
    assert account.duplicates == 1


@pytest.mark.parametrize(
    ("undo", "words"),
    [
        (lambda town, deal: town.clerk.provision(deal), "has a workspace and no project in netsuite"),
        (
            lambda town, deal: town.clerk.activate(deal),
            "has an active project in netsuite and is no won deal",
        ),
    ],
)
async def test_what_nobody_sold_is_named(town: Any, undo: Callable[..., Any], words: str) -> None:
    await undo(town, town.hourly)
    assert (await town.audit()).report() == [f"E-{town.hourly.number}: {words}"]
