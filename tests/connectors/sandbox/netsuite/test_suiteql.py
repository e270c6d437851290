"""SuiteQL: what the grammar reads, what it refuses, and what queries over the account give."""

from decimal import Decimal
from typing import Any

import pytest

from services.sandbox.netsuite.suiteql.grammar import parse
from services.sandbox.netsuite.suiteql.tree import (
    BadQuery,
    Both,
    Column,
    Comparison,
    Either,
    IsNull,
    Like,
    Literal,
    Member,
    Order,
    Output,
)

SINCE = "lastmodifieddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') ORDER BY lastmodifieddate, id"


def where(condition: str, *params: Any) -> Any:
    return parse(f"SELECT id FROM job WHERE {condition}", params).where


@pytest.mark.parametrize(("condition", "tree"), [
    ("id = 7", Comparison("=", Column("id"), Literal(Decimal(7), "number"))),
    ("ID <> 'it''s'", Comparison("!=", Column("id"), Literal("it's", "text"))),
    ("7 >= t.id", Comparison(">=", Literal(Decimal(7), "number"), Column("id"))),
    ("a IN (1, 'b')", Member(Column("a"), (Literal(Decimal(1), "number"), Literal("b", "text")), False)),
    ("a NOT IN ('b')", Member(Column("a"), (Literal("b", "text"),), True)),
    ("a LIKE 'x%'", Like(Column("a"), "x%", False)),
    ("a is not null", IsNull(Column("a"), True)),
    ("a = 1 AND b = 2 OR c = 3", Either((Both((where("a = 1"), where("b = 2"))), where("c = 3")))),
    ("a = 1 AND (b = 2 OR c = 3)", Both((where("a = 1"), Either((where("b = 2"), where("c = 3")))))),
    ("d > TO_TIMESTAMP('2026-11-01 08:30:00', 'YYYY-MM-DD HH24:MI:SS')",
     Comparison(">", Column("d"), Literal("2026-11-01T08:30:00Z", "datetime"))),
    ("d = TO_DATE('31.01.2026', 'DD.MM.YYYY')", Comparison("=", Column("d"), Literal("2026-01-31", "date"))),
])  # fmt: skip
def test_conditions_become_trees(condition: str, tree: Any) -> None:
    assert where(condition) == tree


def test_params_fill_question_marks_in_order() -> None:
    assert where("a = ? AND b IN (?, ?)", "x", 1, True) == where("a = 'x' AND b IN (1, 'T')")
    assert where("d > TO_DATE(?, 'YYYY-MM-DD')", "2026-01-02") == where(
        "d > TO_DATE('2026-01-02', 'YYYY-MM-DD')"
    )


def test_a_whole_query_is_read() -> None:
    query = parse(
        "select t.id, TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') AS changed, COUNT(*) n, SUM(hours)\n"
        "from timebill t where t.id > 1 group by id order by changed desc, t.id;"
    )
    assert query.table == "timebill"
    assert query.outputs[:3] == (
        Output(column="id", name="id"),
        Output(column="lastmodifieddate", name="changed", function="to_char", format="%Y-%m-%dT%H:%M:%S"),
        Output(column="", name="n", function="count"),
    )
    assert query.group == ("id",)
    assert query.order == (Order(name="changed", descending=True), Order(name="id", descending=False))


@pytest.mark.parametrize("text", [
    "", "SELECT", "SELECT FROM job", "SELECT id", "SELECT id FROM", "SELECT id FROM job WHERE", "DELETE FROM job",
    "SELECT id FROM job WHERE id", "SELECT id FROM job WHERE id = ?", "SELECT id FROM job WHERE (id = 1",
    "SELECT id FROM job WHERE id IN ()", "SELECT id FROM job WHERE id = 1 garbage = 2", "SELECT id FROM job ORDER id",
    "SELECT id FROM job LIMIT 5", "SELECT NVL(id) FROM job", "SELECT id FROM job WHERE id = 'open",
    "SELECT id; FROM job",
    "SELECT id FROM job WHERE d > TO_DATE('x', 'YYYY')", "SELECT id FROM job WHERE 1 IS NULL",
    "SELECT id FROM job j JOIN k",
])  # fmt: skip
def test_what_is_no_suiteql_is_refused(text: str) -> None:
    with pytest.raises(BadQuery):
        parse(text)


