"""Secrets are read where they are used, and shown nowhere."""

from pathlib import Path

import pytest

from services.configuration import Connection, MissingSecret, Secret, load_firm
from tests.support.command_line import write_firm


def test_no_text_of_a_secret_or_of_what_holds_it_shows_its_value(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2")
    secret = Secret("file:token", tmp_path)
    connection = Connection.model_validate(
        {"product": "kantata", "url": "https://time.example", "secrets": {"token": f"file:{tmp_path}/token"}}
    )
    texts = [str(secret), repr(secret), f"{secret}", f"{secret!r}", str(vars(secret)), str(connection),
             repr(connection), str(connection.model_dump())]  # fmt: skip
    assert secret.reveal() == connection.secret("token") == "hunter2"
    assert not [text for text in texts if "hunter2" in text]


def test_relative_file_begins_beside_the_configuration(tmp_path: Path) -> None:
    path = write_firm(tmp_path)
    path.write_text(path.read_text().replace("env:KANTATA_TOKEN", "file:keys/token"))
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "token").write_text("hunter2\n")
    assert load_firm(path).connections["time"].secret("token") == "hunter2"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("env:NO_SUCH_VARIABLE_HERE", "environment variable NO_SUCH_VARIABLE_HERE is not set"),
        ("file:absent", "/absent cannot be read: No such file or directory"),
        ("file:empty", "/empty is empty"),
        ("file:binary", "/binary is not UTF-8 text"),
    ],
)
def test_missing_secret_is_named_by_its_reference(tmp_path: Path, reference: str, said: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(MissingSecret, match=said):
        Secret(reference, tmp_path).reveal()


def test_secret_that_the_product_needs_and_nobody_gave_is_named() -> None:
    connection = Connection.model_validate({"product": "kantata", "url": "https://time.example"})
    with pytest.raises(MissingSecret, match=r"kantata signs in with secrets\.token"):
        connection.secret("token")
