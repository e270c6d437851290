"""The policy file: what is misspelt or does not fit together is told by line, never passed over."""

from pathlib import Path

import pytest

from services.configuration import ConfigurationError, load_policy
from tests.support.command_line import write_firm


def said_of(folder: Path, old: str, new: str) -> str:
    """The only mistake of the drafted policy once `old` is replaced, with {line} where `new` begins."""
    write_firm(folder)
    path = folder / "policy.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1
    with pytest.raises(ConfigurationError) as wrong:
        load_policy(path)
    (mistake,) = wrong.value.mistakes
    assert mistake.startswith(f"{path}:")
    return mistake.removeprefix(f"{path}:").replace(f"{line}:", "{line}:", 1)


def test_milestones_that_do_not_add_up_are_refused(tmp_path: Path) -> None:
    said = said_of(
        tmp_path, "milestones:\n      - {name: Interim findings, percent: 50}",
        "milestones:\n      - {name: Interim findings, percent: 40}",
    )  # fmt: skip
    assert said == ("{line}: service_packages.ADVISORY.milestones: milestones add up to 90 %, legal is 100")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("approve_invoices: true", "approve_invoice: false",
         "{line}: approve_invoice: unknown key; legal are firm, contract_types"),
        ("    region: Home", "    regoin: Home\n    region: Home",
         "{line}: legal_entities.US01.regoin: unknown key; legal are name, region, currency"),
        ("Fixed Fee: fixed-fee", "Fixed Fee: fixed",
         "{line}: contract_types.Fixed Fee: Invalid enum value 'fixed'"),
        ("- {name: Final report, percent: 50}", "- {name: Final report, percent: 50.5}",
         "{line}: service_packages.ADVISORY.milestones.1.percent: Expected `int`, got `float`"),
        ("    currency: USD", "    currency: usd", "{line}: legal_entities.US01.currency: Expected `str` matching"),
        ("    time_zone: America/New_York", "    time_zone: Mars",
         "{line}: legal_entities.US01.time_zone: 'Mars' is no time zone"),
        ("budget_category: CONSULTANT", "budget_category: CHEF",
         "{line}: budget_category: is no labour category; legal are CONSULTANT, PARTNER"),
        ("[legal_entity, contract_type", "[legal_entity, contract_typ",
         "{line}: required_handover.1: 'contract_typ' is no hand-over value; legal are legal_entity"),
        ("    tasks: [Analysis, Recommendations]", "    tasks: []",
         "{line}: service_packages.ADVISORY.tasks: there are none"),
    ],
)  # fmt: skip
def test_mistake_names_line_key_and_what_is_legal(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert said_of(tmp_path, old, new).startswith(said)


def test_missing_key_is_named(tmp_path: Path) -> None:
    said = said_of(tmp_path, "default_owner: integration", "# none")
    assert said.endswith("top level: Object missing required field `default_owner`")
