"""One real Tryton for the whole session, in a temporary folder, with the books of two legal entities."""

from collections.abc import Iterator

import pytest

from tests.support.tryton_erp import Erp, serving


@pytest.fixture(scope="session")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erp]:
    with serving(tmp_path_factory.mktemp("tryton"), "GB01,JP01") as running:
        yield running
