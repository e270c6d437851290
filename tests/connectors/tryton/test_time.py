"""Posted and reversed time against a real Tryton."""

import asyncio
from datetime import timedelta

import pytest

from services.adapterkit.families import Rejected, Unsure
from tests.support.tryton_firm import Desk, post_time, reverse_time, today

pytestmark = pytest.mark.slow


async def test_time_is_posted_on_the_priced_task_of_its_labour_category(desk: Desk) -> None:
    command, made = await desk.project()
    senior, analyst = post_time(command, made), post_time(command, made, labour_category="ANALYST")
    first, second = await desk.apply("post_time", senior, analyst)
    [line] = desk.lines(senior.entry)
    [other] = desk.lines(analyst.entry)
    task = desk.row(
        "project.work", f"task:{line['work.']['origin'].partition(',')[2]}", "name", "parent", "list_price"
    )
    cheaper = desk.row("project.work", f"task:{other['work.']['origin'].partition(',')[2]}", "list_price")

    assert first == {"record": f"line:{line['id']}", "amount": None}
    assert second == {"record": f"line:{other['id']}", "amount": None}
    assert line["description"] == f"{senior.entry}#1 | Design, Senior"
    assert line["duration"]["seconds"] == 90 * 60
    assert (task["name"], f"task:{task['parent']}") == ("Design, Senior", made["tasks"]["DESIGN"])
    assert (task["list_price"]["decimal"], cheaper["list_price"]["decimal"]) == ("190.00", "105.00")


async def test_time_that_is_not_billed_stays_on_the_plan_task(desk: Desk) -> None:
    command, made = await desk.project()
    await desk.applied("post_time", post := post_time(command, made, task="INTERNAL", billable=False))
    [line] = desk.lines(post.entry)
    assert f"task:{line['work.']['origin'].partition(',')[2]}" == made["tasks"]["INTERNAL"]
    assert line["description"].endswith("| Internal, Senior, not billed")


async def test_the_same_revision_twice_is_one_line(desk: Desk) -> None:
    command, made = await desk.project()
    post = post_time(command, made)
    first = await desk.applied("post_time", post)
    second = await desk.applied("post_time", post)

    assert first == second == await desk.found("post_time", post)
    assert len(desk.lines(post.entry)) == 1


async def test_a_revision_is_not_mistaken_for_another_one(desk: Desk) -> None:
    command, made = await desk.project()
    post = post_time(command, made, entry="kantata:8_5")
    await desk.applied("post_time", post)
    for other in ("kantata:8%5", "kantata:8x5", "kantata:8_50", "Kantata:8_5"):
        assert await desk.found("post_time", post_time(command, made, entry=other)) is None
    assert await desk.found("post_time", post_time(command, made, entry=post.entry, revision=2)) is None


async def test_one_bad_posting_of_many_fails_alone(desk: Desk) -> None:
    """Tryton takes a bulk whole or not at all."""
    command, made = await desk.project()
    good = [post_time(command, made, minutes=15) for _ in range(6)]
    negative = post_time(command, made, minutes=-15)
    stranger = post_time(command, made, worker="EMP-0004")
    nowhere = post_time(command, made, task_record="task:999999")
    unpriced = post_time(command, made, labour_category="ASTRONAUT")
    outcomes = await desk.apply("post_time", *good[:3], negative, stranger, nowhere, unpriced, *good[3:])

    refused = [one for one in outcomes if isinstance(one, Rejected)]
    assert [("Duration" in one.why, one.category) for one in refused[:1]] == [(True, "data")]
    assert "EMP-0004 is no employee of GB01" in refused[1].why
    assert (refused[2].why, refused[2].category) == ("task:999999 is not in Tryton", "conflict")
    assert "no hourly price for product ITEM-ASTRONAUT" in refused[3].why
    assert len(outcomes) - len(refused) == 6
    assert [len(desk.lines(post.entry)) for post in [*good, negative]] == [1, 1, 1, 1, 1, 1, 0]


async def test_a_closed_period_is_refused_although_tryton_takes_it(desk: Desk) -> None:
    command, made = await desk.project()
    past = post_time(command, made, posting_date=today() - timedelta(days=75))
    beyond = post_time(command, made, posting_date=today() + timedelta(days=4000))
    now = post_time(command, made)
    closed, none, fine = await desk.apply("post_time", past, beyond, now)

    assert isinstance(closed, Rejected) and closed.category == "policy" and "is closed" in closed.why
    assert isinstance(none, Rejected) and none.category == "policy" and "no accounting period" in none.why
    assert not isinstance(fine, Rejected)
    assert desk.lines(past.entry) == desk.lines(beyond.entry) == []


async def test_lost_answers_are_found_and_nothing_is_posted_twice(desk: Desk) -> None:
    command, made = await desk.project()
    await desk.posted(command, made, 15)
    posts = [post_time(command, made, minutes=15) for _ in range(5)]
    desk.wire.lose_once("model.timesheet.line.create", "after")
    lost = await desk.apply("post_time", *posts)
    again = await desk.apply("post_time", *posts)

    assert all(isinstance(one, Unsure) for one in lost)
    assert [await desk.found("post_time", post) for post in posts] == again
    assert [len(desk.lines(post.entry)) for post in posts] == [1] * 5


