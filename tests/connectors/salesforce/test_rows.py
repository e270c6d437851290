"""How a row of a query becomes a value."""

from typing import Any

import pytest

from services.adapterkit.families import Unavailable
from services.crm_adapter.connectors.salesforce.rows import Record, is_record_id, value_at, value_of

ROW: dict[str, Any] = {
    "Id": "006000000000001AAA",
    "SystemModstamp": "2026-11-02T09:10:11.000+0000",
    "Name": "Kestrel",
    "Account": {"Client_Number__c": "C-0007", "Parent": None},
}
COLUMNS = {"record": "Id", "changed": "SystemModstamp"}


@pytest.mark.parametrize(
    ("path", "value"),
    [("Name", "Kestrel"), ("Account.Client_Number__c", "C-0007"), ("Account.Parent.Name", None)],
)
def test_a_path_leads_through_parents(path: str, value: str | None) -> None:
    assert value_at(ROW, path) == value


@pytest.mark.parametrize("path", ["name", "Account.client_number__c", "Name.Deeper"])
def test_a_path_that_leads_nowhere_is_named(path: str) -> None:
    with pytest.raises(Unavailable, match=path):
        value_at(ROW, path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Id": "006' OR Id != '"}, "Id has another shape"),
        ({"Id": 6}, "Id has another shape"),
        ({"SystemModstamp": "2026-11-02T09:10:11"}, "SystemModstamp has another shape"),
        ({"SystemModstamp": None}, "SystemModstamp has another shape"),
    ],
)
def test_a_value_of_another_shape_is_named_by_its_field(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(Unavailable, match=said):
        value_of({**ROW, **changes}, COLUMNS, Record)


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("006000000000001", True),
        ("006000000000001AAA", True),
        ("00600000000001", False),
        ("../Account/00100", False),
        ("00600000000000ß", False),
        ("", False),
    ],
)
def test_only_letters_and_digits_make_a_record_id(text: str, legal: bool) -> None:
    assert is_record_id(text) is legal
