"""A plan becomes bookable once, however often and however badly the tries end."""

import pytest

from contracts.projects.v1 import Task
from contracts.types import Money
from services.adapterkit.connector import Write
from services.adapterkit.families import Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.time_adapter.connectors.port import COMMANDS, VERBS
from tests.support.kantata_account import (
    COLLEAGUE,
    ENGAGEMENT,
    MANAGER,
    WORKER,
    Account,
    kantata_account,
    provision,
)

VERB = "provision_workspace"


async def test_a_plan_is_carried_with_its_people_tasks_and_milestones(account: Account):
    result = await account.apply(VERB, provision())
    [workspace] = account.held("workspaces")
    assert workspace["id"] == result["record"]
    assert {name: workspace[name] for name in ("title", "currency", "price", "start_date", "due_date")} == {
        "title": "ACME: ERP implementation",
        "currency": "USD",
        "price": "120000.00",
        "start_date": "2026-11-01",
        "due_date": "2027-03-31",
    }
    assert workspace["require_time_approvals"]
    assert workspace["approver_ids"] == [account.user(MANAGER)]
    [preference] = account.held("workspace_invoice_preferences")
    assert (preference["project_code"], preference["purchase_order"]) == ("P-2026-0117", "PO-44")
    stories = {story["id"]: story for story in account.held("stories")}
    tasks = {code: stories[number]["title"] for code, number in result["tasks"].items()}
    assert tasks == {"T1": "Discovery", "T2": "Design", "T3": "Handover"}
    milestones = {code: stories[number]["title"] for code, number in result["milestones"].items()}
    assert milestones == {"M1": "Design signed off", "M2": "Go-live"}
    assert not stories[result["tasks"]["T3"]]["billable"]
    assert not stories[result["milestones"]["M1"]]["time_trackable"]
    seats = {seat["user_id"]: seat["is_team_lead"] for seat in account.held("participations")}
    assert seats[account.user(MANAGER)]
    assert {account.user(WORKER), account.user(COLLEAGUE)} <= set(seats)


async def test_the_workspace_takes_the_rate_card_of_the_plan_in_its_currency(account: Account):
    yen = Money(amount=9_000_000, currency="JPY")
    await account.apply(VERB, provision(rate_card="RC-JP01-STD", currency="JPY", contract_value=yen))
    [workspace] = account.held("workspaces")
    [group] = [group for group in account.held("rate_card_sets") if group["title"] == "RC-JP01-STD"]
    [card] = [card for card in account.held("rate_cards") if card["rate_card_set_id"] == group["id"]]
    assert (workspace["rate_card_id"], workspace["price"]) == (card["id"], "9000000")


async def test_people_can_book_and_approve_at_once(account: Account):
    result = await account.apply(VERB, provision())
    entry = account.log(result["record"], story_id=result["tasks"]["T2"])
    account.approve(result["record"], entry)
    [held] = account.held("time_entries")
    assert held["approved"]
    assert held["rate_in_cents"] > 0


async def test_a_second_provisioning_changes_nothing(account: Account):
    first = await account.apply(VERB, provision())
    before = {
        kind: len(account.held(kind))
        for kind in ("workspaces", "stories", "participations", "subscribed_events")
    }
    again = account.another().verbs()[VERB]
    assert await again.apply([Write(key="time/again", command=provision())]) == [first]
    assert {kind: len(account.held(kind)) for kind in before} == before


async def test_each_engagement_has_a_workspace_of_its_own(account: Account):
    first = await account.apply(VERB, provision())
    second = await account.apply(VERB, provision("D-00043"))
    assert first["record"] != second["record"]
    assert not set(first["tasks"].values()) & set(second["tasks"].values())


async def test_nothing_is_found_before_it_is_made_and_everything_after(account: Account):
    assert await account.find(VERB, provision()) is None
    result = await account.apply(VERB, provision())
    assert await account.find(VERB, provision()) == result


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/v1/workspaces"), ("POST", "/api/v1/participations"), ("POST", "/api/v1/stories")],
)
@pytest.mark.parametrize("outcome", [{"after_commit": "drop_response"}, {"before_commit": "drop_connection"}])
async def test_a_lost_answer_leaves_it_unsure_and_the_next_try_completes_it(
    account: Account, method: str, path: str, outcome: dict[str, str]
):
    await account.faults({"match": {"method": method, "path": path}, "when": {"first": 1}, "do": outcome})
    with pytest.raises(Unsure):
        await account.apply(VERB, provision())
    if path != "/api/v1/stories" or "before_commit" in outcome:
        assert await account.find(VERB, provision()) is None
    result = await account.apply(VERB, provision())
    assert await account.find(VERB, provision()) == result
    assert (len(account.held("workspaces")), len(account.held("stories"))) == (1, 5)
    assert len(account.held("participations")) == 4


