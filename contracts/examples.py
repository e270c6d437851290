"""One complete example of every contract, made from its types: every field filled, nothing left at its default."""

import types
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

__all__ = ["example"]

S = TypeVar("S", bound=msgspec.Struct)

#: Values of fields whose form is narrower than their type.
_BY_NAME: dict[str, Any] = {"currency": "EUR", "period": "2026-11", "data": b"\x00"}
_PLAIN: dict[Any, Any] = {
    str: "text", int: 7, bool: True, bytes: b"bytes", float: 1.5, Decimal: Decimal("150.25"),
    date: date(2026, 11, 20), datetime: datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
}  # fmt: skip


def example(struct: type[S]) -> S:
    """An instance with every field filled."""
    hints = get_type_hints(struct, include_extras=True)
    return struct(**{name: _value(hints[name], name) for name in struct.__struct_fields__})


def _value(kind: Any, name: str) -> Any:
    if name in _BY_NAME and kind is not dict:
        return _BY_NAME[name]
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _value(parts[0], name)
    if isinstance(kind, NewType):
        return name
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return _value(next(part for part in parts if part is not type(None)), name)
    if origin is tuple:
        return (_value(parts[0], name),)
    if origin is dict:
        return {_value(parts[0], "key"): _value(parts[1], "value")}
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return example(kind)
    if kind in _PLAIN:
        return _PLAIN[kind]
    raise TypeError(f"no example for {name}: {kind}")
