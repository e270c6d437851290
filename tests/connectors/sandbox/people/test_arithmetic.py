"""Amounts recomputed with whole numbers, and ledgers that no vendor would write but a bug might."""

from dataclasses import replace
from decimal import Decimal

import pytest

from services.sandbox.auditor import Account, draw
from services.sandbox.auditor.arithmetic import NETSUITE, TRYTON
from services.sandbox.auditor.ledgers import (
    CrmDeal,
    ErpLedger,
    Invoice,
    Line,
    Posting,
    Project,
    TimeEntry,
    TimeLedger,
    Workspace,
    engagement_in,
    entry_in,
)

ENTRY = TimeEntry(entry="kantata:1", engagement="E-D-1", workspace="9", person="EMP-0001", minutes=50,
                  approved=True)  # fmt: skip
POSTING = Posting(record="71", entry="kantata:1", revision=1, engagement="E-D-1", person="EMP-0001", minutes=50,
                  rate=Decimal("190"), invoice="5")  # fmt: skip
LINE = Line(amount=15833, what="kantata:1#1", postings=("71",), rate=Decimal("190"))
INVOICE = Invoice(
    record="5", number="INV000001", reference="INV-1", engagement="E-D-1", entity="GB01", currency="GBP",
    posted=True, tax=3167, total=19000, paid=4000, open=15000, lines=(LINE,),
)  # fmt: skip
DEAL = CrmDeal(number="D-1", won=True, fixed_fee=False, currency="GBP", amount=100_000, invoiced=0, paid=0)


def account(*invoices: Invoice, postings: tuple[Posting, ...] = (POSTING,)) -> Account:
    books = ErpLedger(
        name="netsuite", arithmetic=NETSUITE, customers=(), postings=postings, invoices=invoices,
        projects=[Project(record="3", engagement="E-D-1", entity="GB01", active=True)],
    )  # fmt: skip
    workspace = Workspace(record="9", engagement="E-D-1", archived=False)
    shown = replace(DEAL, invoiced=sum(one.total for one in invoices), paid=sum(one.paid for one in invoices))
    return draw([shown], TimeLedger(workspaces=[workspace], entries=[ENTRY]), books)


@pytest.mark.parametrize(
    ("minutes", "rate", "exponent", "netsuite", "tryton"),
    [
        (500, "240", 2, 200_000, 200_000),  # 8.333333 hours at Tryton, which is near enough
        (10, "12000000", 0, 2_000_000, 2_000_004),  # and here it is not
        (90, "99.5", 2, 14_925, 14_925),
        (30, "0.01", 2, 1, 0),  # half a cent: up, or to the even one
        (20, "10001", 0, 3334, 3334),
        (15, "6650", 0, 1663, 1662),
        (0, "240", 2, 0, 0),
    ],
)
def test_prices_round_as_each_erp_does(
    minutes: int, rate: str, exponent: int, netsuite: int, tryton: int
) -> None:
    assert NETSUITE.price(minutes, Decimal(rate), exponent) == netsuite
    assert TRYTON.price(minutes, Decimal(rate), exponent) == tryton


@pytest.mark.parametrize(
    ("net", "entity", "tax"),
    [(15833, "GB01", 3167), (50, "DE01", 10), (5, "JP01", 1), (9, "US01", 0)],
)
def test_tax_is_the_entitys_rate_of_the_net(net: int, entity: str, tax: int) -> None:
    assert NETSUITE.tax(net, entity) == tax


def test_half_a_yen_of_tax_goes_to_the_even_one_in_tryton() -> None:
    assert [TRYTON.tax(net, "JP01") for net in (5, 15, 16)] == [0, 2, 2]


def test_an_invoice_that_adds_up_is_not_found_fault_with() -> None:
    assert account(INVOICE).report() == []


@pytest.mark.parametrize(
    ("wrong", "words", "cents"),
    [
        (
            {"lines": (replace(LINE, amount=15834),), "total": 19001, "open": 15001},
            "50 minutes at 190 are 158.33 GBP, the line says 158.34 GBP",
            1,
        ),
        (
            {"tax": 3166, "total": 18999, "open": 14999},
            "tax on 158.33 GBP is 31.67 GBP, the invoice says 31.66 GBP",
            1,
        ),
        (
            {"total": 19100, "open": 15100},
            "lines and tax make 190.00 GBP, the invoice says 191.00 GBP",
            100,
        ),
        ({"open": 14000}, "paid 40.00 GBP and open 140.00 GBP do not make 190.00 GBP", 1000),
    ],
)
def test_an_invoice_that_does_not_add_up_is_named(wrong: dict[str, object], words: str, cents: int) -> None:
    found = account(replace(INVOICE, **wrong))  # type: ignore[arg-type]
    assert found.report() == [f"invoice INV000001: {words}"]
    assert found.money_unexplained == {"GBP": cents}


def test_a_posting_on_two_invoices_is_named() -> None:
    second = replace(INVOICE, record="6", number="INV000002", reference="INV-2")
    assert account(INVOICE, second).report() == [
        "invoice INV000002: posting 71 is billed again; it is on invoice INV000001 too",
        "posting 71: says it is on invoice 5; lines have it on ['5', '6']",
    ]


def test_a_line_over_time_that_is_not_posted_is_named() -> None:
    found = account(replace(INVOICE, lines=(replace(LINE, postings=("72",)),)),
                    postings=(replace(POSTING, invoice=""),))  # fmt: skip
    assert found.report() == ["invoice INV000001: 158.33 GBP is billed for 72, which is no posted time"]
    assert found.cents_unexplained == 15833


def test_two_invoices_of_one_reference_are_duplicates() -> None:
    again = replace(INVOICE, record="6", number="INV000002", reference="inv-1", lines=(), tax=0, total=0,
                    paid=0, open=0)  # fmt: skip
    found = account(INVOICE, again)
    assert found.report() == ["inv-1: invoice 6 is there beside invoice 5"]
    assert found.duplicates == 1


def test_a_reversal_takes_one_posting_back() -> None:
    free = replace(POSTING, invoice="")
    reversal, anew = replace(free, record="72", minutes=-50), replace(free, record="73", revision=2)
    assert account(postings=(free, reversal, anew)).report() == []


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("kantata:85#1", ("kantata:85", 1)),
        ("kantata:85#12 worked 2026-10-30", ("kantata:85", 12)),
        ("kantata:85#1 | Workshop", ("kantata:85", 1)),
        ("see kantata:85#1", ("", 0)),
        ("kantata:85", ("", 0)),
        (None, ("", 0)),
    ],
)
def test_a_reference_stands_at_the_start(text: str | None, entry: tuple[str, int]) -> None:
    assert entry_in(text) == entry


@pytest.mark.parametrize(
    ("text", "engagement"),
    [("FL-E-D-00042", "E-D-00042"), ("E-D-00042", "E-D-00042"), ("P-1", ""), (None, "")],
)
def test_a_projects_reference_names_its_engagement(text: str | None, engagement: str) -> None:
    assert engagement_in(text) == engagement
