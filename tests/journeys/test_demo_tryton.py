"""The demo at a real Tryton: what it reports is what Tryton's own ledger holds once everything has ended."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from services.cli.demo.run import Wishes, demonstrate
from services.cli.demo.stand_ins import tryton_password
from services.sandbox.auditor import TrytonBooks
from services.sandbox.auditor.ledgers import ErpLedger
from services.sandbox.firm import ENTITIES, Firm, found
from tests.support.tryton_erp import serving

DEALS, SEED = 6, 11


async def ledger(data: Path) -> ErpLedger:
    """What the Tryton that a demo has left behind holds, read by a Tryton that was started anew."""
    with serving(data / "vendors" / "tryton", ",".join(entity.code for entity in ENTITIES)) as erp:
        async with httpx.AsyncClient(timeout=60) as http:
            return await TrytonBooks(erp.url, tryton_password(data, "receivables"), http=http).read()


def prices(firm: Firm, entity: str) -> set[Decimal]:
    """An entity's hourly rates in units of its currency."""
    exponent = firm.entity(entity).exponent
    (card,) = [card for card in firm.rate_cards if card.entity == entity]
    return {Decimal(rate).scaleb(-exponent) for rate in card.rates.values()}


@pytest.mark.slow
async def test_demo_with_faults_at_a_real_tryton_ends_with_everything_accounted_for(tmp_path: Path) -> None:
    # Tryton has no other day than today's.
    today = datetime.now(UTC).date()
    firm = found(seed=SEED, today=today, deals=DEALS)
    wishes = Wishes(data=tmp_path, erp="tryton", seed=SEED, deals=DEALS, faults=True, today=today)
    report = await demonstrate(wishes, print)
    print(report)
    assert report.findings == ()
    assert report.balances
    assert (report.minutes_unexplained, report.money_unexplained, report.duplicates) == (0, 0, 0)
    assert (report.deals_won, report.projects_active, report.invoices_paid) == (DEALS, DEALS, DEALS)
    assert report.exceptions_raised > DEALS, "something more is held up than drafts that wait for approval"

    books = await ledger(tmp_path)
    hourly = {f"E-{deal.number}" for deal in firm.deals if deal.contract_type == "time-and-materials"}
    fixed = {f"E-{deal.number}" for deal in firm.deals} - hourly
    times_posted = Counter(posting.entry for posting in books.postings)
    assert set(times_posted.values()) == {1}
    assert len(times_posted) == report.entries_approved == report.entries_posted > 100
    assert {posting.engagement for posting in books.postings} == hourly | fixed
    assert {posting.engagement for posting in books.postings if posting.invoice} == hourly
    assert {posting.engagement for posting in books.postings if not posting.invoice} == fixed

    assert sorted(invoice.engagement for invoice in books.invoices) == sorted(hourly | fixed)
    for invoice in books.invoices:
        assert invoice.posted
        assert invoice.paid == invoice.total > 0
        for line in invoice.lines:
            assert line.fee is (invoice.engagement in fixed)
            assert line.fee or line.rate in prices(firm, invoice.entity)
