"""What the command line prints: tables, CSV, JSON, and nothing that steers a terminal or a spreadsheet."""

import csv
import io
import json

import pytest

from services.cli.output import plain_errors, show, tell

ROWS = [
    {"summary": '=HYPERLINK("http://evil.example")', "minutes": -90, "amount": None},
    {"summary": "+1", "minutes": 30, "amount": "-12.00 EUR"},
    {"summary": "@cmd", "minutes": 0, "amount": 'a, "quoted" one'},
]


def test_csv_holds_no_formula_and_keeps_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, as_json=False, as_csv=True)
    read = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["summary"] for row in read] == ['\'=HYPERLINK("http://evil.example")', "'+1", "'@cmd"]
    assert [row["minutes"] for row in read] == ["-90", "30", "0"]
    assert [row["amount"] for row in read] == ["", "'-12.00 EUR", 'a, "quoted" one']


def test_json_is_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    show(ROWS, as_json=True)
    assert json.loads(capsys.readouterr().out) == ROWS


def test_table_shows_brackets_and_no_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"words": "[bold]raw[/] \x1b[31mred\r\nnext"}], as_json=False)
    out = capsys.readouterr().out
    assert "[bold]raw[/]" in out
    assert "\x1b" not in out
    assert "\r" not in out


def test_empty_table_says_so_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    show([], as_json=False, empty="nothing is held up")
    assert capsys.readouterr() == ("", "nothing is held up\n")


def test_result_goes_to_standard_output_for_programs_only(capsys: pytest.CaptureFixture[str]) -> None:
    tell({"stopped": True}, "stopped", as_json=True)
    tell({"stopped": True}, "stopped", as_json=False)
    assert capsys.readouterr() == ('{"stopped":true}\n', "stopped\n")


@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (KeyError("x"), 70, "fairlead: this is a defect: KeyError: 'x'; FAIRLEAD_TRACEBACK=1 shows where"),
        (ValueError("two\nlines"), 70, "fairlead: this is a defect: ValueError: two lines; FAIRLEAD_"),
        (PermissionError(13, "Permission denied", "/data"), 73, "fairlead: /data cannot be used: Permission"),
        (TimeoutError(), 69, "fairlead: nothing answered in time"),
        (KeyboardInterrupt(), 130, "fairlead: interrupted"),
    ],
)
def test_whatever_goes_wrong_is_one_line_and_its_exit_code(
    capsys: pytest.CaptureFixture[str], failure: BaseException, code: int, said: str
) -> None:
    with pytest.raises(SystemExit) as ended, plain_errors():
        raise failure
    out, err = capsys.readouterr()
    assert (ended.value.code, out) == (code, "")
    assert err.startswith(said)
    assert err.count("\n") == 1


def test_first_column_is_never_cut_because_other_commands_are_given_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    columns = {"exception": "ex-0b491e996ee5", **{f"column {number}": "x" * 40 for number in range(7)}}
    show([columns], as_json=False)
    crowded = capsys.readouterr().out
    show([{"exception": "ex-0b491e996ee5", "summary": "a long sentence " * 20}], as_json=False)
    table = capsys.readouterr().out
    assert crowded.splitlines()[0] == "exception: ex-0b491e996ee5"
    assert table.splitlines()[1].startswith("ex-0b491e996ee5 ")
