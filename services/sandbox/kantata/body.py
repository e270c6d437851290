"""Reading a request body: JSON, or the bracketed keys of a Rails form."""

import re
from typing import Any
from urllib.parse import parse_qsl

from ..wire import Request
from .errors import Refused, malformed
from .resource import Resource
from .values import Unset

__all__ = ["payload", "read_fields", "records"]


def payload(request: Request) -> dict[str, Any]:
    """The body as one object; raises 400 where it is none."""
    if "x-www-form-urlencoded" in request.headers.get("content-type"):
        return _form(request.body.decode("utf-8", "replace"))
    if not request.body:
        return {}
    try:
        body = request.json()
    except ValueError:
        raise malformed("The request body is not valid JSON") from None
    if not isinstance(body, dict):
        raise malformed("The request body must be an object")
    return body


def records(resource: Resource, body: dict[str, Any]) -> list[dict[str, Any]]:
    """The record of a create, or the several records of a bulk create."""
    if resource.bulk and resource.key in body:
        several = body[resource.key]
        if (
            not isinstance(several, list)
            or not several
            or not all(isinstance(item, dict) for item in several)
        ):
            raise malformed(f"{resource.key} must be a list of objects")
        if len(several) > resource.bulk:
            raise malformed(f"At most {resource.bulk} {resource.key} can be created at once")
        return several
    single = body.get(resource.singular)
    if not isinstance(single, dict):
        raise malformed(f"{resource.singular} is missing")
    return [single]


def read_fields(resource: Resource, sent: dict[str, Any], *, creating: bool) -> dict[str, Any]:
    """The writable fields that were sent, read; 422 with every problem found. Others are ignored."""
    fields: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name, reader in resource.writable.items():
        if name not in sent or (not creating and name in resource.fixed):
            continue
        try:
            fields[name] = reader(sent[name])
        except Unset:
            continue
        except ValueError as error:
            problems[name] = str(error)
    for name in resource.required:
        absent = name not in fields if creating else False
        if name not in problems and (absent or (name in fields and fields[name] in (None, "", []))):
            problems[name] = "can't be blank"
    if problems:
        errors = (
            {
                "type": "validation",
                "message": f"{name.replace('_', ' ').capitalize()} {problem}",
                "field": name,
            }
            for name, problem in problems.items()
        )
        raise Refused(422, *errors)
    return fields


def _form(text: str) -> dict[str, Any]:
    """`time_entry[notes]=x&ids[]=1` as the nested object it stands for."""
    body: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        root, *steps = re.split(r"\[|\]\[|\]", name.removesuffix("]"))
        place, key = body, root
        for step in steps:
            if step == "":
                break
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise malformed(f"{name} is used both as a value and as an object")
            key = step
        if steps and steps[-1] == "":
            place.setdefault(key, []).append(value)
        else:
            place[key] = value
    return body
