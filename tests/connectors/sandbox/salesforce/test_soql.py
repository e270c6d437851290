"""Queries: what they select, how they are refused, and how a long result is paged."""

from urllib.parse import urlencode

import pytest

from tests.support.salesforce import DATA, Org, content, problem


@pytest.fixture(scope="module")
def org() -> Org:
    org = Org(deals=12)
    org.account("C-9001", Name="Zebra Ltd", Phone="1", BillingCity="Leeds")
    org.account("C-9002", Name="zebra Inc", Phone="2")
    org.account("C-9003", Name="Zoo 100%", BillingCity="Leeds", Parent={"Client_Number__c": "C-9001"})
    org.watch.move(minutes=5)
    org.deal(
        "D-9001", Amount=100.5, CloseDate="2027-01-31", AccountId=org.account("C-9004", Name="Zulu O'Hara")
    )
    org.deal("D-9002", Amount=7, CloseDate="2027-02-28")
    return org


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("WHERE Name = 'ZEBRA ltd'", ["Zebra Ltd"]),
        ("WHERE Client_Number__c = 'c-9001'", []),
        ("WHERE Client_Number__c IN ('C-9002', 'C-9001', 'C-9001') ORDER BY Id", ["Zebra Ltd", "zebra Inc"]),
        ("WHERE Client_Number__c NOT IN ('C-9001') AND Name LIKE 'zeb%'", ["zebra Inc"]),
        ("WHERE Name LIKE 'Z_o%'", ["Zoo 100%"]),
        (r"WHERE Name = 'Zulu O\'Hara'", ["Zulu O'Hara"]),
        ("WHERE Name LIKE 'Z%' AND Phone = null ORDER BY Name", ["Zoo 100%", "Zulu O'Hara"]),
        ("WHERE Name LIKE 'Z%' AND Phone != '1' ORDER BY Name", ["zebra Inc", "Zoo 100%", "Zulu O'Hara"]),
        ("WHERE Name LIKE 'Z%' AND Phone > '1'", ["zebra Inc"]),
        (
            "WHERE Name LIKE 'Z%' AND (Phone = '1' OR Phone = '2') ORDER BY Phone DESC",
            ["zebra Inc", "Zebra Ltd"],
        ),
        ("WHERE NOT (Phone = null OR Phone = '2')", ["Zebra Ltd"]),
        ("WHERE Parent.Name = 'zebra ltd'", ["Zoo 100%"]),
        ("WHERE Parent.Client_Number__c LIKE 'C-9%'", ["Zoo 100%"]),
        ("WHERE SystemModstamp >= 2026-11-21T09:05:00Z", ["Zulu O'Hara"]),
        ("WHERE SystemModstamp >= 2026-11-21T10:05:00+01:00", ["Zulu O'Hara"]),
        ("WHERE SystemModstamp > 2026-11-21T09:05:00.500Z", []),
        ("WHERE Name LIKE 'Z%' ORDER BY Phone, Name", ["Zoo 100%", "Zulu O'Hara", "Zebra Ltd", "zebra Inc"]),
        (
            "WHERE Name LIKE 'Z%' ORDER BY Phone DESC NULLS LAST, Name DESC",
            ["zebra Inc", "Zebra Ltd", "Zulu O'Hara", "Zoo 100%"],
        ),
        ("where name like 'Z%' order by phone desc, name limit 2 offset 1", ["Zulu O'Hara", "zebra Inc"]),
        ("WHERE Name LIKE 'Z%' ORDER BY BillingCity NULLS LAST, Name ASC LIMIT 1", ["Zebra Ltd"]),
    ],
)
def test_condition_and_order_select_these_accounts(org: Org, condition: str, names: list[str]) -> None:
    assert org.names(condition) == names


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("WHERE Deal_Number__c LIKE 'D-900_' AND Amount >= 100.5", ["D-9001"]),
        ("WHERE CloseDate > 2027-01-31", ["D-9002"]),
        ("WHERE CloseDate = 2027-01-31 AND IsWon = false", ["D-9001"]),
        ("WHERE Account.Client_Number__c = 'C-9004' AND Opportunity.Amount < 200", ["D-9001"]),
        ("WHERE Deal_Number__c IN ('D-9001','D-9002') AND AccountId = null", ["D-9002"]),
        ("WHERE Amount IN (7, 100.5) ORDER BY Amount DESC", ["D-9001", "D-9002"]),
    ],
)
def test_condition_selects_these_deals(org: Org, condition: str, names: list[str]) -> None:
    assert org.names(condition, "Opportunity") == names


