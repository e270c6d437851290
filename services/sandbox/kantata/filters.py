"""The filters that many collections share."""

import re
from collections.abc import Mapping

from .resource import Call, Filter, Narrowing
from .values import day, flag, ident, idents, instant

__all__ = [
    "MOMENTS",
    "any_of",
    "days_between",
    "equals",
    "flagged",
    "live_workspaces",
    "presence",
    "referenced",
]


def moment(field: str, *, after: bool) -> Filter:
    """Changed strictly after, or strictly before, an ISO 8601 moment."""

    def narrow(call: Call, value: str) -> Narrowing:
        bound = instant(value)
        return Narrowing(window=(field, bound, None) if after else (field, None, bound))

    return narrow


MOMENTS: Mapping[str, Filter] = {
    "created_after": moment("created_at", after=True),
    "created_before": moment("created_at", after=False),
    "updated_after": moment("updated_at", after=True),
    "updated_before": moment("updated_at", after=False),
}


def equals(key: str, field: str, *, indexed: bool = True) -> Filter:
    """One id in one field."""

    def narrow(call: Call, value: str) -> Narrowing:
        wanted = ident(value)
        if wanted is None:
            raise ValueError("is empty")
        if indexed:
            return Narrowing(among=lambda: call.books[key].where(field, wanted))
        return Narrowing(test=lambda document: document.get(field) == wanted)

    return narrow


def any_of(key: str, field: str, *, indexed: bool = True) -> Filter:
    """Any of several ids in one field."""

    def narrow(call: Call, value: str) -> Narrowing:
        wanted = idents(value)
        if not indexed:
            return Narrowing(test=lambda document: document.get(field) in wanted)
        return Narrowing(
            among=lambda: (found for number in wanted for found in call.books[key].where(field, number))
        )

    return narrow


def flagged(field: str) -> Filter:
    """A truth value that has to be the one asked for."""

    def narrow(call: Call, value: str) -> Narrowing:
        wanted = flag(value)
        return Narrowing(test=lambda document: bool(document.get(field)) is wanted)

    return narrow


def presence(field: str, wanted: bool) -> Filter:
    """A filter that works by being there: the vendor ignores its value."""
    return lambda call, value: Narrowing(test=lambda document: bool(document.get(field)) is wanted)


def days_between(field: str) -> Filter:
    """Two dates with a colon between them, both included."""

    def narrow(call: Call, value: str) -> Narrowing:
        if not (parts := re.fullmatch(r"([^:]+):([^:]+)", value)):
            raise ValueError("is not two dates")
        first, last = day(parts[1]), day(parts[2])
        if first is None or last is None:
            raise ValueError("is not two dates")
        return Narrowing(test=lambda document: first <= document[field] <= last)

    return narrow


def live_workspaces(call: Call, value: str) -> Narrowing:
    """Hide what belongs to archived workspaces, unless the value is true."""
    if flag(value):
        return Narrowing()
    archived = {workspace["id"] for workspace in call.books["workspaces"].where("archived", True)}
    if not archived:
        return Narrowing()
    return Narrowing(test=lambda document: document["workspace_id"] not in archived)


#: Filter name to the field of the external reference; the last two are older names of the same thing.
REFERENCE_FIELDS = {
    "external_reference_service_name": "service_name",
    "external_reference_service_model": "service_model",
    "external_reference_service_model_ref": "service_model_ref",
    "external_reference_status": "status",
    "external_reference_model": "service_model",
    "external_reference_model_ref": "service_model_ref",
}


def referenced(subject: str, key: str) -> Mapping[str, Filter]:
    """Filters over the external references of a subject. Those on one reference hold for the same one."""

    def matching(call: Call, value: str) -> Narrowing:
        params = [(name, value) for name, value in call.request.params if name in REFERENCE_FIELDS]
        wanted = {REFERENCE_FIELDS[name]: value for name, value in params}
        references = call.books["external_references"]
        if {"service_name", "service_model_ref"} <= set(wanted):
            identity = f"{subject}:{wanted['service_name']}:{wanted['service_model_ref']}"
            near = references.where("identity", identity)
        else:
            near = references.where("subject_type", subject)
        owners = [
            reference["subject_id"]
            for reference in near
            if all(reference[field] == value for field, value in wanted.items())
        ]
        return Narrowing(
            among=lambda: (found for number in owners if (found := call.books[key].get(number)) is not None)
        )

    def having(call: Call, value: str) -> Narrowing:
        wanted, references = flag(value), call.books["external_references"]
        return Narrowing(
            test=lambda document: bool(references.where("subject", f"{subject}:{document['id']}")) is wanted
        )

    def lacking(call: Call, value: str) -> Narrowing:
        references = call.books["external_references"]
        return Narrowing(
            test=lambda document: references.by("slot", f"{subject}:{document['id']}:{value}") is None
        )

    return {
        **dict.fromkeys(REFERENCE_FIELDS, matching),
        "has_external_references": having,
        "without_external_reference_service_name": lacking,
    }
