from datetime import date
from decimal import Decimal

import pytest

from contracts.ledgers.v1 import LedgerLine
from contracts.types import Money
from services.adapterkit.families import Unavailable
from services.erp_adapter.connectors.netsuite.ledger import minutes_of
from tests.support.netsuite_account import (
    ENGAGEMENT,
    Account,
    draft_invoice,
    post_invoice,
    post_time,
    reverse_time,
)

START, END = date(2026, 11, 1), date(2026, 11, 30)


async def lines(account: Account, start: date = START, end: date = END) -> list[LedgerLine]:
    return [line async for line in account.connector.ledger(start, end)]


@pytest.mark.parametrize(
    ("hours", "minutes"),
    [("1.5", 90), ("1.3333333333", 80), ("0.0166666667", 1), ("7.99", 479), ("0", 0), ("-0.5", -30)],
)
def test_decimal_hours_are_whole_minutes(hours: str, minutes: int) -> None:
    assert minutes_of(Decimal(hours)) == minutes


async def test_the_ledger_shows_ours_and_everybody_elses(account: Account) -> None:
    customer, project, tasks = await account.project()
    record = (await account.applied("post_time", post_time(project, tasks["DESIGN"], minutes=80)))["record"]
    by_hand = {
        "employee": {"externalId": account.worker()},
        "customer": {"id": project},
        "item": {"externalId": "ITEM-ANALYST"},
        "tranDate": "2026-11-19",
        "hours": "0:10",
    }
    await account.change("timeBill", by_hand, "POST")
    internal = {"employee": {"externalId": account.worker()}, "tranDate": "2026-11-19", "hours": "8:00"}
    await account.change("timeBill", internal, "POST")
    drafted = await account.applied("draft_invoice", draft_invoice(customer, project, [(85, record)]))
    ours, hand, inside, invoice = await lines(account)
    assert ours == LedgerLine(
        kind="posted-time",
        record=record,
        reference="kantata:85#1",
        engagement=ENGAGEMENT,
        day=date(2026, 11, 18),
        minutes=80,
        amount=Money(amount=32_000, currency="USD"),
        state="approved",
        billed_on=drafted["record"],
    )
    assert (hand.reference, hand.engagement, hand.minutes, hand.state) == (None, ENGAGEMENT, 10, "open")
    assert (inside.reference, inside.engagement, inside.minutes, inside.amount) == (None, None, 480, None)
    assert invoice == LedgerLine(
        kind="invoice",
        record=drafted["record"],
        reference="INV-7",
        engagement=ENGAGEMENT,
        day=date(2026, 11, 20),
        amount=Money(amount=32_000, currency="USD"),
        paid=Money(amount=0, currency="USD"),
        state="draft",
    )


async def test_a_posted_invoice_is_open_and_unpaid(account: Account) -> None:
    customer, project, _ = await account.project()
    drafted = await account.applied("draft_invoice", draft_invoice(customer, project, [], [("AGREED", 5)]))
    await account.applied("post_invoice", post_invoice(drafted["record"]))
    [line] = await lines(account)
    assert (line.state, line.amount, line.paid) == (
        "open",
        Money(amount=5, currency="USD"),
        Money(amount=0, currency="USD"),
    )


async def test_only_days_in_the_range_count_and_reversed_time_is_gone(account: Account) -> None:
    _, project, tasks = await account.project()
    days = [date(2026, 10, 31), START, END, date(2026, 12, 1)]
    records = [
        (await account.applied("post_time", post_time(project, tasks["DESIGN"], number, posting_date=day)))[
            "record"
        ]
        for number, day in enumerate(days)
    ]
    assert [line.day for line in await lines(account)] == [START, END]
    await account.applied("reverse_time", reverse_time(records[1], number=1))
    assert [line.day for line in await lines(account)] == [END]


async def test_a_ledger_longer_than_a_page_is_whole(account: Account) -> None:
    _, project, tasks = await account.project()
    for start in range(0, 1100, 100):
        commands = [post_time(project, tasks["DESIGN"], number) for number in range(start, start + 100)]
        assert not any(isinstance(one, Exception) for one in await account.apply("post_time", *commands))
    found = await lines(account)
    assert len(found) == len({line.reference for line in found}) == 1100
    assert sum(line.minutes for line in found) == 1100 * 90


async def test_a_ledger_that_cannot_be_read_to_its_end_says_so(account: Account) -> None:
    await account.project()
    await account.faults({"match": {"path": "*/suiteql"}, "when": {"nth": [2]}, "do": {"status": 500}})
    with pytest.raises(Unavailable):
        await lines(account)
