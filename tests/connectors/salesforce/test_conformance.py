"""The suite that every connector passes."""

from collections.abc import AsyncIterator
from itertools import count

import pytest

from services.adapterkit.connector import Write
from tests.connectors.kit.conformance import *  # noqa: F403
from tests.connectors.kit.conformance import Bench
from tests.support.salesforce_org import SalesforceOrg, annotate, salesforce_org, write

VERBS, FEEDS = ("annotate_opportunity",), ("customers", "opportunities")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with salesforce_org(clients=12, deals=12, records_per_page=4) as org:
        await org.connector.check()  # signs in: the org counts its sessions
        yield bench_of(org)


def bench_of(org: SalesforceOrg) -> Bench:
    """Annotations of one deal each; changes are renamed clients and won deals."""
    numbers, deals = count(1), iter(org.firm.deals)

    async def sample(verb: str, number: int) -> Write:
        record = await org.opportunity(f"D-{number:05d}")
        return write(annotate(record, engagement_status="Active", project_code=f"P-{number}"))

    async def shown(verb: str, wanted: Write) -> int:
        code = wanted.command.project_code
        return await org.total(
            f"Opportunity WHERE Project_Code__c = '{code}' AND Engagement_Status__c = 'Active'"
        )

    async def change(feed: str, number: int) -> None:
        for _ in range(number):
            if feed == "opportunities":
                await org.win(next(deals).number)
            else:
                client = await org.record("Account", f"C-{next(numbers):04d}")
                await org.change("Account", client["Id"], Name=f"{client['Name']} renamed")

    return Bench(
        connector=org.connector, url=org.url, write=sample, count=shown, change=change,
        decisive={"annotate_opportunity": {"method": "PATCH"}},
    )  # fmt: skip
