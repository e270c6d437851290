"""What every connector has to do, tried on Kantata."""

from datetime import date
from itertools import count
from typing import Any

import pytest

from contracts.projects.v1 import Milestone, ProvisionWorkspace, Task
from contracts.timesheets.v1 import AnnotateTime
from contracts.types import Money
from services.adapterkit.connector import Write
from tests.connectors.kit.conformance import *  # noqa: F403
from tests.connectors.kit.conformance import Bench, LedgerSample
from tests.support.kantata_account import Account, annotate, provision

VERBS, FEEDS = ("provision_workspace", "annotate_time"), ("entries", "tasks", "milestones")

#: The vendor's own requests that make a write's effect whole.
DECISIVE = {
    "provision_workspace": {"method": "POST", "path": "/api/v1/stories"},
    "annotate_time": {"method": "POST", "path": "/api/v1/external_references/create_or_update"},
}


class Scene:
    """An engagement with time on it, and what people change about it."""

    def __init__(self, account: Account, project: dict[str, Any]) -> None:
        self._account, self._project = account, project
        self._entries: dict[int, str] = {}
        self._turn = count()

    async def write(self, verb: str, number: int) -> Write:
        if verb == "provision_workspace":
            return Write(key=f"time/{number}/provision", command=provision(f"D-1000{number}"))
        if number not in self._entries:
            self._entries[number] = self._account.log(self._project["record"])
        return Write(key=f"time/{number}/annotate", command=annotate(self._entries[number]))

    async def count(self, verb: str, write: Write) -> int:
        held = self._account.held("external_references")
        if isinstance(write.command, ProvisionWorkspace):
            whole = [f"{write.command.engagement}/{code}" for code in ("T1", "T2", "T3", "M1", "M2")]
            found = [[ref for ref in held if ref["service_model_ref"] == part] for part in whole]
            assert len({len(references) for references in found}) == 1, "made in part"
            return len(found[0])
        assert isinstance(write.command, AnnotateTime)
        return len([ref for ref in held if ref["service_model_ref"] == "TB-4711#1"
                    and f"kantata:{ref['subject_id']}" == write.command.entry])  # fmt: skip

    async def change(self, feed: str, number: int) -> None:
        self._account.watch.move(minutes=1)
        if feed == "entries":
            for _ in range(number):
                self._account.approve(self._project["record"], self._account.log(self._project["record"]))
            return
        for _ in range(number):
            stories = list(self._project[feed].values())
            path = f"stories/{stories[next(self._turn)]}"
            self._account.ask("people-admin", "PUT", path, {"story": {"state": "completed"}})

    async def ledger(self) -> LedgerSample:
        entries = {
            self._account.log(self._project["record"], date_performed=f"2026-11-0{n}") for n in (2, 3, 4)
        }
        self._account.approve(self._project["record"], *entries)
        self._account.log(self._project["record"], date_performed="2026-11-03")
        return LedgerSample(
            start=date(2026, 11, 2), end=date(2026, 11, 4), records={"approved-time": entries}
        )


@pytest.fixture
async def bench(account: Account) -> Bench:
    amount = Money(amount=100, currency="USD")
    project = await account.apply(
        "provision_workspace",
        provision(
            tasks=tuple(Task(code=f"T{number}", name="Work") for number in range(9)),
            milestones=tuple(Milestone(code=f"M{n}", name="Goal", amount=amount) for n in range(9)),
        ),
    )
    scene = Scene(account, dict(project))
    return Bench(
        connector=account.connector,
        url=account.url,
        write=scene.write,
        count=scene.count,
        decisive=DECISIVE,
        change=scene.change,
        ledger=scene.ledger,
    )
