"""A deployment from `up` to `clean`, with the real bus and the real services, before any vendor is reachable."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import SECRETS, Ran, command, environment, fairlead, write_firm


@dataclass(frozen=True, kw_only=True)
class Lived:
    """What every command said in one deployment's life."""

    data: Path
    ready: dict[str, Any]
    answers: dict[str, Ran]
    up_code: int
    up_words: str


#: What is asked while it runs, and the width of the terminal.
QUESTIONS = {
    "status": (["status"], "100"),
    "narrow": (["status"], "40"),
    "json": (["status", "--json"], "100"),
    "again": (["up"], "100"),
    "clean": (["clean"], "100"),
    "no exception": (["exceptions", "show", "ex-000000000000"], "100"),
    "no exceptions": (["exceptions", "list", "--json"], "100"),
    "no parked": (["parked", "show", "erp", "7"], "100"),
    "unknown": (["trace", "D-99999"], "100"),
    "illegal": (["publish", '{"type": "time.steal.v1"}'], "100"),
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    data = tmp_path_factory.mktemp("deployment")
    write_firm(data)
    with subprocess.Popen(
        command("up", "--data", data, "--json"), env=environment(SECRETS), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as up:  # fmt: skip
        try:
            assert up.stdout is not None
            ready = json.loads(up.stdout.readline())

            def ask(question: tuple[list[str], str]) -> Ran:
                return fairlead(*question[0], "--data", data, env=SECRETS | {"COLUMNS": question[1]})

            with ThreadPoolExecutor(2) as pool:
                answers = dict(zip(QUESTIONS, pool.map(ask, QUESTIONS.values()), strict=True))
            answers["down"] = fairlead("down", "--data", data, "--json")
            _, words = up.communicate(timeout=20)
        finally:
            up.kill()
    answers["second down"] = fairlead("down", "--data", data)
    answers["removed"] = fairlead("clean", "--data", data)
    return Lived(data=data, ready=ready, answers=answers, up_code=up.returncode, up_words=words)


def test_up_tells_when_it_is_ready_and_ends_in_order(lived: Lived) -> None:
    assert lived.ready["ready"] is True
    assert lived.up_code == 0
    assert lived.up_words.splitlines()[-1] == "stopped"
    assert "bus: started 2." in lived.up_words


def test_status_shows_every_service_and_its_connection(lived: Lived) -> None:
    found = {one["service"]: one for one in json.loads(lived.answers["json"].out)}
    assert set(found) == {"crm", "erp", "time", "orchestrator", "reconciler"}
    assert {name: [known["product"] for known in one["connections"]] for name, one in found.items()} == {
        "crm": ["salesforce"], "erp": ["tryton"], "time": ["kantata"], "orchestrator": [], "reconciler": [],
    }  # fmt: skip


def test_status_is_a_table_or_one_field_a_line_where_the_terminal_is_narrow(lived: Lived) -> None:
    wide, narrow = lived.answers["status"].out.splitlines(), lived.answers["narrow"].out.splitlines()
    assert wide[0].split() == ["service", "state", "exceptions", "parked", "outbox", "timers", "effects"]
    assert len(wide) == 6
    assert narrow[:2] == ["service: crm", "state: up"]
    assert max(map(len, narrow)) <= 40


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("again", 73, "a deployment runs on {data} already; `fairlead down` ends it"),
        ("clean", 73, "a deployment runs on {data} already; `fairlead down` ends it"),
        (
            "no exception",
            2,
            "no exception is called ex-000000000000; `fairlead exceptions list` shows the open ones",
        ),
        ("no parked", 2, "erp has no parked message 7"),
        ("unknown", 1, "nothing is known about D-99999; ids look like D-00001, E-D-00001, kantata:85"),
    ],
)
def test_what_cannot_be_done_is_one_line(lived: Lived, name: str, code: int, said: str) -> None:
    answer = lived.answers[name]
    assert (answer.code, answer.out) == (code, "")
    assert answer.only_line == f"fairlead: {said.format(data=lived.data)}"


def test_message_that_is_no_operators_command_is_refused_with_the_legal_ones(lived: Lived) -> None:
    answer = lived.answers["illegal"]
    assert answer.code == 2
    assert "legal are billing.close-billing-cycle.v1" in answer.only_line


def test_list_of_nothing_is_an_empty_list(lived: Lived) -> None:
    assert (lived.answers["no exceptions"].code, lived.answers["no exceptions"].out) == (0, "[]\n")


def test_down_ends_it_once_and_clean_leaves_nothing(lived: Lived) -> None:
    assert json.loads(lived.answers["down"].out) == {"stopped": True}
    assert lived.answers["second down"].err.splitlines()[-1] == f"nothing runs on {lived.data}"
    assert lived.answers["removed"].code == 0
    assert not lived.data.exists()


def test_no_secret_is_in_any_answer(lived: Lived) -> None:
    said = lived.up_words + "".join(ran.out + ran.err for ran in lived.answers.values())
    assert not [secret for secret in SECRETS.values() if secret in said]
