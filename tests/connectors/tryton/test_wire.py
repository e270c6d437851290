"""What Tryton answers, whatever it is, becomes a result or a family; and a session is renewed once."""

import asyncio
import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from bus.clock import SystemClock
from contracts.types import ConnectionName
from services.adapterkit.connector import Write
from services.adapterkit.families import Family, Rejected, Throttled, Unauthorised, Unavailable, Unsure
from services.erp_adapter.connectors.tryton import Options, SessionLogin, Tryton
from services.erp_adapter.connectors.tryton.rpc import Rpc, Warned
from tests.support.tryton_firm import (
    create_project,
    draft_invoice,
    ensure_customer,
    post_invoice,
    post_time,
    reverse_time,
)

URL = "http://erp.example/firm"
Answer = Callable[[httpx.Request], httpx.Response]


def always(status: int, body: Any) -> Answer:
    content = body if isinstance(body, str) else json.dumps(body)
    return lambda request: httpx.Response(status, content=content)


def client(answer: Answer, auth: httpx.Auth | None = None) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=URL, transport=httpx.MockTransport(answer), auth=auth)


def user_error(text: str) -> dict[str, Any]:
    return {"id": 1, "error": ["UserError", [text, "", [["a long domain"] * 1000]]]}


#: (status, body), the family of a read, the family of a write.
ANSWERS: Sequence[tuple[int, Any, type[Family], type[Family]]] = [
    (200, user_error("The code on party must be unique."), Rejected, Rejected),
    (
        200,
        {"id": 1, "error": ["UserWarning", ["ab.invoice_date_future", "in the future", ""]]},
        Warned,
        Warned,
    ),
    (200, {"id": 1, "error": ["ConcurrencyException", "Records were modified"]}, Unavailable, Unavailable),
    (
        200,
        {"id": 1, "error": ["LoginException", ["password", "Password", "password"]]},
        Unauthorised,
        Unauthorised,
    ),
    (200, {"id": 1, "error": ["'zzz'", ""]}, Rejected, Rejected),
    (200, {"id": 1, "error": []}, Rejected, Rejected),
    (200, {"id": 1, "error": "what"}, Unavailable, Unsure),
    (200, {"id": 1}, Unavailable, Unsure),
    (200, {"id": 1, "result": "text"}, Unavailable, Unsure),
    (200, [], Unavailable, Unsure),
    (200, "<html>Welcome</html>", Unavailable, Unsure),
    (200, "", Unavailable, Unsure),
    (302, "", Unavailable, Unsure),
    (401, "<h1>Unauthorized</h1>", Unauthorised, Unauthorised),
    (403, "", Unauthorised, Unauthorised),
    (404, "", Rejected, Rejected),
    (422, "Missing context argument", Rejected, Rejected),
    (429, "", Throttled, Throttled),
    (500, "", Unavailable, Unsure),
    (503, "<h1>Service Unavailable</h1><p>database is locked</p>", Throttled, Throttled),
    (503, "could not serialize access due to concurrent update", Throttled, Throttled),
    (503, "server closed the connection unexpectedly", Unavailable, Unsure),
    (504, "", Unavailable, Unsure),
]


@pytest.mark.parametrize(("status", "body", "reading", "writing"), ANSWERS, ids=range(len(ANSWERS)))
async def test_every_answer_has_its_family(status: int, body: Any, reading: type, writing: type) -> None:
    async with client(always(status, body)) as http:
        rpc = Rpc(http)
        with pytest.raises(Family) as read:
            await rpc.ask("model.party.party.search", [], shape=list[int])
        with pytest.raises(Family) as written:
            await rpc.create("party.party", [{}], company=1)
    assert (type(read.value), type(written.value)) == (reading, writing)


async def test_a_refusal_is_short_and_in_trytons_words() -> None:
    async with client(always(200, user_error("The code on party must be unique."))) as http:
        with pytest.raises(Rejected) as refusal:
            await Rpc(http).create("party.party", [{}], company=1)
    assert refusal.value.why == "The code on party must be unique."


async def test_fewer_ids_than_records_prove_nothing() -> None:
    async with client(always(200, {"id": 1, "result": [7]})) as http:
        with pytest.raises(Unsure, match="1 records in place of 2"):
            await Rpc(http).create("party.party", [{}, {}], company=1)


async def test_the_company_is_the_last_thing_that_is_said() -> None:
    heard: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        heard.append((str(request.url), json.loads(request.content)))
        return httpx.Response(200, json={"id": 1, "result": "8.2" if len(heard) == 1 else None})

    async with client(answer) as http:
        await Rpc(http).version()
        await Rpc(http).delete("timesheet.line", [1], company=3)
    assert heard[0] == ("http://erp.example/rpc/", {"id": 1, "method": "common.server.version", "params": []})
    assert heard[1][0] == "http://erp.example/firm/rpc/"
    assert heard[1][1]["params"] == [[1], {"company": 3}]


