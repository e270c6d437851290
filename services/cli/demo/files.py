"""The demo firm's own configuration, written the way an integration engineer would write it."""

import json
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from ruamel.yaml import YAML

from services.sandbox.firm import Firm

__all__ = ["Erp", "Ports", "free_ports", "write_firm"]

Erp = Literal["netsuite", "tryton"]

#: Public on purpose: these open stand-ins on this machine and nothing else (see services/sandbox).
SANDBOX_SECRETS = {
    "salesforce.secret": "fairlead-integration-secret",
    "kantata.token": "integration-kantata",
}


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Where the demo's servers listen on this machine."""

    bus: int
    salesforce: int
    kantata: int
    erp: int


def free_ports() -> Ports:
    """Four ports that are free at this moment."""
    sockets = [socket.socket() for _ in range(4)]
    try:
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        bus, salesforce, kantata, erp = (probe.getsockname()[1] for probe in sockets)
    finally:
        for probe in sockets:
            probe.close()
    return Ports(bus=bus, salesforce=salesforce, kantata=kantata, erp=erp)


def write_firm(data: Path, firm: Firm, ports: Ports, erp: Erp) -> None:
    """Write `fairlead.yaml`, `policy.yaml` and the secrets; what is there already is kept, but for the ports.

    Raises `FileExistsError` where the folder holds a demo of another firm: its vendors' ledgers would not fit.
    """
    _refuse_another_firm(data, firm, erp)
    secrets = data / "secrets"
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, value in SANDBOX_SECRETS.items():
        _secret(secrets / name, value)
    _certificate(secrets)
    yaml = YAML()
    with (data / "fairlead.yaml").open("w") as file:
        file.write("# The demo firm: every system is a stand-in on this machine.\n")
        yaml.dump(_configuration(secrets, ports, erp), file)
    if not (data / "policy.yaml").exists():
        with (data / "policy.yaml").open("w") as file:
            file.write("# How the firm's systems name things, and who owns what goes wrong.\n")
            yaml.dump(_policy(firm), file)


def _refuse_another_firm(data: Path, firm: Firm, erp: Erp) -> None:
    """A folder belongs to the ERP and the seed that it was begun with."""
    mark, wanted = data / "demo.json", {"erp": erp, "seed": firm.seed}
    if mark.exists() and (found := json.loads(mark.read_text())) != wanted:
        raise FileExistsError(
            f"{data} holds a demo with --erp {found['erp']} --seed {found['seed']}; name another folder with --data, "
            f"or remove it with `fairlead clean --data {data}`"
        )
    data.mkdir(parents=True, exist_ok=True)
    mark.write_text(json.dumps(wanted))


def _secret(path: Path, value: str) -> None:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(value)


def _certificate(secrets: Path) -> None:
    """The key pair that the ERP adapter signs in with; the stand-in is given the public half."""
    if (secrets / "netsuite.key").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    _secret(secrets / "netsuite.key", private)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    _secret(secrets / "netsuite.pub", public)


def _configuration(secrets: Path, ports: Ports, erp: Erp) -> dict[str, Any]:
    here = secrets.resolve()
    return {
        "firm": "Northmark",
        "bus_port": ports.bus,
        "connections": {
            "crm": {
                "product": "salesforce", "url": f"http://127.0.0.1:{ports.salesforce}",
                "user": "fairlead-integration", "secrets": {"client_secret": f"file:{here}/salesforce.secret"},
                "at_once": 10, "per_second": 200.0, "options": {"poll_seconds": 1.0, "settle_lag_seconds": 5.0},
            },
            "erp": _netsuite(here, ports) if erp == "netsuite" else _tryton(here, ports),
            "time": {
                "product": "kantata", "url": f"http://127.0.0.1:{ports.kantata}",
                "secrets": {"token": f"file:{here}/kantata.token"}, "at_once": 10, "per_second": 300.0,
                "options": {"entries_every_seconds": 1.0, "stories_every_seconds": 1.0, "settle_lag_seconds": 5.0},
            },
        },
        "policy": "policy.yaml",
    }  # fmt: skip


def _netsuite(secrets: Path, ports: Ports) -> dict[str, Any]:
    return {
        "product": "netsuite", "url": f"http://127.0.0.1:{ports.erp}", "user": "fairlead", "key_id": "fairlead-demo",
        "secrets": {"private_key": f"file:{secrets}/netsuite.key"}, "at_once": 12, "per_second": 300.0,
        "options": {"reference_every_seconds": 2.0, "changes_every_seconds": 1.0, "settle_lag_seconds": 5.0,
                    "job_poll_seconds": 0.05},
    }  # fmt: skip


def _tryton(secrets: Path, ports: Ports) -> dict[str, Any]:
    return {
        "product": "tryton", "url": f"http://127.0.0.1:{ports.erp}/firm", "user": "fairlead",
        "secrets": {"password": f"file:{secrets}/tryton.password"}, "at_once": 2, "per_second": 300.0,
        "options": {"reference_every_seconds": 2.0, "changes_every_seconds": 1.0},
    }  # fmt: skip


def _policy(firm: Firm) -> dict[str, Any]:
    categories = sorted({category for card in firm.rate_cards for category in card.rates})
    return {
        "firm": "Northmark",
        "contract_types": {"Fixed Fee": "fixed-fee", "Time and Materials": "time-and-materials"},
        "service_packages": {
            package.code: {
                "name": package.name,
                "practice": package.practice,
                "tasks": list(package.tasks),
                "milestones": [{"name": name, "percent": percent} for name, percent in package.milestones],
            }
            for package in firm.packages
        },
        "legal_entities": {
            entity.code: {
                "name": entity.name,
                "region": entity.region,
                "currency": entity.currency,
                "time_zone": entity.time_zone,
                "tax_profiles": [entity.tax_profile],
                "rate_cards": [card.code for card in firm.rate_cards if card.entity == entity.code],
            }
            for entity in firm.entities
        },
        "labour_categories": {category: category for category in categories},
        "budget_category": "CONSULTANT",
        "required_handover": [
            "legal_entity", "contract_type", "service_package", "rate_card", "tax_profile", "amount", "start", "end",
            "manager",
        ],
        "owners": {
            "handover-incomplete": "sales operations", "customer-unknown": "sales operations",
            "rate-missing": "finance", "rate-card-missing": "finance", "period-closed": "finance",
            "approval-needed": "finance", "price-differs": "finance", "project-on-hold": "finance",
            "task-inactive": "delivery operations", "task-unknown": "delivery operations",
            "worker-not-assigned": "delivery operations",
        },
        "default_owner": "integration",
        "approve_invoices": True,
    }  # fmt: skip
