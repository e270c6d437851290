"""However changes lie in time, windows over them leave nothing out and come to an end."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from services.time_adapter.connectors.kantata.api import Api
from services.time_adapter.connectors.kantata.windows import Mark, Source, first_width, onward, read_window

NOW = datetime(2026, 11, 16, 17, tzinfo=UTC)
START = NOW - timedelta(days=35)
OVERLAP = timedelta(seconds=120)
SOURCE = Source(path="rows", order="updated_at:asc", size=5)
SPAN = int((NOW - START).total_seconds())


class Rows(httpx.AsyncBaseTransport):
    """A vendor with one list of changes, in seconds from the start: exclusive bounds, numbered pages."""

    def __init__(self, moments: list[int]) -> None:
        self.moments = {str(number): moment for number, moment in enumerate(sorted(moments), 1)}
        self.asked = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked += 1
        params = request.url.params
        after, before = (
            since(params["updated_after"]),
            since(params.get("updated_before", "9999-01-01T00:00:00Z")),
        )
        held = [number for number, moment in self.moments.items() if after < moment < before]
        size, page = int(params["per_page"]), int(params["page"])
        shown = held[(page - 1) * size : page * size]
        rows = {
            number: {"id": number, "updated_at": at(self.moments[number]).isoformat()} for number in shown
        }
        results = [{"key": "rows", "id": number} for number in shown]
        return httpx.Response(200, json={"count": len(held), "results": results, "rows": rows})


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


def since(text: str) -> int:
    return int((datetime.fromisoformat(text) - START).total_seconds())


async def read_out(rows: Rows, skew: int = 0) -> tuple[set[str], int]:
    """Read until there is no more: the records seen, and how many windows that took."""
    async with httpx.AsyncClient(base_url="http://kantata.example", transport=rows) as http:
        mark, more, seen, windows = Mark(after=START, swept=NOW), True, set[str](), 0
        while more:
            now = NOW + timedelta(seconds=skew)
            window = await read_window(Api(http), SOURCE, mark, now=now, overlap=OVERLAP)
            assert sum(len(page.ids) for page in window.pages) <= max(SOURCE.size, 200)
            seen.update(number for page in window.pages for number in page.ids)
            mark, more, windows = window.mark, window.more, windows + 1
        return seen, windows


MOMENTS = st.lists(
    st.one_of(st.integers(1, SPAN), st.integers(SPAN - 300, SPAN), st.sampled_from([1, 2, 77, SPAN])),
    max_size=60,
)


@given(moments=MOMENTS, skew=st.sampled_from([-86_400, -60, 0, 60, 86_400]))
@settings(max_examples=150, deadline=None)
def test_every_change_is_read_however_they_lie_and_whatever_our_clock_says(moments: list[int], skew: int):
    rows = Rows(moments)
    seen, windows = asyncio.run(read_out(rows, skew))
    assert seen == set(rows.moments)
    assert windows <= 2 * len(moments) + 1


def test_a_burst_after_a_long_silence_is_reached_at_once():
    rows = Rows([SPAN - 50 + number for number in range(40)])
    _, windows = asyncio.run(read_out(rows))
    assert windows <= 40 // 5 * 2 + 1


@given(whole=st.integers(2, 10**8), count=st.integers(6, 10**6))
def test_the_first_guess_is_a_legal_width_below_the_whole(whole: int, count: int):
    assert 2 <= first_width(whole, count=count, size=5) <= max(whole - 1, 2)


def start(swept: datetime = NOW) -> Mark:
    return Mark(after=START, swept=swept)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_in_the_middle_of_a_backlog_the_mark_moves_to_the_windows_end():
    mark = onward(start(), at(100), at(90), now=later(3), overlap=OVERLAP)
    assert mark == Mark(after=at(99), swept=NOW, newest=at(90), noticed=later(3))


def test_between_deep_readings_only_the_newest_second_is_read_again_until_it_is_over():
    mark = onward(start(), None, at(500), now=later(60), overlap=OVERLAP)
    assert mark.after == at(499)
    assert onward(mark, None, at(500), now=later(61), overlap=OVERLAP).after == at(499)
    assert onward(mark, None, at(500), now=later(62), overlap=OVERLAP).after == at(500)


def test_a_deep_reading_goes_back_to_what_may_have_shown_up_since_the_last_one_began():
    mark = onward(start(), None, at(500), now=later(130), overlap=OVERLAP)
    assert (mark.after, mark.swept) == (at(500 - 120 - 130), later(130))


def test_a_deep_reading_that_began_late_enough_after_the_newest_change_is_the_last():
    mark = Mark(after=at(300), swept=later(121), newest=at(500), noticed=NOW)
    assert onward(mark, None, at(500), now=later(900), overlap=OVERLAP).after == at(500)
    mark = Mark(after=at(300), swept=later(120), newest=at(500), noticed=NOW)
    assert onward(mark, None, at(500), now=later(900), overlap=OVERLAP).after < at(500)


def test_an_empty_list_leaves_the_mark_where_it_is():
    assert onward(start(), None, None, now=later(9), overlap=OVERLAP) == Mark(after=START, swept=later(9))


@given(
    changes=st.lists(st.tuples(st.integers(1, 1500), st.integers(0, 120)), max_size=15),
    pauses=st.lists(st.integers(1, 400), min_size=1, max_size=12),
    skew=st.sampled_from([-7200, 0, 7200]),
)
@settings(max_examples=200, deadline=None)
def test_a_change_that_shows_up_late_is_read_in_the_end(
    changes: list[tuple[int, int]], pauses: list[int], skew: int
):
    """Each change has a stamp and a delay, no longer than the overlap, after which it can be seen."""

    async def scene() -> set[str]:
        rows, seen, clock = Rows([]), set[str](), 0
        async with httpx.AsyncClient(base_url="http://kantata.example", transport=rows) as http:
            mark = Mark(after=START, swept=START + timedelta(seconds=skew))
            for pause in [*pauses, 2000, *[130] * 6]:
                clock += pause
                rows.moments = {
                    str(number): stamp
                    for number, (stamp, delay) in enumerate(changes)
                    if stamp + delay <= clock
                }
                more = True
                while more:
                    now = at(clock + skew)
                    window = await read_window(Api(http), SOURCE, mark, now=now, overlap=OVERLAP)
                    seen.update(number for page in window.pages for number in page.ids)
                    mark, more = window.mark, window.more
        return seen

    assert asyncio.run(scene()) == {str(number) for number in range(len(changes))}
