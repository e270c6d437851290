"""The real `fairlead` command as a process of its own, and a firm's files for it to read."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.cli.drafting import Draft, write

__all__ = ["SECRETS", "Ran", "command", "environment", "fairlead", "free_port", "write_firm"]

#: What the drafted configuration of salesforce, tryton and kantata signs in with.
SECRETS = {
    "SALESFORCE_CLIENT_SECRET": "s3cret-of-the-crm",
    "TRYTON_PASSWORD": "s3cret-of-the-erp",
    "KANTATA_TOKEN": "s3cret-of-the-time-system",
}


@dataclass(frozen=True, kw_only=True)
class Ran:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str

    @property
    def only_line(self) -> str:
        """The one line on standard error; fails where there are others."""
        (line,) = self.err.splitlines()
        return line


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without our own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    return {**kept, "COLUMNS": "100", **(extra or {})}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "services.cli", *map(str, arguments)]


def fairlead(
    *arguments: str | Path, env: Mapping[str, str] | None = None, typed: str = "", folder: Path | None = None
) -> Ran:
    """Run the command to its end."""
    done = subprocess.run(
        command(*arguments), env=environment(env), input=typed, capture_output=True, text=True, timeout=60,
        cwd=folder, check=False,
    )  # fmt: skip
    return Ran(code=done.returncode, out=done.stdout, err=done.stderr)


def free_port() -> int:
    """A port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_firm(folder: Path, *, bus_port: int | None = None, time_port: int | None = None) -> Path:
    """A whole configuration whose systems are on this machine, where nothing listens unless said; gives its path."""
    nowhere = "http://127.0.0.1:9"
    addresses = {
        "crm": nowhere,
        "erp": f"{nowhere}/firm",
        "time": f"http://127.0.0.1:{time_port}" if time_port else nowhere,
    }
    draft = Draft.model_validate({
        "firm": "Northmark", "products": {"crm": "salesforce", "erp": "tryton", "time": "kantata"},
        "addresses": addresses, "entity": "US01", "currency": "USD", "time_zone": "America/New_York",
    })  # fmt: skip
    configuration, _ = write(draft, folder)
    text = configuration.read_text(encoding="utf-8")
    configuration.write_text(text.replace("bus_port: 4222", f"bus_port: {bus_port or free_port()}"))
    return configuration
