"""What a contract says, in 32 hex digits: equal for equal content, whatever version of the contract it is."""

from hashlib import blake2b
from typing import Any

import msgspec

from contracts import Contract

__all__ = ["digest"]


def digest(contract: Contract) -> str:
    """A digest of type and fields.

    A field at its default does not count: adding one to the contract must not make every record look changed.
    """
    content = msgspec.json.encode([contract.wire_name(), _said(contract)], order="deterministic")
    return blake2b(content, digest_size=16).hexdigest()


def _said(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(type(value))
        said = {field.name: getattr(value, field.name) for field in fields}
        return {f.name: _said(said[f.name]) for f in fields if said[f.name] != _default(f)}
    if isinstance(value, dict):
        return {key: _said(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value


def _default(field: msgspec.structs.FieldInfo) -> Any:
    return field.default_factory() if callable(field.default_factory) else field.default