def test_the_preference_is_mandatory(account: Any) -> None:
    response = account.send("POST", "/services/rest/query/v1/suiteql", {"q": "SELECT id FROM job"})
    assert (response.status, account.detail(response)["o:errorHeader"]) == (400, "Prefer")


@pytest.mark.parametrize("q", [
    "SELECT nothing FROM job", "SELECT nothing FROM projecttask",
    "SELECT id FROM unicorn", "SELECT id FROM job WHERE nothing = 1", "SELECT 'x",
    "SELECT id, COUNT(*) FROM job", "SELECT id FROM job WHERE id = 'x'", "SELECT id FROM job WHERE startdate = 'x'",
    "SELECT id FROM job ORDER BY nothing", "SELECT id FROM job WHERE 1 = 1",
])  # fmt: skip
def test_a_query_that_cannot_run_is_an_invalid_parameter(account: Any, q: str) -> None:
    account.project()
    response = account.query_response(q)
    assert (response.status, account.detail(response)["o:errorCode"]) == (400, "INVALID_PARAMETER")


def test_rows_have_lower_case_names_text_values_flags_and_no_nulls(account: Any) -> None:
    made = account.customer("C-0100")
    q = "SELECT ID, CompanyName, isInactive, parent, lastModifiedDate FROM customer WHERE externalid = 'C-0100'"
    body = account.query(q)
    assert body["items"] == [
        {
            "links": [],
            "id": made,
            "companyname": "Acme C-0100",
            "isinactive": "F",
            "lastmodifieddate": "11/20/2026",
        }
    ]
    assert (body["count"], body["hasMore"], body["offset"], body["totalResults"]) == (1, False, 0, 1)


def test_to_char_gives_the_moment_in_full(account: Any) -> None:
    account.customer("C-0100")
    q = "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS at FROM customer WHERE externalid = 'C-0100'"
    assert account.query(q)["items"][0]["at"] == "2026-11-20 10:11:12"


def test_pages_follow_one_another(account: Any) -> None:
    for number in range(5):
        account.customer(f"P-{number}")
    q = "SELECT externalid FROM customer WHERE externalid LIKE 'P-%' ORDER BY externalid DESC"
    pages = [account.query(q, limit=2, offset=offset) for offset in (0, 2, 4)]
    found = [row["externalid"] for page in pages for row in page["items"]]
    assert found == ["P-4", "P-3", "P-2", "P-1", "P-0"]
    assert [page["hasMore"] for page in pages] == [True, True, False]
    assert {page["totalResults"] for page in pages} == {5}
    assert account.query_response(q, limit=2, offset=1).status == 400


def test_a_poll_by_last_change_finds_each_record_once_in_order(account: Any) -> None:
    project = account.project()
    made = []
    for number in range(6):
        account.clock.forward(number % 2)
        made.append(account.make("timeBill", account.time(project, f"T-{number}")))

    def changed_since(moment: str) -> list[str]:
        return [
            row["id"] for row in account.query(f"SELECT id FROM timebill WHERE {SINCE}", [moment])["items"]
        ]

    assert changed_since("2026-01-01 00:00:00") == made
    account.clock.forward(5)
    account.send("PATCH", f"timeBill/{made[0]}", {"memo": "changed"})
    account.send("DELETE", f"timeBill/{made[1]}")
    assert account.send("PATCH", f"timeBill/{made[2]}", {"hours": "0:00"}).status == 400
    assert changed_since("2026-01-01 00:00:00") == [*made[2:], made[0]]
    assert changed_since("2026-11-20 10:11:14") == [made[3], made[4], made[5], made[0]]
    assert changed_since("2026-11-20 10:11:16") == [made[0]]
    assert changed_since("2026-11-20 10:11:21") == []


