"""The metadata catalogue: which record types there are, and the JSON schema of each."""

from typing import Any

from ..wire import Request, Response
from .books import Stamp
from .problems import Problem
from .rendering import RECORD_ROOT
from .schema import RECORDS, Field, Kind

__all__ = ["answer"]

PLAIN = {
    Kind.TEXT: {"type": "string"},
    Kind.FLAG: {"type": "boolean"},
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.MOMENT: {"type": "string", "format": "date-time"},
    Kind.NUMBER: {"type": "number", "format": "double"},
    Kind.MONEY: {"type": "number", "format": "double"},
    Kind.DURATION: {"type": "string"},
}
REFERENCE = {"id": {"type": "string"}, "refName": {"type": "string"}}


def answer(request: Request, stamp: Stamp, record: str) -> Response:
    """The list of record types, or with `Accept: application/schema+json` the schema of one."""
    root = f"{request.base_url}{RECORD_ROOT}/metadata-catalog"
    if not record:
        items = [{"name": name, "links": [_link("canonical", f"{root}/{name}")]} for name in RECORDS]
        return Response.of({"items": items})
    if record not in RECORDS:
        raise Problem("NONEXISTENT_ID", f"Record type '{record}' does not exist.", status=404)
    if "application/schema+json" not in request.headers.get("accept"):
        return Response.of({"name": record, "links": [_link("describedby", f"{root}/{record}")]})
    properties = {name: _schema(spec) for name, spec in RECORDS[record].fields.items()}
    required = [name for name, spec in RECORDS[record].fields.items() if spec.required]
    body = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "externalId": {"type": "string"}, **properties},
        "required": required,
    }
    return Response.of(body, media="application/schema+json")


def _link(rel: str, href: str) -> dict[str, str]:
    return {"rel": rel, "href": href}


def _schema(spec: Field) -> dict[str, Any]:
    titled: dict[str, Any] = {"title": spec.label} if spec.label else {}
    if spec.readonly:
        titled["readOnly"] = True
    match spec.kind:
        case Kind.LINES:
            line = {"type": "object", "properties": {name: _schema(f) for name, f in spec.fields.items()}}
            items = {"type": "array", "items": line}
            return {**titled, "type": "object", "properties": {"items": items}}
        case Kind.GROUP:
            return {
                **titled,
                "type": "object",
                "properties": {name: _schema(f) for name, f in spec.fields.items()},
            }
        case Kind.REFERENCE | Kind.CHOICE:
            properties: dict[str, Any] = {**REFERENCE}
            if spec.choices:
                properties["id"] = {"type": "string", "enum": list(spec.choices)}
            return {**titled, "type": "object", "properties": properties}
        case _:
            return {**titled, **PLAIN[spec.kind]}