async def test_stories_whose_answer_was_lost_are_found(account: Account):
    lost = {"match": {"method": "POST", "path": "/api/v1/stories"}, "do": {"after_commit": "drop_response"}}
    await account.faults(lost)
    with pytest.raises(Unsure):
        await account.apply(VERB, provision())
    found = await account.find(VERB, provision())
    assert found is not None
    assert set(found["tasks"]) == {"T1", "T2", "T3"}


async def test_a_gateway_timeout_on_a_write_is_unsure_and_on_a_read_unavailable(account: Account):
    await account.faults({"match": {"method": "POST"}, "do": {"status": 504}})
    with pytest.raises(Unsure):
        await account.apply(VERB, provision())
    await account.faults({"match": {"method": "GET"}, "do": {"status": 504}})
    with pytest.raises(Unavailable):
        await account.apply(VERB, provision())
    with pytest.raises(Unavailable):
        await account.find(VERB, provision())


async def test_a_success_that_is_not_an_envelope_is_never_misread(account: Account):
    page = {"status": 200, "body": "<html>signed out</html>"}
    await account.faults({"match": {"method": "POST"}, "do": page})
    with pytest.raises(Unsure):
        await account.apply(VERB, provision())
    await account.faults({"match": {"method": "GET"}, "do": page})
    with pytest.raises(Unavailable):
        await account.find(VERB, provision())


async def test_too_many_requests_names_no_time_to_wait(account: Account):
    account.vendor.control("configure", {"limits": {"workspaces:create": 0}})
    with pytest.raises(Throttled) as told:
        await account.apply(VERB, provision())
    assert told.value.retry_after is None
    account.vendor.control("configure", {"limits": {}})
    assert await account.apply(VERB, provision())


async def test_a_limit_reached_half_way_loses_and_doubles_nothing(account: Account):
    account.vendor.control("configure", {"limits": {"participations:create": 1}})
    with pytest.raises(Throttled):
        await account.apply(VERB, provision())
    account.vendor.control("configure", {"limits": {}})
    await account.apply(VERB, provision())
    assert (len(account.held("workspaces")), len(account.held("participations"))) == (1, 4)


async def test_what_was_just_made_is_not_made_again_while_lists_do_not_show_it(account: Account):
    empty = {"count": 0, "meta": {"count": 0}, "results": [], "workspaces": {}}
    await account.faults({"match": {"method": "GET", "path": "/api/v1/workspaces"}, "do": {"body": empty}})
    for _ in range(2):
        with pytest.raises(Unsure):
            await account.apply(VERB, provision())
    assert len(account.held("workspaces")) == 1


async def test_what_stays_absent_beyond_the_settle_lag_is_made_again(account: Account):
    result = await account.apply(VERB, provision())
    account.ask("people-admin", "DELETE", f"stories/{result['tasks']['T1']}")
    with pytest.raises(Unsure):
        await account.apply(VERB, provision())
    account.watch.move(seconds=account.connector.settle_lag + 1)
    again = await account.apply(VERB, provision())
    assert again["tasks"]["T1"] != result["tasks"]["T1"]


async def test_unknown_people_are_named_and_nothing_is_written(account: Account):
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision(team=("EMP-0901", WORKER, "EMP-0902")))
    assert told.value.category == "data"
    assert told.value.why == "no active user carries employee number EMP-0901, EMP-0902"
    assert account.held("workspaces") == []


async def test_someone_who_joined_since_is_found_without_a_restart(account: Account):
    await account.apply(VERB, provision())
    colleague = next(user for user in account.held("users") if user["full_name"] == "Kantata Administrator")
    reference = {
        "subject_type": "User", "subject_id": colleague["id"], "service_name": "hcm", "service_model": "worker",
        "service_model_ref": "EMP-0100",
    }  # fmt: skip
    account.ask(
        "people-admin", "POST", "external_references/create_or_update", {"external_reference": reference}
    )
    result = await account.apply(VERB, provision("D-00043", team=("EMP-0100",)))
    seats = [seat for seat in account.held("participations") if seat["workspace_id"] == result["record"]]
    assert colleague["id"] in {seat["user_id"] for seat in seats}


