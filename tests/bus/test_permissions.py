"""Grants and keys as data."""

import os
import stat
from itertools import count
from pathlib import Path

import pytest

from bus.declaration import Declaration
from bus.permissions import covers, grants, issue
from tests.support.firm import DECLARATIONS, ORCHESTRATOR


@pytest.mark.parametrize(
    ("pattern", "subject", "covered"),
    [
        ("a.b", "a.b", True), ("a.b", "a.c", False), ("a.*", "a.b", True), ("a.*", "a.*", True),
        ("a.b", "a.*", False), ("a.>", "a.b.c", True), ("a.>", "a", False), ("a.*", "a.>", False),
        ("a.>", "a.>", True), ("a.*.c", "a.b", False), ("a", "a.b", False), (">", "a.>", True),
    ],
)  # fmt: skip
def test_a_pattern_covers_what_it_stands_for_whole(pattern: str, subject: str, covered: bool) -> None:
    assert covers(pattern, subject) is covered


def test_a_grant_lists_exactly_what_was_declared() -> None:
    granted = {grant.name: grant for grant in grants(DECLARATIONS)}
    erp = granted["erp"]
    durable = "ERP_CMD.erp__ERP_CMD__0of1"
    assert set(erp.publish) == {
        "erp.evt.project.created.v1.*", "erp.evt.exception.raised.v1.*", "LOG.API.STREAM.INFO.ERP_CMD",
        f"LOG.API.CONSUMER.INFO.{durable}", f"LOG.API.CONSUMER.RESET.{durable}",
        f"LOG.API.CONSUMER.MSG.NEXT.{durable}",
    }  # fmt: skip
    assert erp.subscribe == ("_INBOX_erp.>", "erp.qry.status.ask.v1.*")
    assert (erp.answers, granted["operator"].answers) == (True, False)
    assert "*.qry.status.ask.v1.*" in granted["operator"].publish
    assert [
        grant.name for grant in granted.values() if grant.may_publish("$JS.API.STREAM.PURGE.ERP_CMD")
    ] == ["topology"]


def test_every_shard_is_granted_its_own_consumers() -> None:
    orchestrator = grants([ORCHESTRATOR], shards={"orchestrator": 3})[0]
    assert {subject.rpartition("__")[2] for subject in orchestrator.publish if "RESET" in subject} == {
        "0of3", "1of3", "2of3"
    }  # fmt: skip


def test_no_service_is_named_as_another_or_as_the_topology_user() -> None:
    for names in (("crm", "crm"), ("topology",)):
        with pytest.raises(ValueError, match="distinct"):
            grants([Declaration(service=name) for name in names])


def test_seeds_are_made_once_and_readable_by_their_owner_only(tmp_path: Path) -> None:
    calls = count()
    entropy = [os.urandom(32) for _ in range(3)]
    first = issue(tmp_path / "keys", ["crm", "erp"], entropy=lambda size: entropy[next(calls)])
    second = issue(tmp_path / "keys", ["crm", "erp", "time"], entropy=lambda size: entropy[next(calls)])
    assert first == {name: second[name] for name in ("crm", "erp")}
    assert len(set(second.values())) == 3
    assert all(key.startswith("U") for key in second.values())
    for name in second:
        assert stat.S_IMODE((tmp_path / "keys" / f"{name}.nk").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
