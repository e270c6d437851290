"""The smallest vendor that a connector can be tried on: bookings by key, behind a bearer token, and its connector."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import httpx

from contracts.ledgers.v1 import LedgerLine
from contracts.timesheets.v1 import TimeApproved
from contracts.types import ConnectionName, EngagementId, EntryId, RecordId
from services.adapterkit.answer import answer, read_json
from services.adapterkit.connector import Applied, Feed, Finding, Observed, Page, Proof, Verb, Write
from services.adapterkit.families import Unauthorised, Unsure
from services.sandbox.firm import Firm
from services.sandbox.ledger import Ledger
from services.sandbox.wire import Clock, Request, Response

__all__ = ["Booking", "Booth", "BoothConnector"]

DAY = date(2026, 11, 18)


@dataclass(frozen=True)
class Booking:
    """The command of this vendor's only verb."""

    minutes: int = 60


class Booth:
    """Every POST to `/bookings` makes a booking, even a second one of its key, unless the booth `is_strict`."""

    name = "booth"

    def __init__(self, *, ledger: Ledger, clock: Clock, seed: int, is_strict: bool = True) -> None:
        self.ledger, self._clock, self._seed, self._is_strict = ledger, clock, seed, is_strict
        self.bookings = ledger.collection("bookings")
        self._token = 1

    def settle(self, firm: Firm) -> None:
        """A new booth is empty."""

    def answer(self, request: Request) -> Response:
        if request.path == "/token":
            return Response.of({"access_token": f"t{self._token}", "expires_in": "600"})
        if request.headers.get("authorization") != f"Bearer t{self._token}":
            return Response.of({"error": "expired"}, 401)
        if request.method == "POST":
            return self._book(request.json())
        if key := request.param("key"):
            return Response.of([each for each in self.bookings if each["key"] == key])
        after = int(request.param("after", "0"))
        return Response.of([each for each in self.bookings if int(each["id"]) > after][:2])

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        if verb == "book":
            self._book(body)
        elif verb == "expire_tokens":
            self._token += 1
        else:
            raise ValueError(f"no verb {verb!r}; there are: book, expire_tokens")

    def _book(self, body: Mapping[str, Any]) -> Response:
        held = next((each for each in self.bookings if each["key"] == body["key"]), None)
        if held is not None and self._is_strict:
            return Response.of(held)
        number = str(len(self.bookings) + 1)
        booking = {"id": number, "key": body["key"], "minutes": body["minutes"]}
        self.bookings.put(number, booking)
        self.ledger.commit()
        return Response.of(booking, 201)


class BoothConnector:
    """Books under the write's key, and finds it there."""

    name, product = "booth", "Booth"
    proof: Proof = "external-id"
    settle_lag = 1.0

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http

    def verbs(self) -> Mapping[str, Verb]:
        return {"book": Verb(apply=self.apply, find=self.find)}

    def feeds(self) -> Sequence[Feed]:
        return [Feed(name="bookings", every=1.0, poll=self.poll)]

    async def apply(self, writes: Sequence[Write]) -> Sequence[Applied]:
        (write,) = writes
        body = {"key": write.key, "minutes": write.command.minutes}
        reply = await answer(self.http, "POST", "/bookings", writes=True, json=body)
        match read_json(reply, writes=True):
            case {"id": str(record)}:
                return [{"record": record}]
        raise Unsure("an answer without the record's id")

    async def find(self, write: Write) -> Applied | None:
        reply = await answer(self.http, "GET", "/bookings", writes=False, params={"key": write.key})
        found = read_json(reply, writes=False)
        if len(found) > 1:
            raise Unsure(f"{len(found)} bookings share one key")
        return {"record": found[0]["id"]} if found else None

    async def poll(self, watermark: str | None) -> Page:
        start = max(0, int(watermark or 0) - 1)
        found = await self._page(start)
        end = found[-1]["id"] if found else watermark or "0"
        return Page(
            observed=[_observed(each) for each in found],
            watermark=end,
            more=len(found) == 2 and end != watermark,
        )

    async def ledger(self, start: date, end: date) -> AsyncIterator[LedgerLine]:
        after = 0
        while found := await self._page(after):
            for each in found:
                yield LedgerLine(
                    kind="posted-time", record=RecordId(each["id"]), reference=each["key"], engagement=None, day=DAY,
                    minutes=each["minutes"],
                )  # fmt: skip
            after = int(found[-1]["id"])

    async def check(self) -> Sequence[Finding]:
        try:
            await self._page(0)
        except Unauthorised as refused:
            return [Finding(name="sign in", ok=False, detail=str(refused))]
        return [Finding(name="sign in", ok=True)]

    async def close(self) -> None:
        await self.http.aclose()

    async def _page(self, after: int) -> Any:
        reply = await answer(self.http, "GET", "/bookings", writes=False, params={"after": after})
        return read_json(reply, writes=False)


def _observed(booking: Mapping[str, Any]) -> Observed:
    contract = TimeApproved(
        entry=EntryId(f"booth:{booking['id']}"), revision=0, engagement=EngagementId("E-1"), task=None, worker=None,
        labour_category=None, work_date=DAY, minutes=booking["minutes"], billable=True, approver=None,
        connection=ConnectionName("booth"), record=RecordId(booking["id"]),
    )  # fmt: skip
    return Observed(record=booking["id"], contract=contract)


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)
