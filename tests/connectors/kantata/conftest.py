from collections.abc import AsyncIterator

import pytest

from tests.support.kantata_account import Account, kantata_account


@pytest.fixture
async def account() -> AsyncIterator[Account]:
    async with kantata_account() as made:
        yield made
