"""Where one Tryton lives: its configuration, databases, credentials and log inside the data folder."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

__all__ = ["DATABASE", "MODULES", "Installation"]

#: The database name in the address of every call: http://host:port/firm/rpc/
DATABASE = "firm"
#: What is switched on; Tryton adds the modules these depend on.
MODULES = ("project_invoice", "timesheet_cost", "account_invoice")

CONFIGURATION = """\
[database]
uri = sqlite://
path = {databases}
list = True
# SQLite lets one writer in at a time: how often trytond repeats a transaction that found it locked.
retry = 20

[web]
listen = 127.0.0.1:{port}

[session]
authentications = password
"""


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The paths of one data folder. The database file exists if, and only if, founding was completed."""

    root: Path

    @property
    def configuration(self) -> Path:
        return self.root / "trytond.conf"

    @property
    def credentials(self) -> Path:
        return self.root / "credentials.json"

    @property
    def log(self) -> Path:
        return self.root / "trytond.log"

    @property
    def lock(self) -> Path:
        return self.root / "in-use.lock"

    @property
    def firm(self) -> Path:
        """What firm was founded here, for a start that asks for another."""
        return self.root / "firm.json"

    @property
    def building(self) -> Path:
        """The folder a founding works in; what a crash leaves here is thrown away by the next start."""
        return self.root / "building"

    @property
    def databases(self) -> Path:
        return self.root / "databases"

    @property
    def database(self) -> Path:
        return self.databases / f"{DATABASE}.sqlite"

    @property
    def template(self) -> Path:
        """A database with the modules switched on and no firm in it, of this version of Tryton."""
        return self.root / f"modules-{version('trytond')}-{version('trytond_project_invoice')}.sqlite"

    def write_configuration(self, *, port: int, databases: Path) -> None:
        """Write trytond.conf for a server on `port`, with its databases in `databases`."""
        self.configuration.write_text(CONFIGURATION.format(port=port, databases=databases), encoding="utf-8")
