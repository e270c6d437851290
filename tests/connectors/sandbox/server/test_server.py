"""One stand-in behind a real socket: what a client sees of faults, latency and the control side."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.sandbox.ledger import Ledger
from services.sandbox.server import Server, serving
from tests.support.notebook import Notebook


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def notebook(*, latency_ms: int = 0, faults: Any = ()) -> AsyncIterator[httpx.AsyncClient]:
    server = Server(Notebook(ledger=Ledger(), clock=now, seed=7), clock=now, latency_ms=latency_ms)
    server.set_faults(list(faults))
    async with serving(server) as url, httpx.AsyncClient(base_url=url, timeout=5, trust_env=False) as client:
        yield client


async def notes(client: httpx.AsyncClient) -> list[str]:
    """Names of the notes that are really in the ledger."""
    return [note["name"] for note in (await client.get("/_sandbox/ledger/notes")).json()]


async def test_path_is_decoded_once_and_the_query_is_left_raw() -> None:
    async with notebook() as client:
        await client.put("/notes/a%2520b%2Fc?q=x%2By&q=z", content=b"text")
        [note] = (await client.get("/_sandbox/ledger/notes")).json()
    assert note["name"] == "a%20b/c"
    assert note["query"] == "q=x%2By&q=z"
    assert note["base_url"] == str(client.base_url).rstrip("/")


async def test_reply_before_commit_leaves_the_vendor_untouched() -> None:
    rule = {"do": {"status": 429, "headers": {"retry-after": "2"}, "body": {"error": "slow down"}}}
    async with notebook(faults=[rule]) as client:
        answer = await client.put("/notes/a", content=b"x")
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        assert answer.json() == {"error": "slow down"}
        assert await notes(client) == []


async def test_wrong_page_comes_with_status_200() -> None:
    async with notebook(faults=[{"do": {"status": 200, "body": "<html>hotel wifi</html>"}}]) as client:
        answer = await client.put("/notes/a", content=b"x")
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html")
        assert await notes(client) == []


async def test_connection_dropped_before_commit_writes_nothing() -> None:
    async with notebook(faults=[{"do": {"before_commit": "drop_connection"}}]) as client:
        with pytest.raises(httpx.TransportError):
            await client.put("/notes/a", content=b"x")
        assert await notes(client) == []


async def test_response_dropped_after_commit_has_written() -> None:
    async with notebook(faults=[{"do": {"after_commit": "drop_response"}}]) as client:
        with pytest.raises(httpx.TransportError):
            await client.put("/notes/a", content=b"x")
        assert await notes(client) == ["a"]


async def test_error_after_commit_has_written() -> None:
    async with notebook(faults=[{"do": {"after_commit": {"status": 504}}}]) as client:
        assert (await client.put("/notes/a", content=b"x")).status_code == 504
        assert await notes(client) == ["a"]


async def test_late_commit_writes_after_the_error_was_answered() -> None:
    async with notebook(faults=[{"do": {"late_commit_s": 0.2, "status": 504}}]) as client:
        assert (await client.put("/notes/a", content=b"x")).status_code == 504
        assert await notes(client) == []
        await asyncio.sleep(0.4)
        assert await notes(client) == ["a"]


async def test_late_commit_still_waiting_is_carried_out_on_a_clean_stop() -> None:
    stand_in = Notebook(ledger=Ledger(), clock=now, seed=7)
    server = Server(stand_in, clock=now)
    server.set_faults([{"do": {"late_commit_s": 90}}])
    async with serving(server) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        await client.put("/notes/a", content=b"x")
        assert "a" not in stand_in.notes
    assert "a" in stand_in.notes


async def test_down_vendor_closes_every_connection_for_a_while() -> None:
    async with notebook(faults=[{"when": {"nth": [1]}, "do": {"down_for_s": 0.3}}]) as client:
        for _ in range(2):
            with pytest.raises(httpx.TransportError):
                await client.get("/notes/a")
        await asyncio.sleep(0.4)
        assert (await client.get("/notes/a")).status_code == 404


async def test_delay_comes_before_the_answer_and_slow_body_after_the_headers() -> None:
    faults = [
        {"match": {"path": "/notes/late"}, "do": {"delay_ms": 200}},
        {"match": {"path": "/notes/slow"}, "do": {"slow_body_ms": 200}},
    ]
    async with notebook(faults=faults) as client:
        for name, headers_late in (("late", True), ("slow", False)):
            started = time.monotonic()
            async with client.stream("PUT", f"/notes/{name}", content=b"x") as answer:
                assert (time.monotonic() - started > 0.15) is headers_late
                assert b"text" in await answer.aread()
            assert time.monotonic() - started > 0.15


async def test_requests_that_wait_together_are_in_flight_together() -> None:
    async with notebook(latency_ms=100) as client:
        await asyncio.gather(*(client.put(f"/notes/{n}", content=b"x") for n in range(4)))
        written = (await client.get("/_sandbox/ledger/notes")).json()
    assert sorted(note["in_flight"] for note in written) == [1, 2, 3, 4]


async def test_faults_are_set_shown_with_hits_and_removed() -> None:
    script = [{"name": "second", "when": {"nth": [2]}, "do": {"status": 503}}]
    async with notebook() as client:
        assert (await client.put("/_sandbox/faults", json=script)).status_code == 200
        codes = [(await client.get("/notes/a")).status_code for _ in range(3)]
        [line] = (await client.get("/_sandbox/faults")).json()
        assert codes == [404, 503, 404]
        assert (line["rule"], line["seen"], line["hits"]) == (script[0], 3, 1)
        assert (await client.delete("/_sandbox/faults")).status_code == 204
        assert (await client.get("/_sandbox/faults")).json() == []


async def test_bad_fault_script_is_refused_and_the_old_one_stays() -> None:
    async with notebook(faults=[{"do": {"status": 503}}]) as client:
        answer = await client.put("/_sandbox/faults", json=[{"do": {"explode": True}}])
        assert answer.status_code == 400
        assert "rule 0.do" in answer.json()["error"]
        assert (await client.get("/notes/a")).status_code == 503
        assert (await client.put("/_sandbox/faults", content=b"{")).status_code == 400


async def test_failing_stand_in_is_a_500_that_writes_nothing_and_tells_nothing(capsys: Any) -> None:
    async with notebook() as client:
        answer = await client.put("/notes/ink", content=b"x")
        assert answer.status_code == 500
        assert "spilt" not in answer.text
        assert "Traceback" not in answer.text
        assert "RuntimeError: spilt" in capsys.readouterr().err
        assert await notes(client) == []


async def test_body_over_eight_megabytes_is_refused() -> None:
    async with notebook() as client:
        assert (await client.put("/notes/a", content=b"x" * (8 * 1024 * 1024 + 1))).status_code == 413
        assert await notes(client) == []


async def test_calls_are_counted_by_template_and_status() -> None:
    async with notebook(faults=[{"match": {"method": "DELETE"}, "do": {"down_for_s": 0.01}}]) as client:
        await client.put("/notes/C-0001", content=b"x")
        await client.put("/notes/C-0002", content=b"x")
        await client.get("/notes/C-0003")
        with pytest.raises(httpx.TransportError):
            await client.delete("/notes/C-0001")
        assert (await client.get("/_sandbox/calls")).json() == {
            "total": 4,
            "calls": [
                {"method": "DELETE", "path": "/notes/{}", "status": "dropped", "count": 1},
                {"method": "GET", "path": "/notes/{}", "status": "404", "count": 1},
                {"method": "PUT", "path": "/notes/{}", "status": "201", "count": 2},
            ],
        }


async def test_control_side_answers_health_ledger_and_verbs() -> None:
    async with notebook() as client:
        await client.put("/notes/a", content=b"x")
        assert (await client.get("/_sandbox/health")).json()["name"] == "notebook"
        assert (await client.get("/_sandbox/ledger")).json() == {"notes": 1}
        assert (await client.get("/_sandbox/ledger/songs")).status_code == 404
        assert (await client.post("/_sandbox/control/tear", json={"name": "a"})).json() == {"result": 0}
        assert (await client.post("/_sandbox/control/sing")).status_code == 400
        assert (await client.post("/_sandbox/control/tear", json=[1])).status_code == 400
        assert (await client.get("/_sandbox/nothing")).status_code == 404
