"""Whatever is killed, whenever: at the end the vendors' own ledgers hold every minute and cent exactly once."""

import asyncio
import os
import signal
from datetime import date
from pathlib import Path
from random import Random

import pytest

from services.cli.demo.run import Wishes, demonstrate
from services.cli.deployment import MODULES
from services.cli.running import Running

VICTIMS = ("bus", *MODULES)
ROUNDS = 3


@pytest.mark.slow
async def test_demo_balances_although_every_process_is_killed_again_and_again(tmp_path: Path) -> None:
    seed = int(os.environ.get("SEED", Random().randrange(10**6)))
    print(f"seed {seed}")
    random, killed = Random(seed), dict.fromkeys(VICTIMS, 0)

    async def kill(running: Running) -> None:
        """Each in turn, in random order, at random moments, three rounds."""
        for _ in range(ROUNDS):
            for victim in random.sample(VICTIMS, len(VICTIMS)):
                await asyncio.sleep(random.uniform(0.2, 1.6))
                while (pid := running.pid(victim)) is None:
                    await asyncio.sleep(0.05)
                os.kill(pid, signal.SIGKILL)
                killed[victim] += 1

    wishes = Wishes(data=tmp_path, erp="netsuite", seed=seed, deals=6, faults=False, today=date(2026, 11, 20))
    report = await demonstrate(wishes, print, meanwhile=kill)
    print(killed, report)
    assert report.findings == ()
    assert report.balances
    assert (report.deals_won, report.projects_active, report.invoices_paid) == (6, 6, 6)
    assert report.entries_posted == report.entries_approved > 300
    assert set(killed.values()) == {ROUNDS}, killed


@pytest.mark.slow
async def test_demo_with_faults_ends_with_everything_accounted_for(tmp_path: Path) -> None:
    wishes = Wishes(data=tmp_path, erp="netsuite", seed=11, deals=6, faults=True, today=date(2026, 11, 20))
    report = await demonstrate(wishes, print)
    assert report.findings == ()
    assert report.balances
    assert report.exceptions_raised > 20
    assert (report.minutes_unexplained, report.money_unexplained, report.duplicates) == (0, 0, 0)
