import json
import shutil
import signal
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.sandbox.firm import found
from services.sandbox.tryton import Installation

pytestmark = pytest.mark.slow


def founded_on(erp: Any) -> date:
    return date.fromisoformat(json.loads(Installation(root=erp.data).firm.read_text())["today"])


def test_a_second_start_keeps_what_the_first_one_made(erp: Any) -> None:
    with erp.session("fairlead") as fairlead:
        fairlead.call("model.party.party.create", [{"name": "Kept", "code": "C-KEPT"}])
    code, _ = erp.stop()
    erp.start()
    with erp.session("fairlead") as fairlead:
        kept = fairlead.rows("party.party", [["code", "=", "C-KEPT"]], ["name"])
        companies = fairlead.rows("company.company", [], ["party.code"])
    assert code == 0
    assert [row["name"] for row in kept] == ["Kept"]
    assert [row["party."]["code"] for row in companies] == ["GB01", "JP01"]


def test_a_second_start_does_not_initialise_again(erp: Any) -> None:
    erp.stop()
    erp.start()
    _, said = erp.stop()
    erp.start()
    assert said == ""


def test_the_ready_line_names_the_server(erp: Any) -> None:
    assert erp.ready["name"] == "tryton"
    assert (erp.ready["url"], erp.ready["database"]) == (erp.url, "firm")
    assert "trytond" in Path(f"/proc/{erp.ready['pid']}/cmdline").read_text()


def test_a_used_port_is_refused_in_one_line(erp: Any, tmp_path: Path) -> None:
    other = type(erp)(tmp_path / "other", "GB01")
    printed, said = (second := other.launch(port=erp.port)).communicate(timeout=30)
    assert second.returncode == 2
    assert printed == ""
    assert said.splitlines() == [f"tryton: port {erp.port} cannot be used: Address already in use"]


def test_a_data_folder_serves_one_tryton_at_a_time(erp: Any) -> None:
    other = type(erp)(erp.data, erp.entities)
    _, said = (second := other.launch()).communicate(timeout=30)
    assert second.returncode == 2
    assert "in use by another Tryton" in said


def test_a_killed_first_initialisation_is_redone(erp: Any, tmp_path: Path) -> None:
    """Killed while the books are opened, the folder holds no database; the next start makes a whole one."""
    place = Installation(root=tmp_path)
    shutil.copy(Installation(root=erp.data).template, place.template)
    other = type(erp)(tmp_path, "GB01")
    first = other.launch()
    assert first.stderr is not None
    assert "opening the books" in first.stderr.readline()
    first.send_signal(signal.SIGTERM)
    first.communicate(timeout=30)
    assert place.building.exists()
    assert not place.database.exists()

    other.start()
    try:
        with other.session("receivables") as people:
            assert [row["party."]["code"] for row in people.rows("company.company", [], ["party.code"])] == [
                "GB01"
            ]
    finally:
        other.stop()
    assert not place.building.exists()


def test_the_seeded_firm_is_there(erp: Any) -> None:
    firm = found(seed=7, today=founded_on(erp))
    expected = [person.number for person in firm.consultants if person.entity in ("GB01", "JP01")]
    senior = {card.entity: card.rates["SENIOR"] for card in firm.rate_cards}
    with erp.session("fairlead") as fairlead:
        companies = {
            row["party."]["code"]: row["id"] for row in fairlead.rows("company.company", [], ["party.code"])
        }
        employees = fairlead.rows("company.employee", [], ["party.code"])
        clients = fairlead.rows("party.party", [["code", "like", "C-000%"]], ["code", "name"])
        prices = {
            code: fairlead.rows(
                "product.product", [["code", "=", "ITEM-SENIOR"]], ["list_price_used"], company
            )[0]
            for code, company in companies.items()
        }
    assert sorted(row["party."]["code"] for row in employees) == expected
    assert [(row["code"], row["name"]) for row in clients] == [
        (each.number, each.name) for each in firm.clients[:2]
    ]
    assert prices["GB01"]["list_price_used"]["decimal"] == f"{senior['GB01'] / 100:.2f}"
    assert prices["JP01"]["list_price_used"]["decimal"] == str(senior["JP01"])


def test_only_the_firms_open_months_and_later_ones_are_open(erp: Any) -> None:
    firm = found(seed=7, today=founded_on(erp))
    closed = {period.name for period in firm.periods if period.closed}
    with erp.session("receivables") as people:
        months = people.rows("account.period", [["company.party.code", "=", "JP01"]], ["name", "state"])
    states = {month["name"]: month["state"] for month in months}
    first_open = min(period.name for period in firm.periods if not period.closed)
    assert closed <= states.keys()
    assert {name for name, state in states.items() if state == "closed"} == {
        n for n in states if n < first_open
    }


@pytest.mark.parametrize("login", ["fairlead", "receivables", "admin"])
def test_every_user_logs_in_with_the_password_given(erp: Any, login: str) -> None:
    with erp.session(login) as session:
        assert session.call("model.res.user.get_preferences", True)["language"] == "en"


def test_a_wrong_password_is_refused(erp: Any) -> None:
    question = {"id": 1, "method": "common.db.login", "params": ["fairlead", {"password": "wrong"}, "en"]}
    assert httpx.post(f"{erp.url}/firm/rpc/", json=question).status_code == 401


def test_the_rest_key_opens_the_rest_interface(erp: Any) -> None:
    key = json.loads(Installation(root=erp.data).credentials.read_text())["rest_key"]
    address = f"{erp.url}/firm/rest/model/company.company"
    assert len(httpx.get(address, headers={"Authorization": f"bearer {key}"}).json()) == 2
    assert httpx.get(address, headers={"Authorization": "bearer wrong"}).status_code == 401


def test_credentials_are_readable_by_their_owner_only(erp: Any) -> None:
    assert Installation(root=erp.data).credentials.stat().st_mode & 0o777 == 0o600
