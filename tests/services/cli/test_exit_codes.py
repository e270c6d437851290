"""What goes wrong is one line on standard error and a documented exit code; nothing has to run for that."""

import socket
from pathlib import Path

import pytest

from tests.support.command_line import SECRETS, fairlead, write_firm


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("firm:", "firm: [", "not legal YAML"),
        ("  crm:", "  crn:", "connections.crn: Input should be 'crm', 'erp' or 'time'"),
        (
            "product: tryton",
            "product: sap",
            "connections.erp.product: 'sap' is not known; legal are netsuite, tryton",
        ),
        (
            "options: {}",
            "options: {poll_secnds: 3}",
            "options.poll_secnds: unknown key; legal are instance_url",
        ),
    ],
)
def test_broken_configuration_is_told_by_file_and_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = write_firm(tmp_path)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    ran = fairlead("up", "--data", tmp_path, env=SECRETS)
    assert (ran.code, ran.out) == (78, "")
    assert ran.only_line.startswith(f"fairlead: {path}:")
    assert said in ran.only_line


def test_missing_secrets_are_told_before_anything_starts(tmp_path: Path) -> None:
    path = write_firm(tmp_path)
    ran = fairlead("up", "--data", tmp_path, env={"KANTATA_TOKEN": SECRETS["KANTATA_TOKEN"]})
    assert (ran.code, ran.out) == (78, "")
    first, second = ran.err.splitlines()
    assert first.startswith(f"fairlead: {path}:")
    assert first.endswith("secrets.client_secret: environment variable SALESFORCE_CLIENT_SECRET is not set")
    assert second.endswith("secrets.password: environment variable TRYTON_PASSWORD is not set")
    assert not (tmp_path / "bus").exists()


def test_used_bus_port_is_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        write_firm(tmp_path, bus_port=port)
        ran = fairlead("up", "--data", tmp_path, env=SECRETS)
    assert (ran.code, ran.out) == (73, "")
    assert ran.only_line == (
        f"fairlead: 127.0.0.1:{port} is taken: Address already in use; "
        "`bus_port` in fairlead.yaml chooses another"
    )


def test_question_to_a_deployment_that_does_not_run_says_so(tmp_path: Path) -> None:
    write_firm(tmp_path)
    ran = fairlead("status", "--data", tmp_path)
    assert (ran.code, ran.out) == (69, "")
    assert ran.only_line.endswith("is `fairlead up` running?")


def test_unknown_setting_in_the_environment_is_refused(tmp_path: Path) -> None:
    ran = fairlead("down", "--data", tmp_path, env={"FAIRLEAD_DATAA": "here"})
    assert (ran.code, ran.out) == (78, "")
    assert ran.only_line == (
        "fairlead: FAIRLEAD_DATAA: not a setting; legal are FAIRLEAD_CONFIG, FAIRLEAD_DATA, FAIRLEAD_TRACEBACK"
    )


def test_word_that_is_no_command_is_one_line() -> None:
    ran = fairlead("exceptions", "mend")
    assert (ran.code, ran.out) == (2, "")
    assert ran.only_line == "fairlead: No such command 'mend'; `--help` shows what is legal"


def test_value_that_is_not_legal_is_one_line() -> None:
    ran = fairlead("demo", "--erp", "sap")
    assert (ran.code, ran.out) == (2, "")
    assert ran.only_line.startswith(
        "fairlead: Invalid value for '--erp': 'sap' is not one of 'netsuite', 'tryton'"
    )


def test_clean_refuses_a_folder_that_is_not_ours(tmp_path: Path) -> None:
    write_firm(tmp_path)
    (tmp_path / "thesis.tex").write_text("precious")
    ran = fairlead("clean", "--data", tmp_path)
    assert (ran.code, ran.out) == (73, "")
    assert ran.only_line.endswith("is not a data folder of ours: it holds thesis.tex; nothing was removed")
    assert (tmp_path / "thesis.tex").read_text() == "precious"