def test_id_is_matched_with_15_or_18_characters(org: Org) -> None:
    key = org.query("SELECT Id FROM Account WHERE Client_Number__c = 'C-9001'")["records"][0]["Id"]
    assert org.names(f"WHERE Id = '{key[:15]}'") == ["Zebra Ltd"]
    assert org.names(f"WHERE ParentId IN ('{key}')") == ["Zoo 100%"]


def test_row_has_attributes_and_parents_nested_or_null(org: Org) -> None:
    soql = "SELECT id, account.client_number__c, Account.Parent.Name FROM opportunity WHERE Deal_Number__c = '%s'"
    [with_account] = org.query(soql % "D-9001")["records"]
    [without] = org.query(soql % "D-9002")["records"]
    url = f"{DATA}/sobjects/Opportunity/{with_account['Id']}"
    assert with_account["attributes"] == {"type": "Opportunity", "url": url}
    assert with_account["Account"]["attributes"]["type"] == "Account"
    assert with_account["Account"]["Client_Number__c"] == "C-9004"
    assert with_account["Account"]["Parent"] is None
    assert without["Account"] is None


def test_count_gives_a_total_and_no_records(org: Org) -> None:
    assert org.query("SELECT COUNT() FROM Opportunity WHERE Amount = 7") == {
        "totalSize": 1,
        "done": True,
        "records": [],
    }


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELECT FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = Acme", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'Acme", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name 'Acme'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' AND Phone = 'b' OR Phone = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE (Name = 'a'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT x", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account LIMIT 1 nonsense", "MALFORMED_QUERY"),
        ("SELECT Id, Id FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account ORDER BY Description", "MALFORMED_QUERY"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = 2026-02-30", "MALFORMED_QUERY"),
        ("SELECT Id FROM Invoice", "INVALID_TYPE"),
        ("SELECT Colour FROM Account", "INVALID_FIELD"),
        ("SELECT Boss.Name FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Colour = 'red'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Amount = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE CloseDate = '2026-01-01'", "INVALID_FIELD"),
        ("SELECT Id FROM Opportunity WHERE Amount LIKE '5%'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Account WHERE Id = 'abc'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
    ],
)
def test_query_that_is_wrong_is_refused(org: Org, soql: str, code: str) -> None:
    assert problem(org.call("GET", "/query?" + urlencode({"q": soql}))) == (400, code)


def test_refusal_points_at_the_place(org: Org) -> None:
    answer = org.call("GET", "/query?" + urlencode({"q": "SELECT Id, Colour FROM Account"}))
    lines = content(answer)[0]["message"].split("\n")
    assert lines[1] == "SELECT Id, Colour FROM Account"
    assert lines[2].index("^") == lines[1].index("Colour")
    assert lines[3] == "ERROR at Row:1:Column:12"


def test_pages_cover_the_result_once_in_order() -> None:
    org = Org(deals=450)
    soql = "SELECT Deal_Number__c FROM Opportunity ORDER BY Deal_Number__c"
    page = org.query(soql, sforce_query_options="batchSize=1")
    seen, sizes = [], []
    while True:
        seen += [row["Deal_Number__c"] for row in page["records"]]
        sizes.append(len(page["records"]))
        assert page["totalSize"] == 450
        if page["done"]:
            break
        page = content(org.call("GET", page["nextRecordsUrl"].removeprefix(DATA)))
    assert "nextRecordsUrl" not in page
    assert sizes == [200, 200, 50]
    assert seen == [deal.number for deal in org.firm.deals]
    assert org.query(soql)["done"] is True


def test_locator_is_the_users_own_and_the_eleventh_makes_the_first_invalid() -> None:
    org = Org(deals=201)
    sales = org.login("northmark-sales")
    pages = [
        org.query("SELECT Id FROM Opportunity", sforce_query_options="batchSize=200")["nextRecordsUrl"]
        for _ in range(11)
    ]
    first, last = (page.removeprefix(DATA) for page in (pages[0], pages[-1]))
    assert problem(org.call("GET", first)) == (400, "INVALID_QUERY_LOCATOR")
    assert problem(org.call("GET", last, token=sales)) == (400, "INVALID_QUERY_LOCATOR")
    assert len(content(org.call("GET", last))["records"]) == 1
    assert problem(org.call("GET", last.replace("-200", "-201"))) == (400, "INVALID_QUERY_LOCATOR")