MADE = {"record": "project:1", "tasks": {"DESIGN": "task:2", "INTERNAL": "task:3"}}
PROJECT = create_project("party:9")
POST = post_time(PROJECT, MADE)
DRAFT = draft_invoice(PROJECT, MADE)
COMMANDS: dict[str, Any] = {
    "ensure_customer": ensure_customer(),
    "create_project": PROJECT,
    "post_time": POST,
    "reverse_time": reverse_time(POST, "line:1"),
    "draft_invoice": DRAFT,
    "post_invoice": post_invoice(DRAFT, "invoice:1"),
}
BODIES: list[Any] = [
    "<html>Welcome</html>", "null", [], {"id": 1, "result": {}}, {"id": 1, "result": [{}]},
    {"id": 1, "result": [{"id": "1"}]}, {"id": 1, "result": [{"id": 1, "party.": {"code": 7}}]},
    {"id": 1, "result": [{"id": 1, "party.": {"code": "GB01"}, "currency.": None}]},
]  # fmt: skip


def hostile(answer: Answer) -> Tryton:
    return Tryton(name=ConnectionName("tryton"), http=client(answer), options=Options(), clock=SystemClock())


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("verb", COMMANDS)
async def test_no_success_of_another_shape_becomes_a_result(verb: str, body: Any) -> None:
    connector = hostile(always(200, body))
    write, offered = Write(key=verb, command=COMMANDS[verb]), connector.verbs()[verb]
    try:
        outcomes = list(await offered.apply([write]))
    except Family as family:
        outcomes = [family]
    assert [isinstance(one, Family) for one in outcomes] == [True]
    with pytest.raises(Family):
        await offered.find(write)
    await connector.close()


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
@pytest.mark.parametrize("feed", ["periods", "rate-cards", "projects", "invoices"])
async def test_no_feed_misreads_a_success(feed: str, body: Any) -> None:
    connector = hostile(always(200, body))
    [one] = [each for each in connector.feeds() if each.name == feed]
    with pytest.raises(Unavailable):
        await one.poll(None)
    await connector.close()


class Server:
    """A Tryton that ends sessions when it is told to."""

    def __init__(self, *, accepts: bool = True) -> None:
        self.accepts, self.logins, self.calls = accepts, 0, 0

    @property
    def session(self) -> str:
        return base64.b64encode(f"fairlead:7:key-{self.logins}".encode()).decode()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        if asked["method"] == "common.db.login":
            self.logins += 1
            assert asked["params"] == ["fairlead", {"password": "top-secret"}, "en"]
            return httpx.Response(200, json={"id": 1, "result": [7, f"key-{self.logins}", None]})
        self.calls += 1
        if self.accepts and request.headers["authorization"] == f"Session {self.session}":
            return httpx.Response(200, json={"id": 1, "result": []})
        return httpx.Response(401, text="<h1>Unauthorized</h1>")


def session(answer: Answer) -> httpx.AsyncClient:
    tokens = httpx.AsyncClient(transport=httpx.MockTransport(answer))
    auth = SessionLogin(url=URL, user="fairlead", password="top-secret", http=tokens, clock=SystemClock())
    return client(answer, auth)


async def test_many_callers_share_one_login() -> None:
    server = Server()
    async with session(server) as http:
        await asyncio.gather(
            *(Rpc(http).ask("model.party.party.search", [], shape=list[int]) for _ in range(8))
        )
    assert (server.logins, server.calls) == (1, 8)


async def test_an_ended_session_is_renewed_once_and_the_call_repeated() -> None:
    server = Server()
    async with session(server) as http:
        await Rpc(http).ask("model.party.party.search", [], shape=list[int])
        server.logins += 10
        await Rpc(http).ask("model.party.party.search", [], shape=list[int])
    assert (server.logins, server.calls) == (12, 3)


async def test_a_session_that_is_never_good_ends_as_unauthorised() -> None:
    server = Server(accepts=False)
    async with session(server) as http:
        with pytest.raises(Unauthorised):
            await Rpc(http).create("party.party", [{}], company=1)
    assert server.calls == 2


LOGINS: Sequence[tuple[int, Any, type[Family]]] = [
    (401, "", Unauthorised),
    (404, "", Unauthorised),
    (429, "", Throttled),
    (500, "", Unavailable),
    (200, "<html>", Unavailable),
    (200, {"id": 1, "result": "x"}, Unavailable),
    (200, {"id": 1, "error": ["LoginException", ["sms_code", "Code", "char"]]}, Unauthorised),
]


@pytest.mark.parametrize(("status", "body", "family"), LOGINS, ids=range(len(LOGINS)))
async def test_a_failed_login_says_why_and_never_the_password(status: int, body: Any, family: type) -> None:
    """Nothing was sent yet, so even a write is not unsure."""
    async with session(always(status, body)) as http:
        with pytest.raises(Family) as failure:
            await Rpc(http).create("party.party", [{}], company=1)
        assert type(failure.value) is family
        assert "top-secret" not in f"{failure.value} {http.auth!r}"