async def test_an_employee_number_on_two_users_is_a_conflict(account: Account):
    administrator = next(
        user for user in account.held("users") if user["full_name"] == "Kantata Administrator"
    )
    reference = {
        "subject_type": "User", "subject_id": administrator["id"], "service_name": "hcm",
        "service_model": "worker", "service_model_ref": WORKER,
    }  # fmt: skip
    account.ask(
        "people-admin", "POST", "external_references/create_or_update", {"external_reference": reference}
    )
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision())
    assert told.value.category == "conflict"
    assert WORKER in told.value.why
    assert administrator["id"] in told.value.why


async def test_an_unknown_rate_card_is_refused_by_name(account: Account):
    with pytest.raises(Rejected, match="no rate card in USD titled RC-XX"):
        await account.apply(VERB, provision(rate_card="RC-XX"))
    with pytest.raises(Rejected, match="no rate card in EUR titled RC-US01-STD"):
        await account.apply(VERB, provision(currency="EUR"))


async def test_without_rate_cards_the_workspace_has_none():
    async with kantata_account(rate_cards=False) as account:
        await account.apply(VERB, provision(rate_card="RC-XX"))
        assert account.held("workspaces")[0]["rate_card_id"] is None


async def test_refusals_keep_the_words_of_the_vendor(account: Account):
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision(contract_value=Money(amount=-5, currency="USD")))
    assert told.value.why == "422: Price is not a valid amount in this currency (price)"


async def test_an_archived_workspace_is_found_but_not_completed(account: Account):
    result = await account.apply(VERB, provision())
    account.ask("people-admin", "PUT", f"workspaces/{result['record']}", {"workspace": {"archived": True}})
    assert await account.find(VERB, provision()) == result
    assert await account.apply(VERB, provision()) == result
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision(team=("EMP-0011",)))
    assert told.value.category == "conflict"
    assert len(account.held("workspaces")) == 1


async def test_two_workspaces_of_one_engagement_are_a_conflict_for_people(account: Account):
    await account.apply(VERB, provision())
    reference = {"service_name": "fairlead", "service_model": "engagement", "service_model_ref": ENGAGEMENT}
    account.make("workspaces", "workspace", title="Copy", creator_role="maven", external_reference=reference)
    assert await account.find(VERB, provision()) is None
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision())
    assert told.value.category == "conflict"


async def test_a_task_that_is_there_twice_is_a_conflict_for_people(account: Account):
    result = await account.apply(VERB, provision())
    reference = {"service_name": "fairlead", "service_model": "task", "service_model_ref": "D-00042/T1"}
    story = {"workspace_id": result["record"], "title": "Copy", "story_type": "task"}
    account.make("stories", "story", **story, external_reference=reference)
    assert await account.find(VERB, provision()) is None
    with pytest.raises(Rejected) as told:
        await account.apply(VERB, provision())
    assert (told.value.category, told.value.why) == ("conflict", "several stories carry D-00042/T1")


async def test_a_workspace_that_people_linked_is_completed_for_booking_and_approval(account: Account):
    reference = {"service_name": "fairlead", "service_model": "engagement", "service_model_ref": ENGAGEMENT}
    made = account.make(
        "workspaces", "workspace", title="By hand", creator_role="maven", external_reference=reference
    )
    result = await account.apply(VERB, provision())
    [workspace] = account.held("workspaces")
    [preference] = account.held("workspace_invoice_preferences")
    assert result["record"] == made
    assert (workspace["title"], workspace["require_time_approvals"]) == ("By hand", True)
    assert workspace["approver_ids"] == [account.user(MANAGER)]
    assert preference["project_code"] == "P-2026-0117"


async def test_a_vendor_that_ignores_the_filter_does_not_get_a_second_workspace(account: Account):
    await account.apply(VERB, provision("D-00099"))
    listed = account.ask("people-admin", "GET", "workspaces", include="external_references")
    await account.faults({"match": {"method": "GET", "path": "/api/v1/workspaces"}, "do": {"body": listed}})
    with pytest.raises(Unavailable, match="did not heed the filter"):
        await account.apply(VERB, provision())
    assert len(account.held("workspaces")) == 1


async def test_a_code_with_a_slash_is_refused(account: Account):
    with pytest.raises(Rejected, match="slash: A/B"):
        await account.apply(VERB, provision(tasks=(Task(code="A/B", name="x"),)))


async def test_a_revoked_token_is_unauthorised(account: Account):
    account.vendor.control("revoke", {"token": "integration-kantata"})
    with pytest.raises(Unauthorised, match="Invalid OAuth 2 Request"):
        await account.apply(VERB, provision())


async def test_every_verb_of_the_port_is_offered(account: Account):
    assert set(account.connector.verbs()) == set(VERBS) == set(COMMANDS)
