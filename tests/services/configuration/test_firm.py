"""The firm's configuration: every mistake is one line with file, line, key and what is legal."""

from pathlib import Path

import pytest

from services.configuration import ConfigurationError, load_firm
from tests.support.command_line import write_firm

WHOLE = """\
firm: Northmark
connections:
  crm:
    product: salesforce
    url: https://crm.example
    secrets: {client_secret: "env:CRM_SECRET"}
"""


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with a file, without its folder."""
    path = folder / "fairlead.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as wrong:
        load_firm(path)
    return [mistake.removeprefix(f"{folder}/") for mistake in wrong.value.mistakes]


def test_drafted_configuration_is_legal(tmp_path: Path) -> None:
    firm = load_firm(write_firm(tmp_path))
    assert firm.firm == "Northmark"
    assert {name: one.product for name, one in firm.connections.items()} == {
        "crm": "salesforce", "erp": "tryton", "time": "kantata",
    }  # fmt: skip


def test_missing_file_points_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: there is no such file; `fairlead init`"):
        load_firm(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("firm: [Northmark\n", "fairlead.yaml:2: not legal YAML: expected ',' or ']'"),
        ("- firm\n", "fairlead.yaml:1: holds no keys"),
        (WHOLE.replace("firm:", "frim:"), "fairlead.yaml:1: frim: unknown key; legal are firm, bus_port"),
        (
            WHOLE.replace("product:", "produkt:"),
            "fairlead.yaml:4: connections.crm.produkt: unknown key; legal are",
        ),
        (
            WHOLE.replace("  crm:", "  hcm:"),
            "fairlead.yaml:3: connections.hcm: Input should be 'crm', 'erp' or",
        ),
        (
            WHOLE.replace("https://crm.example", "crm"),
            "fairlead.yaml:5: connections.crm.url: Input should be a valid",
        ),
        (
            WHOLE + "bus_port: 80\n",
            "fairlead.yaml:7: bus_port: Input should be greater than or equal to 1024",
        ),
        (
            WHOLE + "    at_once: 0\n",
            "fairlead.yaml:7: connections.crm.at_once: Input should be greater than",
        ),
    ],
)
def test_mistake_names_line_key_and_what_is_legal(tmp_path: Path, text: str, said: str) -> None:
    assert any(mistake.startswith(said) for mistake in mistakes(tmp_path, text)), mistakes(tmp_path, text)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    text = WHOLE.replace("firm:", "frim:").replace("https://crm.example", "crm")
    assert [mistake.split(":")[2].strip() for mistake in mistakes(tmp_path, text)] == [
        "firm", "connections.crm.url", "frim",
    ]  # fmt: skip


def test_secret_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, WHOLE.replace("env:CRM_SECRET", "hunter2"))
    assert said == (
        "fairlead.yaml:6: connections.crm.secrets.client_secret: secrets are not written here; "
        "legal is env:NAME or file:PATH"
    )


def test_key_twice_is_refused_without_its_values(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, WHOLE.replace('"env:CRM_SECRET"}', "hunter2, client_secret: hunter3}"))
    assert said == 'fairlead.yaml:6: not legal YAML: found duplicate key "client_secret"'


def test_secret_may_not_be_called_like_a_setting(tmp_path: Path) -> None:
    (said,) = mistakes(tmp_path, WHOLE.replace("CRM_SECRET", "FAIRLEAD_SECRET"))
    assert "names that begin with FAIRLEAD_ are settings" in said
