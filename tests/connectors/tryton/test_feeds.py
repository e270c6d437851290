"""Feeds, ledger and check against a real Tryton."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from contracts.invoices.v1 import InvoiceChanged
from contracts.ledgers.v1 import LedgerLine
from contracts.projects.v1 import ProjectStatusChanged
from contracts.reference.v1 import PeriodChanged, RateCardChanged
from services.erp_adapter.connectors.tryton import Options
from services.erp_adapter.connectors.tryton.feeds import MOST
from tests.support import tryton_firm
from tests.support.tryton_erp import Erp, Session
from tests.support.tryton_firm import Desk, draft_invoice, gbp, post_invoice, today

pytestmark = pytest.mark.slow


async def drain(desk: Desk, feed: str, mark: str | None = None) -> tuple[list[Any], str]:
    """Everything that a feed has to tell, and its last watermark."""
    seen: list[Any] = []
    while True:
        page = await desk.poll(feed, mark)
        seen += page.observed
        mark = page.watermark
        if not page.more:
            return seen, mark


def pay(desk: Desk, record: str, amount: str | None = None) -> None:
    """Accounts receivable books what the client paid: all of it, or an amount."""
    number = int(record.partition(":")[2])
    row = desk.row("account.invoice", record, "party", "account", "amount_to_pay", "currency")
    company = desk.company()
    methods = desk.people.rows("account.invoice.payment.method", [["company", "=", company]], [], company)
    paid = {"__class__": "Decimal", "decimal": amount} if amount else row["amount_to_pay"]
    day = {"__class__": "date", "year": today().year, "month": today().month, "day": today().day}
    start = {"payee": row["party"], "payees": [row["party"]], "company": company, "currency": row["currency"],
             "invoice_account": row["account"], "amount": paid, "payment_method": methods[0]["id"],
             "date": day}  # fmt: skip
    context = {
        "company": company,
        "active_model": "account.invoice",
        "active_id": number,
        "active_ids": [number],
    }
    wizard = "wizard.account.invoice.pay"
    session, _, _ = desk.people.call(f"{wizard}.create", context=context)
    desk.people.call(f"{wizard}.execute", session, {"start": start}, "choice", context=context)
    if amount:
        desk.people.call(
            f"{wizard}.execute", session, {"start": start, "ask": {"type": "partial"}}, "pay", context=context
        )
    desk.people.call(f"{wizard}.delete", session, context=context)


async def billed(desk: Desk) -> tuple[Any, dict[str, Any]]:
    """A posted invoice over one hour at 190.00 and 20 % tax: its order and the result."""
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    drafted = await desk.applied("draft_invoice", order)
    return order, dict(await desk.applied("post_invoice", post_invoice(order, drafted["record"])))


async def test_all_periods_are_told_and_then_only_what_changed(
    erp: Erp, fairlead: Session, people: Session
) -> None:
    async with tryton_firm.desk(erp, fairlead, people, Options(overlap_seconds=1)) as desk:
        context = {"company": desk.company()}
        open_months = [["company", "=", desk.company()], ["state", "=", "open"]]
        last = desk.people.rows("account.period", open_months, [])[-1]["id"]
        seen, mark = await drain(desk, "periods")
        desk.people.call("model.account.period.close", [last], context=context)
        closed, mark = await drain(desk, "periods", mark)
        desk.people.call("model.account.period.reopen", [last], context=context)
        reopened, _ = await drain(desk, "periods", mark)
    periods = {(one.contract.legal_entity, one.contract.period): one.contract for one in seen}
    this = periods["GB01", f"{today():%Y-%m}"]

    assert isinstance(this, PeriodChanged) and this.open
    assert this.start == today().replace(day=1)
    assert not periods["JP01", f"{today() - timedelta(days=75):%Y-%m}"].open
    assert [one.contract.open for one in closed if one.record == f"period:{last}"] == [False]
    assert [one.contract.open for one in reopened if one.record == f"period:{last}"] == [True]
    assert len(closed) < len(seen)


async def test_rate_cards_are_the_hourly_products_of_each_company(desk: Desk) -> None:
    page = await desk.poll("rate-cards")
    cards = {one.contract.rate_card: one.contract for one in page.observed}
    british, japanese = cards["RC-GB01-STD"], cards["RC-JP01-STD"]

    assert isinstance(british, RateCardChanged)
    assert (british.currency, japanese.currency) == ("GBP", "JPY")
    assert british.rates["SENIOR"] == Decimal("190.00")
    assert sorted(british.rates) == ["ANALYST", "CONSULTANT", "PARTNER", "PRINCIPAL", "SENIOR"]
    assert page.more is False


async def test_a_project_is_told_when_finance_closes_it(desk: Desk) -> None:
    command, made = await desk.project(tasks=())
    before, mark = await drain(desk, "projects")
    [done] = desk.fairlead.rows("project.work.status", [["name", "=", "Done"]], [])
    number = int(made["record"].partition(":")[2])
    desk.fairlead.call("model.project.work.write", [number], {"progress": 1.0, "status": done["id"]})
    after, _ = await drain(desk, "projects", mark)
    states = {one.contract.engagement: one.contract for one in after}

    assert [one.contract.state for one in before if one.record == made["record"]] == ["active"]
    assert isinstance(states[command.engagement], ProjectStatusChanged)
    assert states[command.engagement].state == "closed"


async def test_projects_of_people_are_no_news(desk: Desk) -> None:
    values = {"name": "Own project", "type": "project", "company": desk.company(), "comment": "FL-ask Bob"}
    desk.fairlead.call("model.project.work.create", [values], context={"company": desk.company()})
    seen, _ = await drain(desk, "projects")
    assert "ask Bob" not in {one.contract.engagement for one in seen}


async def test_an_invoice_is_followed_from_draft_to_paid(desk: Desk) -> None:
    _, mark = await drain(desk, "invoices")
    command, made = await desk.project()
    order = draft_invoice(command, made, await desk.billed(await desk.posted(command, made, 60)))
    drafted = await desk.applied("draft_invoice", order)
    history = []

    async def look() -> None:
        nonlocal mark
        seen, mark = await drain(desk, "invoices", mark)
        history.extend(one.contract for one in seen if one.record == drafted["record"])

    await look()
    await desk.applied("post_invoice", post_invoice(order, drafted["record"]))
    await look()
    pay(desk, drafted["record"], "100.00")
    await look()
    pay(desk, drafted["record"])
    await look()

    assert all(isinstance(one, InvoiceChanged) and one.invoice == order.invoice for one in history)
    assert {one.engagement for one in history} == {command.engagement}
    assert [(one.state, one.paid, one.total) for one in history] == [
        ("draft", gbp(0), gbp(22_800)), ("open", gbp(0), gbp(22_800)), ("open", gbp(10_000), gbp(22_800)),
        ("paid", gbp(22_800), gbp(22_800)),
    ]  # fmt: skip


async def test_a_feed_goes_on_behind_a_full_page_of_equal_stamps(desk: Desk) -> None:
    """One transaction gives all its records the same stamp, to the microsecond."""
    first, mark = await drain(desk, "projects")
    values = [
        {
            "name": f"Bulk {number}",
            "type": "project",
            "company": desk.company(),
            "comment": f"FL-E-BULK-{number}",
        }
        for number in range(MOST + 20)
    ]
    desk.fairlead.call("model.project.work.create", values, context={"company": desk.company()})
    page = await desk.poll("projects", mark)
    seen, _ = await drain(desk, "projects", mark)

    assert page.more
    bulk = [one.contract.engagement for one in seen if one.contract.engagement.startswith("E-BULK-")]
    assert sorted(bulk) == sorted({f"E-BULK-{number}" for number in range(MOST + 20)})
    assert len(first) < MOST


async def test_the_ledger_shows_time_and_invoices_of_everybody(desk: Desk) -> None:
    command, made = await desk.project()
    billed_post, open_post = await desk.posted(command, made, 60, 30)
    order = draft_invoice(command, made, await desk.billed([billed_post]))
    drafted = await desk.applied("draft_invoice", order)
    [line] = desk.lines(open_post.entry)
    copied = desk.fairlead.call("model.timesheet.line.copy", [line["id"]], {"description": "by hand"})
    lines = {one.record: one async for one in desk.connector.ledger(today(), today())}
    mine = {one.reference: one for one in lines.values() if one.reference}

    assert isinstance(mine[f"{billed_post.entry}#1"], LedgerLine)
    assert mine[f"{billed_post.entry}#1"].billed_on == drafted["record"]
    assert (mine[f"{open_post.entry}#1"].minutes, mine[f"{open_post.entry}#1"].billed_on) == (30, None)
    assert mine[f"{open_post.entry}#1"].engagement == command.engagement
    assert (lines[f"line:{copied[0]}"].reference, lines[f"line:{copied[0]}"].engagement) == (
        None,
        command.engagement,
    )
    invoice = mine[order.invoice]
    assert (invoice.kind, invoice.state, invoice.engagement) == ("invoice", "draft", command.engagement)
    assert (invoice.amount, invoice.paid) == (gbp(22_800), gbp(0))


async def test_the_ledger_keeps_to_its_days(desk: Desk) -> None:
    command, made = await desk.project()
    early, late = today() - timedelta(days=3), today()
    [one] = await desk.posted(command, made, 60, posting_date=early)
    [two] = await desk.posted(command, made, 60, posting_date=late)
    seen = {line.reference async for line in desk.connector.ledger(early, early)}
    assert f"{one.entry}#1" in seen
    assert f"{two.entry}#1" not in seen
    assert [line async for line in desk.connector.ledger(date(2001, 1, 1), date(2001, 1, 31))] == []


async def test_the_ledger_agrees_with_what_was_posted(desk: Desk) -> None:
    order, posted = await billed(desk)
    pay(desk, posted["record"])
    lines = {line.reference: line async for line in desk.connector.ledger(today(), today())}
    assert (lines[order.invoice].state, lines[order.invoice].paid) == ("paid", gbp(22_800))


async def test_check_finds_a_sandbox_fit_for_work(desk: Desk) -> None:
    # The sandbox has no status "On hold" and needs none: each that it has is known.
    assert [(one.name, one.detail) for one in await desk.connector.check() if not one.ok] == []


async def test_check_names_what_is_missing(erp: Erp, fairlead: Session, people: Session) -> None:
    options = Options(legal_entities=("GB01", "US01"), item_prefix="WORK-", fixed_fee_item="FEE", rate_cards={},
                      project_states={"Open": "active"})  # fmt: skip
    async with tryton_firm.desk(erp, fairlead, people, options) as desk:
        found = {one.name: one for one in await desk.connector.check()}
    assert found["login"].ok and found["permissions"].ok and found["billing button"].ok
    assert [name for name, one in found.items() if not one.ok] == [
        "companies", "products", "rate cards", "project statuses",
    ]  # fmt: skip
    assert "US01" in found["companies"].detail
    assert "Done" in found["project statuses"].detail


async def test_check_says_what_a_login_may_not(erp: Erp, fairlead: Session, people: Session) -> None:
    async with tryton_firm.desk(erp, fairlead, people, login="receivables") as desk:
        found = {one.name: one for one in await desk.connector.check()}
    assert found["login"].ok
    assert "create project.work" in found["permissions"].detail


async def test_check_stops_at_a_login_that_is_refused(erp: Erp, fairlead: Session, people: Session) -> None:
    async with tryton_firm.desk(erp, fairlead, people, login="nobody", password="wrong-password") as desk:
        [login] = await desk.connector.check()
    assert (login.name, login.ok) == ("login", False)
    assert "wrong-password" not in login.detail
