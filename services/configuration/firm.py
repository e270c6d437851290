"""The firm's configuration file and its policy file."""

from pathlib import Path
from typing import Annotated, Literal

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from contracts.policies.v1 import Policy

from .connections import Connection
from .source import ConfigurationError, Source

__all__ = ["Domain", "FirmConfiguration", "load_firm", "load_policy"]

Domain = Literal["crm", "erp", "time"]


class FirmConfiguration(BaseModel):
    """Which systems the firm connects. `policy` is a path beside this file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    firm: Annotated[str, Field(min_length=1, description="the firm's name")]
    bus_port: Annotated[int, Field(ge=1024, le=65535, description="where the embedded bus listens")] = 4222
    connections: Annotated[dict[Domain, Connection], Field(description="one system a domain")]
    policy: Annotated[Path, Field(description="the policy file, beside this one")] = Path("policy.yaml")


def load_firm(path: Path) -> FirmConfiguration:
    """Read and check the file; raises `ConfigurationError` with every mistake."""
    source = Source(path)
    try:
        return FirmConfiguration.model_validate(source.content)
    except ValidationError as wrong:
        raise ConfigurationError(
            [source.mistake(error["loc"], _legal(error["msg"], error["type"])) for error in wrong.errors()]
        ) from None


def _legal(message: str, kind: str) -> str:
    if kind == "extra_forbidden":
        return f"unknown key; legal are {', '.join(_keys())}"
    return message


def _keys() -> list[str]:
    return [*FirmConfiguration.model_fields, *(f"connections.*.{name}" for name in Connection.model_fields)]


def load_policy(path: Path) -> Policy:
    """Read and check the firm's policy; raises `ConfigurationError` that names line and key."""
    source = Source(path)
    plain = msgspec.to_builtins(_plain(source.content))
    try:
        policy = msgspec.convert(plain, Policy)
    except msgspec.ValidationError as wrong:
        text, _, where = str(wrong).partition(" - at `$")
        location = _location(where.rstrip("`"))
        raise ConfigurationError([source.mistake(location, text)]) from None
    _check(policy, source)
    return policy


def _plain(value: object) -> object:
    """The YAML content without its line numbers."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _location(where: str) -> list[str | int]:
    """`.service_packages[...].tasks[0]` as parts; msgspec does not name the keys of a mapping."""
    parts: list[str | int] = []
    for part in where.replace("[", ".[").split("."):
        if part.startswith("[") and part[1:-1].isdigit():
            parts.append(int(part[1:-1]))
        elif part and not part.startswith("["):
            parts.append(part)
    return parts


def _check(policy: Policy, source: Source) -> None:
    """What the types cannot say."""
    mistakes = []
    for code, package in policy.service_packages.items():
        total = sum(share.percent for share in package.milestones)
        if total != 100:
            mistakes.append(
                source.mistake(["service_packages", code], f"milestones add up to {total} %, legal is 100")
            )
        if not package.tasks:
            mistakes.append(
                source.mistake(["service_packages", code], "has no tasks; at least one is needed")
            )
    if policy.budget_category not in policy.labour_categories.values():
        known = ", ".join(sorted(set(policy.labour_categories.values())))
        mistakes.append(source.mistake(["budget_category"], f"is no labour category; legal are {known}"))
    if mistakes:
        raise ConfigurationError(mistakes)
