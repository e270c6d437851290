"""A deployment on a fresh folder beside stand-ins in processes of their own, and the people who work in them."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random

import httpx
from ruamel.yaml import YAML

from contracts import Contract
from contracts.projects.v1 import WorkspaceProvisioned
from contracts.queries.v1 import AskLineage, Lineage, LineageRow
from services.sandbox.faults import SPARED
from services.sandbox.firm import Deal, Firm, found
from services.sandbox.people import Approvers, Consultants, Sales, engagement_of

from ..demo.files import free_ports, write_firm
from ..demo.stand_ins import introduce, open_deals, programs, wait_for
from ..deployment import Deployment
from ..operator import Operator
from ..running import running, wait_until_ready

__all__ = ["Say", "Stage", "Stuck", "stage"]

SEED = 7
#: What a connection may use here: enough never to be the limit. A vendor's own limits would be.
AT_ONCE, PER_SECOND = 50, 5000.0
#: Messages that one answer of the orchestrator tells of.
MOST_ROWS = 1500

Say = Callable[[str], None]


class Stuck(Exception):
    """What was measured did not come to its end in time."""


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Everything that a measurement touches."""

    firm: Firm
    sales: Sales
    consultants: Consultants
    approvers: Approvers
    bus_version: str
    server_config: str
    operator: Operator

    async def rows(self, deal: Deal, kind: type[Contract]) -> list[LineageRow]:
        """The orchestrator's record of messages of one kind about a deal."""
        keys = (str(engagement_of(deal)), deal.number)
        asked = AskLineage(service="orchestrator", keys=keys, types=(kind.wire_name(),), limit=MOST_ROWS)
        return list((await self.operator.ask(asked, Lineage, timeout=30)).rows)

    async def activate(self, deals: Sequence[Deal], *, at_once: int = 10) -> None:
        """Win deals and wait until every one is a project that can be booked on."""
        await gathered([self.sales.win(deal) for deal in deals], at_once)
        await self.until_all(deals, WorkspaceProvisioned, 1)

    async def until_all(
        self,
        deals: Sequence[Deal],
        kind: type[Contract],
        count: int | dict[str, int],
        *,
        patience: float = 600,
    ) -> None:
        """Until so many messages of a kind are recorded of each deal; raises `Stuck`.

        Asks seldom: answering costs the services time that is being measured. What is measured is read from the
        records afterwards.
        """
        deadline = time.monotonic() + patience
        for deal in deals:
            wanted = count if isinstance(count, int) else count[deal.number]
            while (known := len(await self.rows(deal, kind))) < wanted:
                if time.monotonic() > deadline:
                    raise Stuck(
                        f"{deal.number}: {known} of {wanted} {kind.wire_name()} after {patience:.0f} s"
                    )
                await asyncio.sleep(0.5)


async def gathered(work: Sequence[Awaitable[object]], at_once: int) -> None:
    """Await all of it, so many at once."""
    room = asyncio.Semaphore(at_once)

    async def one(item: Awaitable[object]) -> None:
        async with room:
            await item

    await asyncio.gather(*(one(item) for item in work))


@asynccontextmanager
async def stage(*, deals: int, today: date, say: Say) -> AsyncIterator[Stage]:
    """Boot everything on a temporary folder, with open deals in the CRM; nothing is left behind."""
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as folder:
        async with _booted(Path(folder), deals, today, say) as booted:
            yield booted


@asynccontextmanager
async def _booted(data: Path, deals: int, today: date, say: Say) -> AsyncIterator[Stage]:
    firm, ports = found(seed=SEED, today=today, deals=deals), free_ports()
    write_firm(data, firm, ports, "netsuite")
    _widen(data / "fairlead.yaml")
    deployment = Deployment.load(data, None)
    vendors = programs(data, ports, "netsuite", seed=SEED, today=today)
    versions: list[str] = []

    def changed(name: str, event: str) -> None:
        if name == "bus" and event.startswith("started "):
            versions.append(event.removeprefix("started "))
        elif event != "started":
            say(f"{name}: {event}")

    async with httpx.AsyncClient(timeout=60, trust_env=False, headers={SPARED: "people"}) as http:

        async def prepare() -> None:
            await wait_for(http, ports, "netsuite")
            await introduce(http, data, ports, "netsuite")
            await open_deals(http, ports, firm)

        say("starting the stand-ins, the bus and all services")
        async with running(deployment, beside=vendors, prepare=prepare, on_change=changed):
            await wait_until_ready(deployment)
            key = deployment.key_file("operator")
            async with Operator.connect(deployment.bus_url, key) as operator:
                kantata = f"http://127.0.0.1:{ports.kantata}"
                yield Stage(
                    firm=firm, operator=operator, bus_version=versions[-1],
                    server_config=(data / "bus" / "nats-server.conf").read_text(),
                    sales=Sales(f"http://127.0.0.1:{ports.salesforce}", firm, http=http),
                    consultants=Consultants(kantata, Random(SEED), http=http),
                    approvers=Approvers(kantata, http=http),
                )  # fmt: skip


def _widen(config: Path) -> None:
    """Lift the budgets that the demo leaves to the vendors' other tools."""
    yaml = YAML()
    content = yaml.load(config.read_text(encoding="utf-8"))
    for connection in content["connections"].values():
        connection |= {"at_once": AT_ONCE, "per_second": PER_SECOND}
    with config.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
