"""A Salesforce stand-in in process, and short ways to talk to it."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from services.sandbox.firm import Firm, found
from services.sandbox.ledger import Ledger
from services.sandbox.salesforce import Salesforce
from services.sandbox.wire import Headers, Request, Response

DAY = date(2026, 11, 21)
DATA = "/services/data/v67.0"


class Watch:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 9, 0, 0, 250_000, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        self.time += timedelta(**by)


class Org:
    """The stand-in with the firm settled, and calls in the name of its integration or of a sales person."""

    def __init__(self, path: Path | None = None, *, deals: int = 24) -> None:
        self.watch = Watch()
        self.firm: Firm = found(seed=7, today=DAY, deals=deals)
        self.salesforce = Salesforce(ledger=Ledger(path), clock=self.watch, seed=7)
        self.salesforce.settle(self.firm)
        self.token = self.login("fairlead-integration")

    def login(self, client_id: str) -> str:
        form = {"grant_type": "client_credentials", "client_id": client_id}
        answer = self.post_form("/services/oauth2/token", {**form, "client_secret": f"{client_id}-secret"})
        return str(content(answer)["access_token"])

    def post_form(self, path: str, form: dict[str, str], **headers: str) -> Response:
        request = Request(method="POST", path=path, body=urlencode(form).encode(), headers=Headers(headers))
        return self.salesforce.answer(request)

    def call(self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str) -> Response:
        """One API call; `path` is below the versioned root and may carry an encoded query."""
        path, _, query = path.partition("?")
        given = {"authorization": f"Bearer {token or self.token}", **headers}
        return self.salesforce.answer(
            Request(
                method=method,
                path=DATA + path,
                query=query,
                headers=Headers({name.replace("_", "-"): value for name, value in given.items()}),
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )

    def query(self, soql: str, **headers: str) -> Any:
        return content(self.call("GET", "/query?" + urlencode({"q": soql}), **headers))

    def names(self, condition: str, sobject: str = "Account") -> list[str]:
        """Names of the records that match, in the order they came."""
        return [row["Name"] for row in self.query(f"SELECT Name FROM {sobject} {condition}")["records"]]

    def account(self, number: str, **fields: Any) -> str:
        """Upsert an account by its client number; gives the id."""
        answer = self.call(
            "PATCH", f"/sobjects/Account/Client_Number__c/{number}", {"Name": number, **fields}
        )
        return str(content(answer)["id"])

    def deal(self, number: str, **fields: Any) -> str:
        """Upsert an opportunity by its deal number; gives the id."""
        given = {"Name": number, "StageName": "Prospecting", "CloseDate": "2026-12-01", **fields}
        answer = self.call("PATCH", f"/sobjects/Opportunity/Deal_Number__c/{number}", given)
        return str(content(answer)["id"])


def content(answer: Response) -> Any:
    return json.loads(answer.body)


def problem(answer: Response) -> tuple[int, str]:
    """Status and error code of a refusal in the API's array shape."""
    [told] = content(answer)
    return answer.status, told["errorCode"]
