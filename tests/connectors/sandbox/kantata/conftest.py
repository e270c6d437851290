"""A Kantata stand-in in process, and callers who speak to it the way HTTP would."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from services.sandbox.firm import Firm, found
from services.sandbox.kantata import Kantata
from services.sandbox.ledger import Ledger
from services.sandbox.wire import Headers, Request, Response

START = datetime(2026, 11, 16, 17, 0, tzinfo=UTC)


@dataclass
class Minutes:
    """A clock that stands still until it is moved."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def pass_(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Caller:
    """One bearer of a token. Answers are decoded; `status` asks for a status other than 200."""

    vendor: Kantata
    token: str

    def raw(self, method: str, path: str, body: Any = None, **query: Any) -> Response:
        headers = Headers({"authorization": f"Bearer {self.token}", "content-type": "application/json"})
        content = b"" if body is None else json.dumps(body).encode()
        return self.vendor.answer(
            Request(
                method=method, path=f"/api/v1/{path}", query=urlencode(query), headers=headers, body=content
            )
        )

    def ask(self, method: str, path: str, body: Any = None, status: int = 200, **query: Any) -> Any:
        answer = self.raw(method, path, body, **query)
        assert answer.status == status, answer.body.decode()
        return json.loads(answer.body) if answer.body else None

    def get(self, path: str, status: int = 200, **query: Any) -> Any:
        return self.ask("GET", path, None, status, **query)

    def make(self, key: str, singular: str, **fields: Any) -> str:
        """Create one record and return its id."""
        body = self.ask("POST", key, {singular: fields})
        return str(body["results"][0]["id"])

    def ids(self, path: str, **query: Any) -> list[str]:
        return [result["id"] for result in self.get(path, **query)["results"]]

    def one(self, path: str, **query: Any) -> Any:
        """The only record of an answer."""
        body = self.get(path, **query)
        (result,) = body["results"]
        return body[result["key"]][result["id"]]


@dataclass
class Office:
    """A firm with one project: EMP-0001 works in it, EMP-0002 approves."""

    vendor: Kantata
    clock: Minutes
    firm: Firm
    project: str = ""
    task: str = ""
    users: dict[str, str] = field(default_factory=dict)

    def caller(self, token: str) -> Caller:
        return Caller(self.vendor, token)

    @property
    def integration(self) -> Caller:
        return self.caller("integration-kantata")

    @property
    def worker(self) -> Caller:
        return self.caller("people-EMP-0001")

    @property
    def approver(self) -> Caller:
        return self.caller("people-EMP-0002")

    def log(self, minutes: int = 60, day: str = "2026-11-10", **fields: Any) -> str:
        """EMP-0001 enters time."""
        entry = {"workspace_id": self.project, "date_performed": day, "time_in_minutes": minutes, **fields}
        return self.worker.make("time_entries", "time_entry", **entry)

    def submit(self, *entries: str, **fields: Any) -> str:
        """EMP-0001 submits time."""
        sheet = {"workspace_id": self.project, "title": "Week", "line_item_ids": list(entries), **fields}
        return self.worker.make("timesheet_submissions", "timesheet_submission", **sheet)

    def decide(self, sheet: str, verb: str, description: str = "", status: int = 200) -> Any:
        """EMP-0002 approves, rejects or cancels."""
        resolution = {"resolution": {"description": description}}
        return self.approver.ask("PUT", f"timesheet_submissions/{sheet}/{verb}", resolution, status)


def settled(clock: Minutes, ledger: Ledger | None = None) -> Kantata:
    vendor = Kantata(ledger=ledger or Ledger(), clock=clock, seed=7)
    vendor.settle(found(seed=7, today=date(2026, 11, 16), consultants=12, clients=3, deals=2))
    return vendor


@pytest.fixture
def open_office() -> Callable[..., Office]:
    def open_(ledger: Ledger | None = None) -> Office:
        clock = Minutes()
        firm = found(seed=7, today=date(2026, 11, 16), consultants=12, clients=3, deals=2)
        office = Office(settled(clock, ledger), clock, firm)
        references = office.integration.get(
            "external_references", subject_type="User", service_name="hcm", per_page=200
        )["external_references"]
        office.users = {kept["service_model_ref"]: kept["subject_id"] for kept in references.values()}
        office.project = office.integration.make(
            "workspaces",
            "workspace",
            title="ACME rollout",
            creator_role="maven",
            currency="USD",
            price="120000.00",
            rate_card_id=usd_card(office.integration),
            require_time_approvals=True,
            require_expense_approvals=True,
            approver_id=office.users["EMP-0002"],
            invoice_preference={"project_code": "P-2026-0117"},
            external_reference={
                "service_name": "fairlead",
                "service_model": "engagement",
                "service_model_ref": "E-1",
                "status": "successful",
            },
        )
        for number in ("EMP-0001", "EMP-0002"):
            office.integration.make(
                "participations",
                "participation",
                workspace_id=office.project,
                user_id=office.users[number],
                role="maven",
            )
        office.task = office.integration.make(
            "stories", "story", workspace_id=office.project, title="Design", story_type="task"
        )
        return office

    return open_


def usd_card(caller: Caller) -> str:
    cards = caller.get("rate_cards")["rate_cards"]
    return next(str(number) for number, card in cards.items() if card["currency"] == "USD")


@pytest.fixture
def office(open_office: Callable[[], Office]) -> Office:
    return open_office()