async def test_a_call_that_never_arrived_is_not_found_and_can_be_repeated(desk: Desk) -> None:
    command, made = await desk.project()
    await desk.posted(command, made, 15)
    post = post_time(command, made)
    desk.wire.lose_once("model.timesheet.line.create", "before")

    assert isinstance(await desk.refused("post_time", post), Unsure)
    assert await desk.found("post_time", post) is None
    await desk.applied("post_time", post)
    assert len(desk.lines(post.entry)) == 1


async def test_a_lost_answer_about_a_new_task_posts_nothing_and_says_so(desk: Desk) -> None:
    command, made = await desk.project()
    post = post_time(command, made)
    desk.wire.lose_once("model.project.work.create", "after")
    lost = await desk.refused("post_time", post)
    await desk.applied("post_time", post)
    children = desk.row("project.work", made["tasks"]["DESIGN"], "children")["children"]

    assert not isinstance(lost, Unsure | Rejected)
    assert (len(desk.lines(post.entry)), len(children)) == (1, 1)


async def test_two_callers_at_once_make_one_priced_task(desk: Desk) -> None:
    command, made = await desk.project()
    posts = [post_time(command, made) for _ in range(4)]
    await asyncio.gather(*(desk.applied("post_time", post) for post in posts))
    assert len(desk.row("project.work", made["tasks"]["DESIGN"], "children")["children"]) == 1


async def test_postings_of_two_companies_go_in_one_bulk(desk: Desk) -> None:
    british, here = await desk.project()
    japanese, there = await desk.project(legal_entity="JP01")
    posts = [post_time(british, here), post_time(japanese, there), post_time(british, here)]
    outcomes = await desk.apply("post_time", *posts)
    assert outcomes == [await desk.found("post_time", post) for post in posts]
    assert None not in outcomes


async def test_two_lines_under_one_key_are_for_a_person(desk: Desk) -> None:
    command, made = await desk.project()
    [post] = await desk.posted(command, made, 60)
    [line] = desk.lines(post.entry)
    desk.fairlead.call("model.timesheet.line.copy", [line["id"]], {})

    assert isinstance(await desk.refused("post_time", post), Unsure)
    with pytest.raises(Unsure, match="carry"):
        await desk.found("post_time", post)


async def test_two_hundred_postings_take_few_calls(desk: Desk) -> None:
    command, made = await desk.project()
    await desk.posted(command, made, 15)
    desk.wire.calls.clear()
    outcomes = await desk.apply("post_time", *(post_time(command, made, minutes=15) for _ in range(200)))
    assert not any(isinstance(one, Rejected) for one in outcomes)
    assert len(desk.wire.calls) <= 6


async def test_an_unbilled_posting_is_reversed_once(desk: Desk) -> None:
    command, made = await desk.project()
    [post] = await desk.posted(command, made, 60)
    record = f"line:{desk.lines(post.entry)[0]['id']}"
    reverse = reverse_time(post, record)

    assert await desk.found("reverse_time", reverse) is None
    assert await desk.applied("reverse_time", reverse) == {"record": record}
    assert await desk.found("reverse_time", reverse) == {"record": record}
    assert await desk.applied("reverse_time", reverse) == {"record": record}
    assert desk.lines(post.entry) == []


async def test_a_reversal_of_another_ones_line_is_refused_and_the_rest_goes_on(desk: Desk) -> None:
    command, made = await desk.project()
    one, two, three = await desk.posted(command, made, 60, 30, 15)
    records = [f"line:{desk.lines(post.entry)[0]['id']}" for post in (one, two, three)]
    wrong = reverse_time(one, records[1])
    first, second = await desk.apply("reverse_time", wrong, reverse_time(three, records[2]))

    assert isinstance(first, Rejected) and first.category == "conflict"
    assert second == {"record": records[2]}
    assert [len(desk.lines(post.entry)) for post in (one, two, three)] == [1, 1, 0]


async def test_a_lost_answer_to_a_reversal_is_found(desk: Desk) -> None:
    command, made = await desk.project()
    [post] = await desk.posted(command, made, 60)
    reverse = reverse_time(post, f"line:{desk.lines(post.entry)[0]['id']}")
    desk.wire.lose_once("model.timesheet.line.delete", "after")

    assert isinstance(await desk.refused("reverse_time", reverse), Unsure)
    assert await desk.found("reverse_time", reverse) == {"record": reverse.record}


async def test_a_record_of_another_kind_is_refused(desk: Desk) -> None:
    command, made = await desk.project()
    refusal = await desk.refused("reverse_time", reverse_time(post_time(command, made), "timebill 7"))
    assert isinstance(refusal, Rejected) and "timebill 7" in refusal.why
