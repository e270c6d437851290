"""The law of evolution: what was published keeps being read, schemas only grow, names never follow class paths."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from bus.subjects import publish_subject
from contracts import CONTRACTS, Catalogue, Contract, FutureVersion, SubjectPattern, Undecodable, published
from contracts.examples import example
from contracts.postings.v1 import PostTime
from contracts.publishing import GOLDEN, SCHEMAS, losses, schema_of
from contracts.timesheets.v1 import TimeApproved
from contracts.types import Money, exponent, period_of, value_of

ALL = sorted(CONTRACTS, key=lambda contract: contract.wire_name())


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.json")), ids=lambda path: path.stem)
def test_every_message_ever_published_is_still_decoded(path: Any) -> None:
    data = path.read_bytes()
    message = CONTRACTS.decode(path.stem.rsplit(".", 1)[0], data)
    again = json.loads(CONTRACTS.encode(message))
    assert json.loads(data).items() <= again.items()


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.wire_name())
def test_committed_schema_is_the_contract_and_lost_nothing(contract: type[Contract]) -> None:
    committed = json.loads((SCHEMAS / f"{contract.wire_name()}.json").read_text())
    assert committed == json.loads(json.dumps(schema_of(contract))), "run: python -m contracts.publishing"


def test_every_contract_has_a_golden_message() -> None:
    assert {contract.wire_name() for contract in ALL} == {
        path.stem.rsplit(".", 1)[0] for path in GOLDEN.glob("*.json")
    }


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.wire_name())
def test_wire_name_states_its_major_version_and_subject_agrees(contract: type[Contract]) -> None:
    assert contract.wire_name().endswith(f".v{contract.subject.major}")
    assert publish_subject(example(contract)).count(".") == 5


@pytest.mark.parametrize("contract", ALL, ids=lambda contract: contract.wire_name())
def test_commands_refuse_unknown_fields_and_events_tolerate_them(contract: type[Contract]) -> None:
    data = json.dumps(json.loads(CONTRACTS.encode(example(contract))) | {"added_later": 1}).encode()
    is_question = (
        contract.wire_name().startswith("queries.") and contract.__struct_config__.forbid_unknown_fields
    )
    if contract.subject.kind == "cmd" or is_question:
        with pytest.raises(Undecodable, match="added_later"):
            CONTRACTS.decode(contract.wire_name(), data)
    else:
        assert CONTRACTS.decode(contract.wire_name(), data) == example(contract)


def test_message_of_an_unknown_version_is_told_apart_from_a_broken_one() -> None:
    with pytest.raises(FutureVersion, match="v99"):
        CONTRACTS.decode("postings.post-time.v99", b"{}")
    with pytest.raises(Undecodable, match="missing required field"):
        CONTRACTS.decode("postings.post-time.v1", b"{}")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"minutes":NaN}',
        b'{"a":' + b"9" * 400 + b"}",
        b"null",
        b'"x"',
    ],
)
def test_hostile_bytes_are_undecodable_and_nothing_worse(data: bytes) -> None:
    with pytest.raises(Undecodable):
        CONTRACTS.decode("postings.post-time.v1", data)


def test_old_major_version_is_lifted_to_the_newest_before_anybody_sees_it() -> None:
    @published("time.evt.note.made.v1", key="note")
    class NoteMade(Contract, frozen=True, tag="notes.note-made.v1"):
        note: str
        hours: str

    @published("time.evt.note.made.v2", key="note")
    class NoteMade2(Contract, frozen=True, tag="notes.note-made.v2"):
        note: str
        minutes: int

    def lift(old: Any) -> NoteMade2:
        return NoteMade2(note=old.note, minutes=int(old.hours) * 60)

    catalogue = Catalogue([NoteMade, NoteMade2], [(NoteMade, lift)])
    data = catalogue.encode(NoteMade(note="n", hours="2"))
    assert catalogue.decode("notes.note-made.v1", data) == NoteMade2(note="n", minutes=120)


def test_schema_that_lost_something_is_named() -> None:
    old = schema_of(PostTime)
    new = json.loads(json.dumps(old))
    fields = new["$defs"]["PostTime"]["properties"]
    del fields["minutes"]
    fields["task"] = {"type": "integer"}
    new["$defs"]["PostTime"]["required"].append("note")
    assert losses(old, new) == [
        "PostTime.minutes is gone", "PostTime.task has another type", "PostTime.note became required",
    ]  # fmt: skip
    assert losses(old, old) == []


def test_two_contracts_of_one_name_are_refused() -> None:
    with pytest.raises(TypeError, match="two contracts"):
        Catalogue([PostTime, PostTime])


@pytest.mark.parametrize("text", ["a.evt.b.c", "a.xxx.b.c.v1", "a.evt.b.c.one"])
def test_malformed_subject_is_refused_where_it_is_declared(text: str) -> None:
    with pytest.raises(ValueError, match=r"is|has"):
        SubjectPattern.parse(text)


def test_ordering_key_must_be_a_field() -> None:
    with pytest.raises(TypeError, match="no field 'nobody'"):
        published("a.evt.b.c.v1", key="nobody")(TimeApproved)


def test_money_of_two_currencies_does_not_add_up() -> None:
    with pytest.raises(ValueError, match="cannot add USD to EUR"):
        Money(amount=1, currency="EUR") + Money(amount=1, currency="USD")


@pytest.mark.parametrize(
    ("minutes", "rate", "currency", "amount"),
    [
        (90, "150.00", "EUR", 22500),
        (1, "0.30", "EUR", 1),
        (7, "59000", "JPY", 6883),
        (50, "12.345", "KWD", 10288),
    ],
)
def test_value_of_minutes_is_rounded_half_up_once_to_the_minor_unit(
    minutes: int, rate: str, currency: str, amount: int
) -> None:
    value = value_of(minutes, Decimal(rate), currency)
    assert value == Money(amount=amount, currency=currency)


def test_currencies_have_their_own_number_of_decimals() -> None:
    assert [exponent(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]


def test_period_is_the_month_of_the_booked_date() -> None:
    assert period_of(date(2026, 1, 31)) == "2026-01"