def test_the_index_of_changes_stays_right_through_a_thousand_changes(account: Any) -> None:
    account.query(f"SELECT id FROM customer WHERE {SINCE}", ["2026-01-01 00:00:00"])
    made = account.customer("C-0100")
    for _ in range(1100):
        account.clock.forward(1)
        account.send("PATCH", f"customer/{made}", {"phone": "1"})
    found = account.query(f"SELECT id FROM customer WHERE {SINCE}", ["2026-01-01 00:00:00"])["items"]
    assert [row["id"] for row in found][-1] == made
    assert len(found) == 3


def test_the_second_and_the_day_compare_exactly(account: Any) -> None:
    account.customer("C-0100")
    q = "SELECT id FROM customer WHERE externalid = 'C-0100' AND lastmodifieddate {}"
    for condition, found in [
        ("> TO_TIMESTAMP('2026-11-20 10:11:12', 'YYYY-MM-DD HH24:MI:SS')", 0),
        (">= TO_TIMESTAMP('2026-11-20 10:11:12', 'YYYY-MM-DD HH24:MI:SS')", 1),
        ("> TO_DATE('2026-11-20', 'YYYY-MM-DD')", 1),
        ("< TO_DATE('2026-11-20', 'YYYY-MM-DD')", 0),
        ("<= '11/20/2026'", 0),
        ("< '11/21/2026'", 1),
    ]:
        assert account.query(q.format(condition))["totalResults"] == found, condition


def test_external_ids_are_looked_up_exactly_and_each_once(account: Any) -> None:
    account.customer("C-0100")
    account.customer("C-0101")
    q = "SELECT externalid FROM customer WHERE externalid IN ('C-0101', 'C-0100', 'C-0100', 'c-0101', 'X')"
    assert sorted(row["externalid"] for row in account.query(q)["items"]) == ["C-0100", "C-0101"]


def test_time_of_a_project_is_summed(account: Any) -> None:
    one, two = account.project("E-1"), account.project("E-2")
    for number, (project, worked) in enumerate([(one, "1:20"), (one, "0:40"), (two, "7:30")]):
        account.make("timeBill", account.time(project, f"T-{number}", hours=worked, rate=30))
    sums = "COUNT(*) AS n, SUM(hours) AS hours, SUM(amount) AS amount"
    q = f"SELECT customer, {sums} FROM timebill GROUP BY customer ORDER BY hours DESC"
    rows = [
        {name: row[name] for name in ("customer", "n", "hours", "amount")}
        for row in account.query(q)["items"]
    ]
    assert [(row["customer"], row["n"], Decimal(row["hours"]), row["amount"]) for row in rows] == [
        (two, "1", Decimal("7.5"), "225.00"),
        (one, "2", Decimal(2), "60.00"),
    ]
    own = account.query(f"SELECT SUM(amount) AS s, MAX(trandate) AS d FROM timebill WHERE customer = {one}")
    assert own["items"] == [{"links": [], "s": "60.00", "d": "11/18/2026"}]
    none = account.query("SELECT COUNT(*) AS n, SUM(hours) AS s FROM timebill WHERE customer = 1")
    assert none["items"] == [{"links": [], "n": "0"}]


