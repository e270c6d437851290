"""People see beside their time how it stands in finance."""

import pytest

from services.adapterkit.families import Rejected, Throttled, Unavailable, Unsure
from services.time_adapter.connectors.kantata.annotation import sequence_of
from tests.support.kantata_account import Account, annotate, provision

VERB = "annotate_time"


@pytest.fixture
async def entry(account: Account) -> str:
    result = await account.apply("provision_workspace", provision())
    return account.log(result["record"])


def shown(account: Account) -> list[dict[str, object]]:
    return [ref for ref in account.held("external_references") if ref["subject_type"] == "TimeEntry"]


@pytest.mark.parametrize(
    ("standing", "status"), [("posted", "successful"), ("held", "failed"), ("reversed", "pending")]
)
async def test_the_entry_shows_standing_and_message(account: Account, entry: str, standing: str, status: str):
    assert await account.apply(VERB, annotate(entry, standing=standing, message="No rate for SENIOR")) == {}
    [reference] = shown(account)
    assert (reference["service_name"], reference["service_model"]) == ("erp", "posting")
    assert (reference["status"], reference["external_message"]) == (status, "No rate for SENIOR")
    assert reference["service_model_ref"] == "TB-4711#1"


async def test_a_later_annotation_replaces_the_earlier_one(account: Account, entry: str):
    await account.apply(VERB, annotate(entry, standing="held", reference=None, message="Period is closed"))
    await account.apply(VERB, annotate(entry, sequence=2))
    [reference] = shown(account)
    assert (reference["service_model_ref"], reference["status"]) == ("TB-4711#2", "successful")


async def test_the_same_annotation_twice_shows_once(account: Account, entry: str):
    await account.apply(VERB, annotate(entry))
    await account.apply(VERB, annotate(entry))
    assert len(shown(account)) == 1


async def test_an_annotation_is_found_once_it_or_a_later_one_is_shown(account: Account, entry: str):
    assert await account.find(VERB, annotate(entry)) is None
    await account.apply(VERB, annotate(entry, sequence=2))
    assert await account.find(VERB, annotate(entry, sequence=1)) == {}
    assert await account.find(VERB, annotate(entry, sequence=2)) == {}
    assert await account.find(VERB, annotate(entry, sequence=3)) is None


async def test_it_is_found_in_an_archived_workspace(account: Account, entry: str):
    await account.apply(VERB, annotate(entry))
    [workspace] = account.held("workspaces")
    account.ask("people-admin", "PUT", f"workspaces/{workspace['id']}", {"workspace": {"archived": True}})
    assert await account.find(VERB, annotate(entry)) == {}


async def test_references_of_other_services_prove_nothing(account: Account, entry: str):
    other = {
        "subject_type": "TimeEntry", "subject_id": entry, "service_name": "payroll", "service_model": "run",
        "service_model_ref": "R#9", "status": "successful",
    }  # fmt: skip
    account.ask("people-admin", "POST", "external_references/create_or_update", {"external_reference": other})
    assert await account.find(VERB, annotate(entry)) is None


async def test_a_lost_answer_is_settled_by_looking(account: Account, entry: str):
    lost = {
        "match": {"path": "*/create_or_update"},
        "when": {"first": 1},
        "do": {"after_commit": "drop_response"},
    }
    await account.faults(lost)
    with pytest.raises(Unsure):
        await account.apply(VERB, annotate(entry))
    assert await account.find(VERB, annotate(entry)) == {}


async def test_a_request_that_never_arrived_is_not_found(account: Account, entry: str):
    await account.faults({"match": {"method": "POST"}, "do": {"before_commit": "drop_connection"}})
    with pytest.raises(Unsure):
        await account.apply(VERB, annotate(entry))
    assert await account.find(VERB, annotate(entry)) is None


async def test_an_answer_about_something_else_is_unsure(account: Account, entry: str):
    await account.apply(VERB, annotate(entry))
    other = account.ask(
        "people-admin", "GET", "external_references", subject_type="TimeEntry", subject_id=entry
    )
    await account.faults({"match": {"method": "POST"}, "do": {"body": other}})
    with pytest.raises(Unsure, match="another reference"):
        await account.apply(VERB, annotate(entry, sequence=2))


async def test_a_deleted_entry_is_refused_in_the_vendors_words(account: Account, entry: str):
    account.ask("people-admin", "DELETE", f"time_entries/{entry}")
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, annotate(entry))
    assert told.value.why == "422: Subject can't be found (subject_id)"
    assert await account.find(VERB, annotate(entry)) is None


@pytest.mark.parametrize("entry_id", ["clockify:85", "kantata:", "kantata:85x", "85"])
async def test_entries_of_other_connections_are_refused(account: Account, entry_id: str):
    with pytest.raises(Rejected, match="not a time entry of kantata"):
        await account.apply(VERB, annotate("85", entry=entry_id))


async def test_too_many_requests_and_gateway_timeouts(account: Account, entry: str):
    await account.faults({"match": {"path": "*/create_or_update"}, "do": {"status": 429}})
    with pytest.raises(Throttled) as told:
        await account.apply(VERB, annotate(entry))
    assert told.value.retry_after is None
    await account.faults({"do": {"status": 504}})
    with pytest.raises(Unsure):
        await account.apply(VERB, annotate(entry))
    with pytest.raises(Unavailable):
        await account.find(VERB, annotate(entry))


@pytest.mark.parametrize(
    ("ref", "sequence"),
    [
        ("TB-4711#3", 3),
        ("kantata:85#12", 12),
        ("a#b#4", 4),
        ("TB-4711", 0),
        ("4", 0),
        ("x#", 0),
        ("x#-1", 0),
        ("x#٣", 0),
    ],
)
def test_the_sequence_is_what_follows_the_last_hash(ref: str, sequence: int):
    assert sequence_of(ref) == sequence
