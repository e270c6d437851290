"""The record API: create, read, change, upsert, delete, list and transform, on any record type."""

import re
from collections.abc import Callable, Mapping

from ..ledger import Document
from ..wire import Headers, Response
from .books import Books, Stamp
from .call import Call, bad_parameter
from .credentials import INTEGRATION
from .decoding import Decoder, validation
from .editing import edited
from .money import decimal_text
from .paging import page, page_of
from .problems import Problem, invalid
from .rendering import RECORD_ROOT, Renderer
from .rules import RULES
from .rules.time import hours
from .schema import RECORDS, Kind
from .search import matcher
from .transforms import TRANSFORMS

__all__ = ["COLLECTION_MEDIA", "SINGULAR_MEDIA", "RecordApi"]

SINGULAR_MEDIA = "application/vnd.oracle.resource+json; type=singular; charset=UTF-8"
COLLECTION_MEDIA = "application/vnd.oracle.resource+json; type=collection; charset=UTF-8"
ALWAYS = {"links", "id", "externalId", "createdDate", "lastModifiedDate", "lastModifiedBy"}
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
BY_EXTERNAL_ID = re.compile(r'externalId IS "?([^"\s]+)"?')


class RecordApi:
    """Performs one call; the caller commits what it changed, or rolls back where it raises `Problem`."""

    def __init__(self, books: Books) -> None:
        self._books = books

    def perform(self, call: Call, stamp: Stamp) -> Response:
        record, _, rest = call.path.partition("/")
        if record not in RECORDS:
            raise Problem(
                "INVALID_PARAMETER",
                f"Record type '{record}' does not exist.",
                status=404,
                where=("o:errorUrl", f"{RECORD_ROOT}/{call.path}"),
            )
        kind = RECORDS[record]
        if call.method != "GET" and kind.setup and stamp.by == INTEGRATION:
            raise Problem(
                "INSUFFICIENT_PERMISSION",
                f"Permission violation: the role of this login cannot change {record} records.",
                status=403,
            )
        if call.method != "GET" and kind.view:
            raise _not_allowed(call)
        token, _, below = rest.partition("/")
        if below:
            return self._below(call, record, token, below, stamp)
        verbs: Mapping[str, Callable[[Call, str, str, Stamp], Response]] = (
            {"GET": self._get, "PATCH": self._patch, "PUT": self._put, "DELETE": self._delete}
            if token
            else {"GET": self._list, "POST": self._post}
        )
        if call.method not in verbs:
            raise _not_allowed(call)
        return verbs[call.method](call, record, token, stamp)

    def _below(self, call: Call, record: str, token: str, below: str, stamp: Stamp) -> Response:
        document = self._find(call, record, token)
        if below.startswith("!transform/"):
            made = TRANSFORMS.get((record, below.removeprefix("!transform/")))
            if call.method != "POST" or made is None:
                raise _not_allowed(call)
            target, defaults = made[0], made[1](self._books, document)
            return self._create(call, target, defaults, stamp)
        name, _, line = below.partition("/")
        spec = RECORDS[record].fields.get(name)
        if call.method != "GET" or spec is None or spec.kind is not Kind.LINES:
            raise _not_allowed(call)
        shown = self._renderer(call).sublist(record, document, name)
        if not line:
            return Response.of(shown, media=COLLECTION_MEDIA)
        found = next((item for item in shown["items"] if str(item["line"]) == line), None)
        if found is None:
            raise _nowhere()
        return Response.of(found, media=SINGULAR_MEDIA)

    def _get(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        document = self._find(call, record, token)
        only = set(call.names("fields"))
        unknown = only - ALWAYS - set(RECORDS[record].fields) - set(document)
        if unknown:
            raise bad_parameter("fields", f"Unknown field {sorted(unknown)[0]}.")
        return Response.of(self._renderer(call).record(record, document, only), media=SINGULAR_MEDIA)

    def _list(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        limit, offset = page(call)
        found = self._matching(record, call.params.get("q", "").strip())
        renderer = self._renderer(call)
        items = [
            {"links": [renderer.link(f"{record}/{document['id']}")], "id": document["id"]}
            for document in found[offset : offset + limit]
        ]
        url = f"{call.base_url}{RECORD_ROOT}/{record}"
        return Response.of(page_of(items, len(found), limit, offset, call, url), media=COLLECTION_MEDIA)

    def _matching(self, record: str, query: str) -> list[Document]:
        if direct := BY_EXTERNAL_ID.fullmatch(query):
            one = None if RECORDS[record].view else self._books.locate(record, f"eid:{direct[1]}")
            return [] if one is None else [one]
        everything = self._all(record)
        if not query:
            return everything
        matches = matcher(query, RECORDS[record].fields, self._exponent)
        return [document for document in everything if matches(document)]

    def _exponent(self, document: Document) -> int:
        return self._books.exponent(document["currency"])

    def _all(self, record: str) -> list[Document]:
        if record != "charge":
            return list(self._books.records[record])
        return [made for time in self._books.records["timeBill"] if (made := _charge(time)) is not None]

    def _find(self, call: Call, record: str, token: str) -> Document:
        if token.startswith("eid:") and not EXTERNAL_ID.fullmatch(token[4:]):
            raise Problem(
                "INVALID_PARAMETER",
                "An external ID in a URL may hold letters, digits, underscores and hyphens.",
                where=("o:errorUrl", f"{RECORD_ROOT}/{call.path}"),
            )
        found = self._books.locate("timeBill" if record == "charge" else record, token)
        if record == "charge" and found is not None:
            found = _charge(found)
        if found is None:
            raise _nowhere()
        return self._with_balance(found) if record == "customer" else found

    def _with_balance(self, customer: Document) -> Document:
        invoices = self._books.records["invoice"].where("entity", customer["id"])
        owed = sum(one["amountRemaining"] for one in invoices if one["currency"] == customer["currency"])
        return {**customer, "balance": owed}

    def _post(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        return self._create(call, record, {}, stamp)

    def _put(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        if not token.startswith("eid:"):
            raise Problem(
                "INVALID_REQUEST",
                "The upsert operation takes an external ID only.",
                where=("o:errorUrl", f"{RECORD_ROOT}/{call.path}"),
            )
        try:
            self._find(call, record, token)
        except Problem as absent:
            if absent.status != 404:
                raise
            return self._create(call, record, {"externalId": token[4:]}, stamp)
        return self._patch(call, record, token, stamp)

    def _create(self, call: Call, record: str, given: Document, stamp: Stamp) -> Response:
        decoder = self._decoder(call)
        new = edited(record, {}, {**given, **decoder.record(record, call.body)}, ())
        new.update({key: given[key] for key in ("externalId",) if key in given})
        new["id"] = self._books.new_id(record)
        return self._keep(call, record, new, None, decoder, stamp)

    def _patch(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        found = self._find(call, record, token)
        old = self._books.need(record, found["id"])
        decoder = self._decoder(call)
        changes = decoder.record(record, call.body)
        if call.method == "PUT":
            changes.pop("externalId", None)
        new = edited(record, old, changes, call.names("replace"))
        return self._keep(call, record, new, old, decoder, stamp)

    def _keep(
        self, call: Call, record: str, new: Document, old: Document | None, decoder: Decoder, stamp: Stamp
    ) -> Response:
        if new.get("externalId") == "":
            raise invalid("The external ID must not be empty.", "externalId")
        rule = RULES[record]
        rule.complete(self._books, new, old, stamp)
        self._books.write(record, new, stamp)
        rule.written(self._books, new, old, stamp)
        headers = {"Location": f"{call.base_url}{RECORD_ROOT}/{record}/{new['id']}"}
        if decoder.warnings:
            said = "; ".join(decoder.warnings).replace('"', "'").encode("ascii", "replace").decode()
            headers["Warning"] = f'199 - "{said}"'
        return Response(status=204, headers=Headers(headers))

    def _delete(self, call: Call, record: str, token: str, stamp: Stamp) -> Response:
        found = self._books.need(record, self._find(call, record, token)["id"])
        RULES[record].removing(self._books, found, stamp)
        self._books.remove(record, found["id"])
        return Response(status=204)

    def _decoder(self, call: Call) -> Decoder:
        return Decoder(
            books=self._books,
            names=validation(call.headers, "Name", "warning"),
            values=validation(call.headers, "Value", "error"),
        )

    def _renderer(self, call: Call) -> Renderer:
        return Renderer(
            books=self._books,
            base_url=call.base_url,
            expand=call.flag("expandSubResources"),
            simple_enums=call.flag("simpleEnumFormat"),
        )


def _charge(time: Document) -> Document | None:
    """What a billable, approved time entry will cost the customer, as NetSuite's project billing shows it."""
    if not time["isBillable"] or time["approvalStatus"] != "3" or "amount" not in time:
        return None
    same = ("id", "createdDate", "lastModifiedDate", "lastModifiedBy", "rate", "amount", "currency", "memo")
    return {
        **{name: time.get(name) for name in same},
        "billTo": time.get("customer"),
        "chargeDate": time["tranDate"],
        "chargeEmployee": time["employee"],
        "serviceItem": time.get("item"),
        "projectTask": time.get("caseTaskEvent"),
        "quantity": decimal_text(round(hours(time["hours"]), 10)),
        "stage": "PROCESSED" if time.get("invoice") else "READY_FOR_BILLING",
        "timeRecord": time["id"],
        "invoice": time.get("invoice"),
    }


def _nowhere() -> Problem:
    return Problem("NONEXISTENT_ID", "The record instance does not exist.", status=404)


def _not_allowed(call: Call) -> Problem:
    return Problem(
        "METHOD_NOT_ALLOWED",
        f"{call.method} is not supported here.",
        status=405,
        where=("o:errorUrl", f"{RECORD_ROOT}/{call.path}"),
    )
