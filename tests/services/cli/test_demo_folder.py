"""A demo's folder belongs to the firm it was begun with."""

from datetime import date
from pathlib import Path

import pytest

from services.cli.demo.files import Ports, write_firm
from services.sandbox.firm import found

PORTS = Ports(bus=4222, salesforce=1, kantata=2, erp=3)


def test_folder_of_another_erp_or_seed_is_refused_in_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    firm, other = (found(seed=seed, today=date(2026, 11, 20)) for seed in (7, 8))
    write_firm(tmp_path, firm, PORTS, "netsuite")
    write_firm(tmp_path, firm, PORTS, "netsuite")
    with pytest.raises(FileExistsError, match="--erp netsuite --seed 7; name another folder"):
        write_firm(tmp_path, firm, PORTS, "tryton")
    with pytest.raises(FileExistsError, match="clean --data"):
        write_firm(tmp_path, other, PORTS, "netsuite")
