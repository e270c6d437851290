"""One real Tryton for the whole session; each test has a connector and records of its own."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support import tryton_firm
from tests.support.tryton_erp import Erp, Session, serving
from tests.support.tryton_firm import Desk


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    with serving(tmp_path_factory.mktemp("tryton"), "GB01,JP01") as running:
        yield running


@pytest.fixture(scope="session")
def fairlead(erp: Erp) -> Iterator[Session]:
    with erp.session("fairlead") as session:
        yield session


@pytest.fixture(scope="session")
def people(erp: Erp) -> Iterator[Session]:
    with erp.session("receivables") as session:
        yield session


@pytest.fixture
async def desk(erp: Erp, fairlead: Session, people: Session) -> AsyncIterator[Desk]:
    async with tryton_firm.desk(erp, fairlead, people) as made:
        yield made
