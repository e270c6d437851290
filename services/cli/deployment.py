"""One deployment on this machine: where its files are, which processes it has, what the bus grants them."""

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bus.actor import Service
from bus.declaration import Declaration
from bus.permissions import TOPOLOGY_USER, grants, issue, server_config
from bus.topology import Topology, topology
from services.configuration import FirmConfiguration, load_firm

from .operator import declaration as operator_declaration

__all__ = ["MODULES", "Deployment", "Program"]

#: The module of each service, by the name it has on the bus.
MODULES = {
    "crm": "services.crm_adapter", "erp": "services.erp_adapter", "time": "services.time_adapter",
    "orchestrator": "services.orchestrator", "reconciler": "services.reconciler",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Program:
    """A process to run: what, with which environment, where it logs, and the file that shows it is alive."""

    name: str
    command: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    alive: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """Everything of a deployment lives under `data`."""

    data: Path
    config: Path
    firm: FirmConfiguration

    @classmethod
    def load(cls, data: Path, config: Path | None) -> "Deployment":
        """Read the configuration: the file named, or the data folder's, or else the one that `fairlead init` wrote
        into this folder. Raises `ConfigurationError`."""
        here = Path("fairlead.yaml")
        path = config or data / "fairlead.yaml"
        if config is None and not path.exists() and here.exists():
            path = here
        return cls(data=data, config=path, firm=load_firm(path))

    @property
    def bus_url(self) -> str:
        return f"nats://127.0.0.1:{self.firm.bus_port}"

    @property
    def policy(self) -> Path:
        return self.config.parent / self.firm.policy

    def key_file(self, name: str) -> Path:
        return self.data / "keys" / f"{name}.nk"

    def store(self, name: str) -> Path:
        return self.data / "stores" / f"{name}.db"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def declarations(self) -> tuple[Declaration, ...]:
        """What every service of the deployment, and the operator, declares."""
        return (*(service_of(name).declaration() for name in MODULES), operator_declaration())

    def topology(self) -> Topology:
        return topology(self.declarations())

    def server_config(self) -> str:
        """The bus's configuration; makes the keys that do not exist yet."""
        granted = grants(self.declarations())
        keys = issue(self.data / "keys", [grant.name for grant in granted])
        store = self.data / "bus" / "jetstream"
        return server_config(granted, keys, self.topology(), store=store, port=self.firm.bus_port)

    @property
    def topology_key(self) -> Path:
        return self.key_file(TOPOLOGY_USER)

    def programs(self) -> tuple[Program, ...]:
        """The services' processes."""
        return tuple(self._program(name, module) for name, module in MODULES.items())

    def _program(self, name: str, module: str) -> Program:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("FAIRLEAD_")}
        environment |= {
            "FAIRLEAD_BUS_URL": self.bus_url,
            "FAIRLEAD_KEY_FILE": str(self.key_file(name)),
            "FAIRLEAD_STORE": str(self.store(name)),
        }
        if module.endswith("_adapter"):
            environment["FAIRLEAD_CONFIG"] = str(self.config)
        return Program(
            name=name, command=(sys.executable, "-m", module), log=self.log(name), environment=environment,
            alive=Path(f"{self.store(name)}.alive"),
        )  # fmt: skip


def service_of(name: str) -> Service:
    """What a service is made of, without running it."""
    service: Service = importlib.import_module(f"{MODULES[name]}.handlers").SERVICE
    return service
