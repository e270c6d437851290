"""Up to 200 records in one call: each row succeeds or fails by itself, unless all or none is asked for."""

from collections.abc import Callable
from typing import Any

from ..ledger import Document
from ..wire import Response
from .call import Call
from .errors import Refused, data_refused
from .schema import SCHEMA, SObject
from .sobjects import upsert
from .urls import record_url

__all__ = ["change", "create", "put", "read", "read_by_post", "remove"]

ROWS = 200
Row = dict[str, Any]


def create(call: Call) -> Response:
    """`POST /composite/sobjects`; objects may be mixed."""

    def one(record: Row) -> Row:
        written = call.records.create(_sobject(record), record, call.user)
        return {"id": written["Id"], "success": True, "errors": []}

    return _each(call, one)


def change(call: Call) -> Response:
    """`PATCH /composite/sobjects`: each record carries its id."""

    def one(record: Row) -> Row:
        sobject = _sobject(record)
        given = {name: value for name, value in record.items() if name.lower() != "id"}
        key = next((value for name, value in record.items() if name.lower() == "id"), None)
        if key is None:
            raise data_refused("MISSING_ARGUMENT", "Id not specified in an update call", "Id")
        written = call.records.change(sobject, _by_id(call, sobject, key), given, call.user)
        return {"id": written["Id"], "success": True, "errors": []}

    return _each(call, one)


def put(call: Call, name: str, field: str) -> Response:
    """Upsert by an external id that each record carries."""
    sobject = call.sobject(name)
    key = call.external_id(sobject, field)
    seen: set[str] = set()

    def one(record: Row) -> Row:
        if _sobject(record) is not sobject:
            raise data_refused("INVALID_TYPE", f"all records must be of type {sobject.name}")
        given = {name: value for name, value in record.items() if name.lower() != key.name.lower()}
        value = next((value for name, value in record.items() if name.lower() == key.name.lower()), None)
        if not isinstance(value, str) or not value:
            raise data_refused("MISSING_ARGUMENT", f"{key.name} not specified", key.name)
        if value in seen:
            raise data_refused("DUPLICATE_VALUE", f"Duplicate external id specified: {value}", key.name)
        seen.add(value)
        written, made = upsert(call.records, sobject, key, value, given, call.user)
        return {"id": written["Id"], "success": True, "errors": [], "created": made}

    return _each(call, one)


def remove(call: Call) -> Response:
    """`DELETE ?ids=a,b&allOrNone=false`."""
    ids = call.request.param("ids").split(",")
    by_prefix = {sobject.prefix: sobject for sobject in SCHEMA.values()}

    def one(key: str) -> Row:
        sobject = by_prefix.get(key[:3])
        if sobject is None:
            raise data_refused("MALFORMED_ID", f"malformed id {key}")
        document = _by_id(call, sobject, key)
        call.records.remove(sobject, document, call.user)
        return {"id": document["Id"], "success": True, "errors": []}

    return _rows(call, ids, one, all_or_none=call.request.param("allOrNone") == "true")


def read(call: Call, name: str) -> Response:
    """`GET /composite/sobjects/X?ids=&fields=`."""
    param = call.request.param
    return _read(call, call.sobject(name), param("ids").split(","), param("fields").split(","))


def read_by_post(call: Call, name: str) -> Response:
    """`POST /composite/sobjects/X` `{"ids", "fields"}`."""
    body = call.body()
    return _read(call, call.sobject(name), _list(body, "ids"), _list(body, "fields"))


def _read(call: Call, sobject: SObject, ids: list[str], names: list[str]) -> Response:
    """The records in the order of their ids, `null` for one that is not there."""
    fields = []
    for name in names:
        field = sobject.field(name.strip())
        if field is None:
            raise Refused(400, "INVALID_FIELD", f"No such column '{name}' on entity '{sobject.name}'.")
        fields.append(field.name)

    def one(key: str) -> Document | None:
        try:
            document = call.records.find(sobject, key)
        except Refused:
            return None
        url = record_url(call.version, sobject.name, document["Id"])
        attributes = {"type": sobject.name, "url": url}
        return {"attributes": attributes, **{name: document[name] for name in fields}}

    return Response.of([one(key) for key in ids])


def _each(call: Call, write: Callable[[Row], Row]) -> Response:
    body = call.body()
    return _rows(call, _list(body, "records"), write, all_or_none=body.get("allOrNone") is True)


def _rows(call: Call, given: list[Any], write: Callable[[Any], Row], *, all_or_none: bool) -> Response:
    """Answers 200 whatever became of the rows."""
    if len(given) > ROWS:
        raise Refused(
            400, "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {ROWS} records"
        )
    before, rows, failed = call.ledger.savepoint(), [], False
    for item in given:
        mark = call.ledger.savepoint()
        try:
            rows.append(write(item))
        except Refused as refusal:
            call.ledger.rollback(mark)
            rows.append(refusal.row())
            failed = True
    if failed and all_or_none:
        call.ledger.rollback(before)
        rolled_back = data_refused(
            "ALL_OR_NONE_OPERATION_ROLLED_BACK",
            "Record rolled back because not all records were valid and the request was using AllOrNone header",
        )
        rows = [rolled_back.row() if row["success"] else row for row in rows]
    return Response.of(rows)


def _sobject(record: Any) -> SObject:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    name = attributes.get("type") if isinstance(attributes, dict) else None
    sobject = SCHEMA.get(str(name).lower())
    if sobject is None:
        raise data_refused("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return sobject


def _by_id(call: Call, sobject: SObject, key: Any) -> Document:
    """A record of a collection call; what is missing is an error of its row."""
    try:
        return call.records.find(sobject, str(key))
    except Refused as refusal:
        if refusal.code == "NOT_FOUND":
            raise data_refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id") from None
        raise


def _list(body: dict[str, Any], name: str) -> list[Any]:
    if not isinstance(body.get(name), list):
        raise Refused(400, "JSON_PARSER_ERROR", f"{name} is not a list")
    return list(body[name])
