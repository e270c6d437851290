"""A Salesforce org of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.salesforce_org import SalesforceOrg, salesforce_org


@pytest.fixture
async def org() -> AsyncIterator[SalesforceOrg]:
    async with salesforce_org() as made:
        yield made
