"""The firm's policy file."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from contracts.opportunities.v1 import Handover
from contracts.policies.v1 import Policy
from contracts.projects.v1 import ContractType

from .source import ConfigurationError, Source

__all__ = ["load_policy"]

Location = list[str | int]

#: An index, any key of a mapping, or a name, in the paths that msgspec writes.
_PART = re.compile(r"\[\d+\]|\[\.\.\.\]|[^.\[\]`]+")


def load_policy(path: Path) -> Policy:
    """Read and check the firm's policy; raises `ConfigurationError` that names line, key and what is legal."""
    source = Source(path)
    plain = _texts(source.content)
    try:
        policy = msgspec.convert(plain, Policy)
    except msgspec.ValidationError as wrong:
        location = _location(plain, wrong)
        raise ConfigurationError([source.mistake(location, _words(wrong, location))]) from None
    mistakes = [*_unknown(plain, msgspec.to_builtins(policy), source, []), *_inconsistent(policy, source)]
    if mistakes:
        raise ConfigurationError(mistakes)
    return policy


def _texts(value: Any) -> Any:
    """The content with every key as text: YAML reads a key such as 2024 as a number."""
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    return [_texts(item) for item in value] if isinstance(value, list) else value


def _words(wrong: msgspec.ValidationError, location: Location) -> str:
    words = str(wrong).partition(" - at ")[0]
    legal = f"; legal are {', '.join(get_args(ContractType))}" if location[:1] == ["contract_types"] else ""
    return words + legal


def _location(plain: Any, wrong: msgspec.ValidationError) -> Location:
    """Where a mistake stands. msgspec writes `$.service_packages[...].tasks[0]`: it does not name the keys of a
    mapping, so each entry is tried alone until one leads to the same mistake."""
    _, found, path = str(wrong).rpartition(" - at `$")
    location: Location = []
    for part in _PART.findall(path if found else ""):
        if part == "[...]":
            key = _culprit(plain, location, str(wrong))
            if key is None:
                break
            location.append(key)
        else:
            location.append(int(part[1:-1]) if part.startswith("[") else part)
    return location


def _culprit(plain: Any, location: Sequence[str | int], words: str) -> str | None:
    mapping = plain
    for part in location:
        mapping = mapping[part]
    for key, value in mapping.items():
        try:
            msgspec.convert(_with(plain, location, {key: value}), Policy)
        except msgspec.ValidationError as alone:
            if str(alone) == words:
                return str(key)
    return None


def _with(value: Any, location: Sequence[str | int], new: Any) -> Any:
    """The content with what stands at a location replaced."""
    if not location:
        return new
    changed: Any = dict(value) if isinstance(value, dict) else list(value)
    changed[location[0]] = _with(value[location[0]], location[1:], new)
    return changed


def _unknown(plain: Any, known: Any, source: Source, location: Location) -> Iterator[str]:
    """Keys that no part of a policy has: contracts pass them over, in a file one of them is a misspelling."""
    if isinstance(plain, dict):
        for key, value in plain.items():
            if key in known:
                yield from _unknown(value, known[key], source, [*location, key])
            else:
                yield source.mistake([*location, key], f"unknown key; legal are {', '.join(known)}")
    elif isinstance(plain, list):
        for index, (value, counterpart) in enumerate(zip(plain, known, strict=True)):
            yield from _unknown(value, counterpart, source, [*location, index])


def _inconsistent(policy: Policy, source: Source) -> Iterator[str]:
    """What the types cannot say."""
    for code, package in policy.service_packages.items():
        total = sum(share.percent for share in package.milestones)
        if total != 100:
            yield source.mistake(
                ["service_packages", code, "milestones"], f"milestones add up to {total} %, legal is 100"
            )
        if not package.tasks:
            yield source.mistake(
                ["service_packages", code, "tasks"], "there are none; at least one is needed"
            )
    for entity, rules in policy.legal_entities.items():
        if not _is_time_zone(rules.time_zone):
            yield source.mistake(
                ["legal_entities", entity, "time_zone"],
                f"{rules.time_zone!r} is no time zone; legal are the IANA names, such as Europe/Berlin",
            )
    if policy.budget_category not in policy.labour_categories.values():
        known = ", ".join(sorted(set(policy.labour_categories.values())))
        yield source.mistake(["budget_category"], f"is no labour category; legal are {known}")
    values = Handover.__struct_fields__
    for index, name in enumerate(policy.required_handover):
        if name not in values:
            yield source.mistake(
                ["required_handover", index],
                f"{name!r} is no hand-over value; legal are {', '.join(values)}",
            )


def _is_time_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
