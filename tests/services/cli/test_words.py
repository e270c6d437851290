"""Every command: an example that works, --json, help that fits, and its place in the documentation."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from contracts.policies.v1 import EntityPolicy, MilestoneShare, Policy, ServicePackage
from services.cli.app import app
from services.cli.output import EXIT_CODES
from services.configuration import Connection, FirmConfiguration

DOCS = Path(__file__).parents[3] / "docs"


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""

    def below(words: str, group: Any) -> Iterator[tuple[str, Any]]:
        for name, found in group.commands.items():
            if hasattr(found, "commands"):
                yield from below(f"{words}{name} ", found)
            else:
                yield f"{words}{name}", found

    yield from below("", typer.main.get_command(app))


ALL = dict(commands())


def options(found: Any) -> dict[str, Any]:
    """Every way to write an option of a command."""
    return {name: option for option in found.params for name in option.opts if name.startswith("--")}


def test_commands_are_the_ones_that_people_need() -> None:
    assert set(ALL) >= {
        "demo", "init", "check", "up", "down", "clean", "status", "trace", "publish", "reconcile", "exceptions list",
        "exceptions show", "exceptions fix", "exceptions release", "parked list", "parked show", "parked replay",
        "bench activation", "bench time",
    }  # fmt: skip


@pytest.mark.parametrize("words", ALL)
def test_command_says_what_it_does_has_json_and_explains_every_option(words: str) -> None:
    found = ALL[words]
    assert "--json" in options(found)
    assert found.help
    assert [name for name, option in options(found).items() if not option.help] == []


@pytest.mark.parametrize("words", ALL)
def test_example_in_help_is_a_command_line_that_is_understood(words: str) -> None:
    found = ALL[words]
    shown = CliRunner().invoke(app, [*words.split(), "--help"], env={"COLUMNS": "100"}).output
    assert "Example: fairlead" in shown
    given = shlex.split(found.epilog.removeprefix("Example: "))
    path = ["fairlead", *words.split()]
    assert given[: len(path)] == path
    found.make_context(words, given[len(path) :])


@pytest.mark.parametrize("width", [40, 60])
def test_help_fits_a_narrow_terminal(width: int) -> None:
    for words in ("", "check", "exceptions release"):
        shown = CliRunner().invoke(
            app, [*words.split(), "--help"], env={"COLUMNS": str(width), "TERMINAL_WIDTH": str(width)}
        )
        assert shown.exit_code == 0
        assert max(len(line) for line in shown.output.splitlines()) <= width


def test_every_command_option_and_exit_code_is_documented() -> None:
    page = (DOCS / "command-line.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `fairlead ([^`]+)`\n(.*?)(?=^##|\Z)", page, re.DOTALL | re.MULTILINE))
    assert set(sections) == set(ALL)
    for words, found in ALL.items():
        common = {"--json", "--data", "--config", "--csv", "--help"}
        missing = [
            name for name in options(found) if name not in common and f"`{name}" not in sections[words]
        ]
        assert not missing, f"{words}: {missing}"
        assert f"fairlead {words}" in sections[words].replace(f"### `fairlead {words}`", "")
    assert [code for code in EXIT_CODES if f"| {code} |" not in page] == []


def test_every_key_of_both_files_is_documented() -> None:
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    keys = {*FirmConfiguration.model_fields, *Connection.model_fields}
    for part in (Policy, ServicePackage, MilestoneShare, EntityPolicy):
        keys |= set(part.__struct_fields__)
    assert sorted(key for key in keys if f"`{key}`" not in page) == []
