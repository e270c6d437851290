"""Writes the JSON Schemas and golden messages of all contracts: `python -m contracts.publishing`.

Golden messages are append-only: a published one is never rewritten, so every version that ever travelled keeps being
decoded. A schema may only grow: a change that takes something away is refused, it needs a new major version.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from .base import Contract
from .catalogue import CONTRACTS
from .examples import example

__all__ = ["GOLDEN", "SCHEMAS", "losses", "schema_of"]

HERE = Path(__file__).parent
SCHEMAS, GOLDEN = HERE / "schemas", HERE / "golden"


def schema_of(contract: type[Contract]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of one contract, with where it travels."""
    (reference,), components = msgspec.json.schema_components([contract], ref_template="#/$defs/{name}")
    pattern = contract.subject
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": contract.wire_name(),
        "x-subject": pattern.owned_by(pattern.owner),
        "x-ordering-key": contract.ordering,
        **reference,
        "$defs": components,
    }


def losses(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What readers or writers of the old schema would lose: removed types and fields, new obligations, new types."""
    found = []
    for name, before in old["$defs"].items():
        after = new["$defs"].get(name)
        if after is None:
            found.append(f"{name} is gone")
            continue
        fields, kept = before.get("properties", {}), after.get("properties", {})
        found += [f"{name}.{field} is gone" for field in fields if field not in kept]
        found += [
            f"{name}.{field} has another type"
            for field in fields
            if field in kept and _type(fields[field]) != _type(kept[field])
        ]
        required = set(after.get("required", ())) - set(before.get("required", ()))
        found += [f"{name}.{field} became required" for field in sorted(required)]
    return found


def _type(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name not in ("description", "default", "title")}


def main() -> int:
    """Write what is new; returns 1, and says why, where a contract lost something."""
    SCHEMAS.mkdir(exist_ok=True)
    GOLDEN.mkdir(exist_ok=True)
    refused = []
    for contract in CONTRACTS:
        name, schema = contract.wire_name(), schema_of(contract)
        path = SCHEMAS / f"{name}.json"
        if path.exists() and (lost := losses(json.loads(path.read_text()), schema)):
            refused += [f"{name}: {loss}; publish it as the next major version" for loss in lost]
            continue
        path.write_text(json.dumps(schema, indent=1, sort_keys=True) + "\n")
        golden = GOLDEN / f"{name}.1.json"
        if not golden.exists():
            golden.write_bytes(CONTRACTS.encode(example(contract)) + b"\n")
    print("\n".join(refused), file=sys.stderr, end="\n" if refused else "")
    return 1 if refused else 0


if __name__ == "__main__":
    raise SystemExit(main())
