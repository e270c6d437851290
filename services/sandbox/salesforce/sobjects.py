"""One record: create, read, change, upsert by external id, delete."""

from typing import Any

from ..ledger import Document
from ..wire import Response
from .call import Call
from .errors import Refused, data_refused
from .records import Records
from .schema import Field, SObject
from .urls import record_url

__all__ = [
    "change",
    "change_by_external_id",
    "create",
    "read",
    "read_by_external_id",
    "remove",
    "remove_by_external_id",
    "upsert",
]


def create(call: Call, name: str) -> Response:
    """`POST /sobjects/X`: 201 with the new id."""
    sobject = call.sobject(name)
    return _created(call, sobject, call.records.create(sobject, call.body(), call.user))


def read(call: Call, name: str, key: str) -> Response:
    """`GET /sobjects/X/{id}`, all fields or those of `?fields=`."""
    sobject = call.sobject(name)
    return _shown(call, sobject, call.records.find(sobject, key))


def change(call: Call, name: str, key: str) -> Response:
    """`PATCH /sobjects/X/{id}`: 204."""
    sobject = call.sobject(name)
    call.records.change(sobject, call.records.find(sobject, key), call.body(), call.user)
    return Response(status=204)


def remove(call: Call, name: str, key: str) -> Response:
    """`DELETE /sobjects/X/{id}`: 204."""
    sobject = call.sobject(name)
    call.records.remove(sobject, call.records.find(sobject, key), call.user)
    return Response(status=204)


def read_by_external_id(call: Call, name: str, field: str, value: str) -> Response:
    """`GET /sobjects/X/Field__c/{value}`: 300 where several hold it."""
    sobject = call.sobject(name)
    held = _held(call, sobject, field, value)
    return _shown(call, sobject, held[0]) if len(held) == 1 else _several(call, sobject, held)


def remove_by_external_id(call: Call, name: str, field: str, value: str) -> Response:
    """`DELETE /sobjects/X/Field__c/{value}`: 300 where several hold it."""
    sobject = call.sobject(name)
    held = _held(call, sobject, field, value)
    if len(held) > 1:
        return _several(call, sobject, held)
    call.records.remove(sobject, held[0], call.user)
    return Response(status=204)


def change_by_external_id(call: Call, name: str, field: str, value: str) -> Response:
    """`PATCH` with an external id: update the record that holds it, or create one."""
    sobject = call.sobject(name)
    key, given = call.external_id(sobject, field), call.body()
    if key.name.lower() in (name.lower() for name in given):
        message = f"The {key.name} field should not be specified in the sobject data."
        raise data_refused("INVALID_FIELD", message, key.name)
    held = call.records.holding(sobject, key, value)
    if len(held) > 1:
        return _several(call, sobject, held)
    written, made = upsert(call.records, sobject, key, value, given, call.user)
    if made:
        return _created(call, sobject, written, created=True)
    return Response.of({"id": written["Id"], "success": True, "errors": [], "created": False})


def upsert(
    records: Records, sobject: SObject, key: Field, value: str, given: dict[str, Any], user: str
) -> tuple[Document, bool]:
    """Write the record that holds an external id; says whether it is new. Raises `Refused` where several do."""
    held = records.holding(sobject, key, value)
    if len(held) > 1:
        message = f"{key.label}: more than one record found for external id field: {value}"
        raise data_refused("DUPLICATE_EXTERNAL_ID", message, key.name)
    if held:
        return records.change(sobject, held[0], given, user), False
    return records.create(sobject, given | {key.name: value}, user), True


def _held(call: Call, sobject: SObject, field: str, value: str) -> list[Document]:
    held = call.records.holding(sobject, call.external_id(sobject, field), value)
    if not held:
        raise Refused(404, "NOT_FOUND", "The requested resource does not exist")
    return held


def _several(call: Call, sobject: SObject, held: list[Document]) -> Response:
    """An external id that is not unique is answered with the addresses to choose from."""
    return Response.of([record_url(call.version, sobject.name, document["Id"]) for document in held], 300)


def _shown(call: Call, sobject: SObject, document: Document) -> Response:
    url = record_url(call.version, sobject.name, document["Id"])
    shown: Document = {"attributes": {"type": sobject.name, "url": url}}
    names = call.request.param("fields")
    for name in names.split(",") if names else [field.name for field in sobject.fields]:
        field = sobject.field(name.strip())
        if field is None:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'.")
        shown[field.name] = document[field.name]
    return Response.of(shown)


def _created(call: Call, sobject: SObject, document: Document, **more: bool) -> Response:
    content = {"id": document["Id"], "success": True, "errors": [], **more}
    return Response.of(content, 201, {"location": record_url(call.version, sobject.name, document["Id"])})