@pytest.mark.parametrize(("condition", "found"), [
    ("startdate = TO_DATE('2026-11-01', 'YYYY-MM-DD')", ["E-1"]), ("startdate IS NULL", ["E-2"]),
    ("startdate < TO_TIMESTAMP('2026-11-01 00:00:01', 'YYYY-MM-DD HH24:MI:SS')", ["E-1"]),
    ("allowtime = 'F'", ["E-2"]), ("allowtime != 'F'", ["E-1"]), ("externalid NOT LIKE '%1'", ["E-2"]),
    ("externalid LIKE 'E__'", ["E-1", "E-2"]), ("externalid NOT IN ('E-1')", ["E-2"]),
    ("startdate < projectedenddate", ["E-1"]),
    ("(externalid = 'E-1' OR externalid = 'E-2') AND allowtime = 'T'", ["E-1"]),
])  # fmt: skip
def test_conditions_find_what_they_say(account: Any, condition: str, found: list[str]) -> None:
    account.project("E-1", startDate="2026-11-01", projectedEndDate="2026-12-01")
    account.project("E-2", allowTime=False)
    q = f"SELECT externalid FROM job WHERE {condition} ORDER BY externalid"
    assert [row["externalid"] for row in account.query(q)["items"]] == found


def test_transactions_show_invoices_and_payments_with_what_is_open(account: Any) -> None:
    project = account.project(entity="GB01")
    fee = {"item": account.eid("ITEM-FIXED-FEE"), "amount": 100}
    customer = account.read(f"job/{project}")["parent"]["id"]
    body = {
        "externalId": "INV-1",
        "entity": {"id": customer},
        "item": {"items": [fee]},
        "approvalStatus": "2",
    }
    made = account.make("invoice", body)
    account.send("POST", f"invoice/{made}/!transform/customerPayment",
                 {"apply": {"items": [{"doc": {"id": made}, "apply": True, "amount": 20}]}})  # fmt: skip
    names = "type, status, tranid, externalid, entity, foreigntotal, foreignamountunpaid, taxtotal, trandate"
    q = f"SELECT {names} FROM transaction ORDER BY id"
    rows = account.query(q)["items"]
    assert rows[0] == {
        "links": [], "type": "CustInvc", "status": "A", "tranid": "INV000001", "externalid": "INV-1",
        "entity": customer, "foreigntotal": "120.00", "foreignamountunpaid": "100.00", "taxtotal": "20.00",
        "trandate": "11/20/2026",
    }  # fmt: skip
    assert (rows[1]["type"], rows[1]["foreigntotal"]) == ("CustPymt", "20.00")
    lines = account.query(
        f"SELECT id, foreignamount, mainline, taxline FROM transactionline WHERE transaction = {made}"
    )
    assert [(row["foreignamount"], row["mainline"], row["taxline"]) for row in lines["items"]] == [
        ("120.00", "T", "F"),
        ("-100.00", "F", "F"),
        ("-20.00", "F", "T"),
    ]


@pytest.mark.parametrize("table", [
    "customer", "job", "projecttask", "timebill", "transaction", "transactionline", "employee", "item",
    "accountingperiod", "subsidiary",
])  # fmt: skip
def test_every_column_of_every_table_can_be_read(account: Any, table: str) -> None:
    project = account.project()
    account.make("projectTask", {"title": "Build", "project": {"id": project}})
    time = account.make("timeBill", account.time(project))
    account.make("expenseReport", {"entity": account.eid("EMP-0001"), "expense": {"items": [{"amount": 1}]}})
    lines = [{"apply": True, "doc": {"id": time}}]
    account.send("POST", f"job/{project}/!transform/invoice", {"time": {"items": lines}})
    rows = account.query(f"SELECT * FROM {table}")["items"]
    assert rows
    assert all(isinstance(value, str) for row in rows for name, value in row.items() if name != "links")


def test_periods_tell_which_are_closed(account: Any) -> None:
    us = account.read("subsidiary/eid:US01")["id"]
    where = f"fiscalcalendar = {us} AND closed = 'T'"
    q = f"SELECT periodname FROM accountingperiod WHERE {where} ORDER BY startdate DESC"
    rows = account.query(q)["items"]
    assert (rows[0]["periodname"], len(rows)) == ("2026-09", 10)
