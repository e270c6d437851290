"""What objects there are and what their fields look like."""

from typing import Any

from ..wire import Response
from .call import Call
from .schema import SCHEMA, Field, SObject
from .urls import data_url

__all__ = ["every_object", "fields_of", "resources", "summary"]


def resources(call: Call) -> Response:
    """`GET /services/data/vNN.0`: where each resource is."""
    names = ("sobjects", "query", "queryAll", "limits", "composite")
    return Response.of({name: f"{data_url(call.version)}/{name}" for name in names})


def every_object(call: Call) -> Response:
    """`GET /sobjects`."""
    listed = [_outline(call, sobject) for sobject in SCHEMA.values()]
    return Response.of({"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": listed})


def summary(call: Call, name: str) -> Response:
    """`GET /sobjects/X`."""
    return Response.of({"objectDescribe": _outline(call, call.sobject(name)), "recentItems": []})


def fields_of(call: Call, name: str) -> Response:
    """`GET /sobjects/X/describe`."""
    sobject = call.sobject(name)
    fields = [_field(sobject, field) for field in sobject.fields]
    return Response.of({**_outline(call, sobject), "fields": fields})


def _outline(call: Call, sobject: SObject) -> dict[str, Any]:
    url = f"{data_url(call.version)}/sobjects/{sobject.name}"
    return {
        "name": sobject.name,
        "label": sobject.name,
        "keyPrefix": sobject.prefix,
        "custom": False,
        "queryable": True,
        "createable": sobject.writable,
        "updateable": sobject.writable,
        "deletable": sobject.writable,
        "urls": {"sobject": url, "describe": f"{url}/describe", "rowTemplate": f"{url}/{{ID}}"},
    }


def _field(sobject: SObject, field: Field) -> dict[str, Any]:
    writable = sobject.writable and field.writable
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "length": field.length if field.type not in ("boolean", "currency", "date", "datetime") else 0,
        "custom": field.custom,
        "nillable": not field.required and field.type != "boolean",
        "createable": writable,
        "updateable": writable,
        "externalId": field.external_id,
        "idLookup": field.external_id or field.type == "id",
        "unique": field.unique and field.external_id,
        "caseSensitive": field.exact,
        "filterable": field.filterable,
        "sortable": field.filterable,
        "referenceTo": [field.refers] if field.refers else [],
        "relationshipName": field.relationship or None,
        "restrictedPicklist": bool(field.values),
        "picklistValues": [{"value": value, "label": value, "active": True} for value in field.values],
    }
