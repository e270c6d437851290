"""`python -m services.sandbox`: starts, tells where it is, survives a kill, stops cleanly."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from services.sandbox.registry import STAND_INS, stand_in
from tests.support.sandbox import ROOT, sandbox


def log_in(client: httpx.Client) -> dict[str, str]:
    secret = {"client_id": "fairlead-integration", "client_secret": "fairlead-integration-secret"}
    form = {"grant_type": "client_credentials", **secret}
    token = client.post("/services/oauth2/token", data=form).json()["access_token"]
    return {"authorization": f"Bearer {token}"}


def refused(*arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a command that does not start."""
    command = [sys.executable, "-m", "services.sandbox", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def test_every_stand_in_of_the_registry_has_the_name_it_is_registered_under() -> None:
    assert stand_in("salesforce").__name__ == "Salesforce"
    assert set(STAND_INS) == {"salesforce", "netsuite", "kantata"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_it_with_exit_code_0(number: signal.Signals) -> None:
    with sandbox("salesforce", "--in-memory") as running:
        assert httpx.get(f"{running.url}/_sandbox/health", trust_env=False).json()["name"] == "salesforce"
        running.process.send_signal(number)
        assert running.process.wait(timeout=5) == 0


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    data = ("salesforce", "--data", str(tmp_path), "--today", "2026-11-21")
    with sandbox(*data) as running:
        with httpx.Client(base_url=running.url, trust_env=False) as client:
            headers = log_in(client)
            at = "/services/data/v67.0/sobjects/Account/Client_Number__c/C-9001"
            key = client.patch(at, json={"Name": "Acme"}, headers=headers).json()["id"]
            before = client.get("/_sandbox/ledger").json()
        running.process.kill()
        running.process.wait(timeout=5)
    with sandbox(*data) as running, httpx.Client(base_url=running.url, trust_env=False) as client:
        assert client.get("/_sandbox/ledger").json() == before
        assert client.get(at, headers=headers).json()["Id"] == key
        again = client.patch(at, json={"Name": "Acme Ltd"}, headers=headers)
        assert (again.status_code, again.json()["created"]) == (200, False)
        other = client.patch(at[:-1] + "2", json={"Name": "B"}, headers=headers).json()["id"]
        assert other > key


def test_same_seed_and_day_make_the_same_org() -> None:
    def deals(seed: int) -> list[str]:
        with sandbox("salesforce", "--in-memory", "--seed", str(seed), "--today", "2026-11-21") as running:
            listed = httpx.get(f"{running.url}/_sandbox/ledger/Opportunity", trust_env=False).json()
        return [deal["Id"] + deal["Name"] for deal in listed]

    assert deals(7) == deals(7) != deals(8)


def test_faults_file_is_in_force_from_the_start(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text(json.dumps([{"do": {"status": 503}}]))
    with sandbox("salesforce", "--in-memory", "--faults", str(script)) as running:
        assert httpx.get(f"{running.url}/services/data", trust_env=False).status_code == 503


def test_what_hinders_the_start_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    script = tmp_path / "faults.json"
    script.write_text('[{"do": {"explode": true}}]')
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, told = refused("salesforce", "--in-memory", "--port", port)
    assert (code, told.count("\n")) == (2, 1)
    assert port in told
    code, told = refused("salesforce", "--in-memory", "--port", "0", "--faults", str(script))
    assert (code, told.count("\n")) == (2, 1)
    assert "rule 0.do: unknown key 'explode'" in told
    assert refused("oracle", "--in-memory", "--port", "0")[0] == 2
    assert refused("salesforce", "--port", "0")[0] == 2
    assert refused("salesforce", "--in-memory", "--port", "0", "--tls-cert", "x")[0] == 2
