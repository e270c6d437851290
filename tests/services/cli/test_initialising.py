"""`init` and `check`: from nothing to a configuration that is known to work, or to what it lacks."""

import json
from pathlib import Path

from services.configuration import load_firm, load_policy
from tests.support.command_line import SECRETS, fairlead, write_firm
from tests.support.sandbox import sandbox


def test_init_writes_what_is_legal_and_commented_and_overwrites_nothing(tmp_path: Path) -> None:
    ran = fairlead(
        "init", "--directory", tmp_path, "--yes", "--firm", 'A: "B" # C', "--entity", "DE01", "--json"
    )
    assert ran.code == 0
    made = json.loads(ran.out)
    assert made["secrets"] == ["SALESFORCE_CLIENT_SECRET", "secrets/netsuite.key", "KANTATA_TOKEN"]
    firm, policy = load_firm(Path(made["configuration"])), load_policy(Path(made["policy"]))
    assert firm.firm == policy.firm == 'A: "B" # C'
    assert list(policy.legal_entities) == ["DE01"]
    before = (tmp_path / "fairlead.yaml").read_text()
    assert before.count("#") > 8
    again = fairlead("init", "--directory", tmp_path, "--yes")
    assert (again.code, again.out) == (73, "")
    assert again.only_line == f"fairlead: {tmp_path}/fairlead.yaml is there already; nothing was written"
    assert (tmp_path / "fairlead.yaml").read_text() == before


def test_init_asks_what_it_was_not_told(tmp_path: Path) -> None:
    typed = "\n".join(
        ["", "https://crm.example", "https://erp.example/firm", "kantata", "", "JP01", "jpy", "Asia/Tokyo"]
    )
    ran = fairlead("init", "--firm", "Northmark", "--erp", "tryton", typed=typed, folder=tmp_path)
    assert ran.code == 0
    firm, policy = load_firm(tmp_path / "fairlead.yaml"), load_policy(tmp_path / "policy.yaml")
    assert firm.connections["crm"].base_url == "https://crm.example"
    assert firm.connections["erp"].product == "tryton"
    assert policy.legal_entities["JP01"].currency == "JPY"  # type: ignore[index]
    assert "The firm's name" not in ran.err


def test_init_without_answers_writes_nothing(tmp_path: Path) -> None:
    ran = fairlead("init", typed="Northmark\n", folder=tmp_path)
    assert ran.code == 2
    assert ran.err.splitlines()[-1].endswith("the questions were not answered; `--yes` takes what is usual")
    assert list(tmp_path.iterdir()) == []


def test_check_says_what_is_well_and_what_is_missing_and_shows_no_secret(tmp_path: Path) -> None:
    with sandbox("kantata", "--in-memory") as kantata:
        write_firm(tmp_path, time_port=int(kantata.url.rpartition(":")[2]))
        well = fairlead(
            "check", "time", folder=tmp_path, env=SECRETS | {"KANTATA_TOKEN": "integration-kantata"}
        )
        refused = fairlead("check", "time", "--json", folder=tmp_path, env=SECRETS)
    assert well.code == 0
    assert "  ok        create and annotate: administrator who may create workspaces" in well.out.splitlines()
    assert "asking kantata at" in well.err
    assert refused.code == 1
    (examined,) = json.loads(refused.out)
    assert (examined["connection"], examined["answers"]) == ("time", True)
    assert [finding["ok"] for finding in examined["findings"]] == [False]
    said = well.out + well.err + refused.out + refused.err
    assert not [secret for secret in (*SECRETS.values(), "integration-kantata") if secret in said]


def test_check_of_systems_that_do_not_answer(tmp_path: Path) -> None:
    write_firm(tmp_path)
    ran = fairlead("check", "--patience", "10", folder=tmp_path, env=SECRETS)
    assert ran.code == 69
    assert [line for line in ran.out.splitlines() if not line.startswith(" ")] == [
        "crm: salesforce at http://127.0.0.1:9",
        "erp: tryton at http://127.0.0.1:9/firm",
        "time: kantata at http://127.0.0.1:9",
    ]
    assert ran.out.count("NO ANSWER") == 3
    assert ran.err.splitlines()[-1] == "crm, erp, time: no answer"
