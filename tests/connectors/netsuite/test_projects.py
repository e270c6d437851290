import pytest

from contracts.projects.v1 import Task
from services.adapterkit.families import Rejected, Unsure
from services.erp_adapter.connectors.netsuite import Options
from tests.support import netsuite_account
from tests.support.netsuite_account import ENGAGEMENT, Account, create_project, ensure_customer

TASK = "/projectTask/{}"


async def test_a_project_comes_with_tasks_milestones_and_schedule(account: Account) -> None:
    customer, project, tasks = await account.project()
    [job] = await account.held("job")
    assert (job["id"], job["parent"], job["externalId"]) == (project, customer, f"FL-{ENGAGEMENT}")
    held = {one["externalId"]: one for one in await account.held("projectTask")}
    assert tasks == {code: held[f"FL-{ENGAGEMENT}_-{code}"]["id"] for code in ("DESIGN", "ADMIN")}
    assert held[f"FL-{ENGAGEMENT}_-ADMIN"]["nonBillableTask"] is True
    assert held[f"FL-{ENGAGEMENT}_-MS_-LIVE"]["finishByDate"] == "2027-02-28"
    [schedule] = await account.held("billingSchedule")
    assert job["billingSchedule"] == schedule["id"]
    assert [line["milestone"] for line in schedule["recurrence"]] == [
        held[f"FL-{ENGAGEMENT}_-MS_-{code}"]["id"] for code in ("AGREED", "LIVE")
    ]


async def test_the_same_project_twice_writes_nothing_more(account: Account) -> None:
    customer, project, tasks = await account.project()
    counts = [await account.calls("PUT", ending) for ending in ("/job/{}", TASK, "/billingSchedule/{}")]
    again = await account.applied("create_project", create_project(customer))
    assert again == {"record": project, "tasks": tasks}
    assert counts == [1, 4, 1]
    assert counts == [
        await account.calls("PUT", ending) for ending in ("/job/{}", TASK, "/billingSchedule/{}")
    ]


async def test_a_half_made_project_is_not_found_and_heals_without_touching_what_is_there(
    account: Account,
) -> None:
    customer = (await account.applied("ensure_customer", ensure_customer()))["record"]
    command = create_project(customer)
    await account.faults(
        {
            "match": {"path": "*/projectTask/*"},
            "when": {"nth": [2]},
            "do": {"before_commit": "drop_connection"},
        }
    )
    [outcome] = await account.apply("create_project", command)
    assert isinstance(outcome, Unsure)
    assert await account.found("create_project", command) is None
    await account.faults()
    [job] = await account.held("job")
    await account.change(f"job/{job['id']}", {"companyName": "Renamed by finance"})
    made = await account.applied("create_project", command)
    assert made["record"] == job["id"]
    assert await account.found("create_project", command) == made
    assert [one["companyName"] for one in await account.held("job")] == ["Renamed by finance"]
    assert len(await account.held("projectTask")) == 4


@pytest.mark.parametrize("path", ["*/job/*", "*/projectTask/*", "*/billingSchedule/*"])
async def test_an_answer_lost_at_any_step_leaves_one_project_once_it_is_tried_again(
    account: Account, path: str
) -> None:
    customer = (await account.applied("ensure_customer", ensure_customer()))["record"]
    lost = {
        "match": {"method": "PUT", "path": path},
        "when": {"first": 1},
        "do": {"after_commit": "drop_response"},
    }
    await account.faults(lost)
    [outcome] = await account.apply("create_project", create_project(customer))
    assert isinstance(outcome, Unsure)
    assert await account.found("create_project", create_project(customer)) is None
    made = await account.applied("create_project", create_project(customer))
    assert [one["id"] for one in await account.held("job")] == [made["record"]]
    assert len(await account.held("projectTask")) == 4
    assert len(await account.held("billingSchedule")) == 1


async def test_a_project_without_its_schedule_is_not_complete(account: Account) -> None:
    customer = (await account.applied("ensure_customer", ensure_customer()))["record"]
    await account.faults(
        {"match": {"method": "PATCH", "path": "*/job/*"}, "do": {"before_commit": "drop_connection"}}
    )
    [outcome] = await account.apply("create_project", create_project(customer))
    assert isinstance(outcome, Unsure)
    assert await account.found("create_project", create_project(customer)) is None
    await account.faults()
    await account.applied("create_project", create_project(customer))
    assert len(await account.held("billingSchedule")) == 1
    assert await account.found("create_project", create_project(customer)) is not None


async def test_finance_may_keep_schedules_by_hand() -> None:
    async with netsuite_account.account(Options(billing_schedules=False)) as account:
        customer, _, _ = await account.project()
        assert await account.held("billingSchedule") == []
        assert await account.found("create_project", create_project(customer)) is not None


async def test_task_codes_that_differ_in_case_are_two_tasks(account: Account) -> None:
    pair = (Task(code="Design", name="One"), Task(code="DESIGN", name="Other"))
    _, _, tasks = await account.project(tasks=pair, milestones=(), billing_schedule=())
    assert len(set(tasks.values())) == 2


async def test_an_unknown_rate_card_is_refused_in_netsuites_words_and_leaves_nothing(
    account: Account,
) -> None:
    customer = (await account.applied("ensure_customer", ensure_customer()))["record"]
    [outcome] = await account.apply("create_project", create_project(customer, rate_card="RC-NONE"))
    assert isinstance(outcome, Rejected)
    assert "billingRateCard" in outcome.why
    assert await account.held("job") == []


async def test_a_project_that_lacks_a_task_is_not_complete(account: Account) -> None:
    customer, _, tasks = await account.project()
    await account.people.delete(f"/services/rest/record/v1/projectTask/{tasks['ADMIN']}")
    assert await account.found("create_project", create_project(customer)) is None
    made = await account.applied("create_project", create_project(customer))
    assert made["tasks"]["DESIGN"] == tasks["DESIGN"]
    assert made["tasks"]["ADMIN"] != tasks["ADMIN"]
