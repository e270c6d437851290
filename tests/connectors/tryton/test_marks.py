"""Watermarks of the feeds, and versions."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from services.erp_adapter.connectors.tryton.check import is_new_enough
from services.erp_adapter.connectors.tryton.feeds import after, watermark
from services.erp_adapter.connectors.tryton.invoices import Invoice
from services.erp_adapter.connectors.tryton.values import exact, moment

NINE = datetime(2026, 11, 21, 9, 0, 5, 294909, tzinfo=UTC)


def invoice(number: int, at: datetime = NINE, **changes: Any) -> Invoice:
    """A draft as Tryton shows it."""
    amounts = ("untaxed_amount", "tax_amount", "total_amount", "amount_to_pay")
    row = {
        "id": number, "number": None, "state": "draft", "reference": "INV-1", "comment": None, "invoice_date": None,
        "currency.": {"code": "GBP"}, "company": 1, "create_uid": 2, "create_date": moment(NINE),
        "last_modified_at": moment(at), **dict.fromkeys(amounts, exact(Decimal(0))), **changes,
    }  # fmt: skip
    return msgspec.convert(row, Invoice, strict=False)


def test_the_first_round_reads_everything() -> None:
    assert after(None, 120) == after("", 120) == []


def test_a_new_round_starts_a_little_earlier() -> None:
    mark = watermark([invoice(3), invoice(9)], False, None)
    assert mark == "2026-11-21T09:00:05.294909+00:00"
    assert after(mark, 120) == [["last_modified_at", ">=", moment(NINE.replace(minute=58, hour=8))]]


def test_within_a_round_reading_goes_on_behind_the_last_record() -> None:
    mark = watermark([invoice(3), invoice(9)], True, None)
    assert mark == "2026-11-21T09:00:05.294909+00:00/9"
    same = [["last_modified_at", "=", moment(NINE)], ["id", ">", 9]]
    assert after(mark, 120) == [["OR", [["last_modified_at", ">", moment(NINE)]], same]]


def test_an_empty_page_ends_the_round_where_it_was() -> None:
    assert watermark([], False, "2026-11-21T09:00:05+00:00/9") == "2026-11-21T09:00:05+00:00"
    assert watermark([], False, None) == ""


@pytest.mark.parametrize(
    ("state", "total", "to_pay", "standing", "paid"),
    [("draft", "228.00", "0", "draft", 0), ("validated", "228.00", "0", "draft", 0),
     ("posted", "228.00", "228.00", "open", 0), ("posted", "228.00", "128.00", "open", 10_000),
     ("paid", "228.00", "0", "paid", 22_800), ("cancelled", "228.00", "0", "void", 0),
     ("posted", "-228.00", "-228.00", "open", 0), ("paid", "-228.00", None, "paid", -22_800)],
)  # fmt: skip
def test_an_invoice_owes_what_tryton_says_once_it_is_posted(
    state: str, total: str, to_pay: str | None, standing: str, paid: int
) -> None:
    open_amount = exact(Decimal(to_pay)) if to_pay is not None else None
    row = invoice(1, state=state, total_amount=exact(Decimal(total)), amount_to_pay=open_amount)
    assert (row.standing, row.paid.amount) == (standing, paid)


@pytest.mark.parametrize(
    ("comment", "engagement"),
    [
        ("Engagement E-D-7\nPurchase order 1", "E-D-7"),
        ("Engagement E-D-7", "E-D-7"),
        (None, None),
        ("Thanks!", None),
    ],
)
def test_the_engagement_stands_in_the_comment(comment: str | None, engagement: str | None) -> None:
    assert invoice(1, comment=comment).engagement == engagement


def test_a_state_that_nobody_knows_is_not_guessed() -> None:
    with pytest.raises(msgspec.ValidationError, match="unknown"):
        invoice(1, state="factored")


@pytest.mark.parametrize(
    ("series", "fine"),
    [("8.2", True), ("8.4", True), ("9.0", True), ("10.0", True), ("8.0", False), ("7.8", False), ("", False),
     ("x.y", False)],
)  # fmt: skip
def test_older_series_speak_at_other_addresses(series: str, fine: bool) -> None:
    assert is_new_enough(series) is fine
