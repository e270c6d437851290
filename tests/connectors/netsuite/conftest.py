"""A NetSuite account of its own for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support import netsuite_account
from tests.support.netsuite_account import Account


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with netsuite_account.account() as made:
        yield made
