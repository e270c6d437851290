"""The org's records: what may be written, who wrote it last, and what was deleted."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from ..ledger import Document, Duplicate, Ledger
from ..wire import Clock
from .errors import Refused, data_refused, not_found
from .ids import made, whole
from .schema import SCHEMA, STAGES, Field, SObject
from .times import moment, stamp
from .values import stored

__all__ = ["Records", "deleted"]

CORPORATE_CURRENCY = "USD"
SECOND = timedelta(seconds=1)


def deleted(sobject: SObject) -> str:
    """The collection that keeps what was deleted, so that a unique value is free again at once."""
    return f"{sobject.name}.deleted"


class Records:
    """Reads and writes records of every object. Nothing is committed here."""

    def __init__(self, ledger: Ledger, clock: Clock, seed: int) -> None:
        self._clock, self._seed = clock, seed
        self._org = ledger.collection("org")
        #: Record id to how many more writes find it locked by someone else.
        self.locked: dict[str, int] = {}
        self.live, self.gone = {}, {}
        for sobject in SCHEMA.values():
            fields = sobject.fields
            self.live[sobject.name] = ledger.collection(
                sobject.name,
                unique=tuple(field.name for field in fields if field.unique and field.name != "Id"),
                index=tuple(field.name for field in fields if field.exact and not field.unique),
            )
            self.gone[sobject.name] = ledger.collection(deleted(sobject))

    def next_id(self, prefix: str) -> str:
        """A new id; the count behind it is kept."""
        key = f"count {prefix}"
        number = (self._org.get(key) or {"last": 0})["last"] + 1
        self._org.put(key, {"last": number})
        return made(prefix, self._seed, number)

    def find(self, sobject: SObject, key: str) -> Document:
        """A live record by an id of 15 or 18 characters."""
        full = whole(key)
        if full is None:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {key}")
        if (document := self.live[sobject.name].get(full)) is not None:
            return document
        if full in self.gone[sobject.name]:
            raise Refused(404, "ENTITY_IS_DELETED", "entity is deleted")
        raise not_found()

    def holding(self, sobject: SObject, field: Field, value: str) -> list[Document]:
        """The live records whose external id holds this value."""
        live = self.live[sobject.name]
        if not field.unique:
            return live.where(field.name, value)
        document = live.by(field.name, value)
        return [] if document is None else [document]

    def create(self, sobject: SObject, given: Mapping[str, Any], user: str) -> Document:
        """Write a new record in the name of a user."""
        if any(name.lower() == "id" for name in given):
            message = "cannot specify Id in an insert call"
            raise data_refused("INVALID_FIELD_FOR_INSERT_UPDATE", message, "Id")
        _refuse_read_only(sobject)
        document: Document = {field.name: None for field in sobject.fields}
        if sobject.field("OwnerId"):
            document |= {"OwnerId": user, "CurrencyIsoCode": CORPORATE_CURRENCY}
        document |= self._values(sobject, given)
        document |= {"Id": self.next_id(sobject.prefix), "IsDeleted": False, "CreatedById": user}
        return self._write(sobject, document, None, user)

    def change(self, sobject: SObject, before: Document, given: Mapping[str, Any], user: str) -> Document:
        """Write some fields of a record in the name of a user."""
        if any(name.lower() == "id" for name in given):
            message = "The Id field should not be specified in the sobject data."
            raise data_refused("INVALID_FIELD", message, "Id")
        _refuse_read_only(sobject)
        self._refuse_locked(before["Id"])
        return self._write(sobject, before | self._values(sobject, given), before, user)

    def remove(self, sobject: SObject, document: Document, user: str) -> None:
        """Move a record to the deleted ones; an account takes its opportunities with it."""
        _refuse_read_only(sobject)
        self._refuse_locked(document["Id"])
        if sobject.name == "Account":
            for opportunity in self.live["Opportunity"].where("AccountId", document["Id"]):
                self.remove(SCHEMA["opportunity"], opportunity, user)
        self.live[sobject.name].delete(document["Id"])
        signed = self._signed(document | {"IsDeleted": True}, document, user)
        self.gone[sobject.name].put(document["Id"], signed)

    def plant(self, sobject: SObject, values: Document, user: str) -> Document:
        """Put a record that no client could write, for a new org."""
        document: Document = {field.name: None for field in sobject.fields}
        document |= values | {"IsDeleted": False, "CreatedById": user}
        return self._write(sobject, document, None, user)

    def _values(self, sobject: SObject, given: Mapping[str, Any]) -> Document:
        values: Document = {}
        for name, value in given.items():
            if name == "attributes":
                continue
            if (parent := sobject.parent(name)) is not None and isinstance(value, Mapping):
                values[parent.name] = self._parent_by_external_id(parent, value)
                continue
            field = sobject.field(name)
            if field is None:
                message = f"No such column '{name}' on sobject of type {sobject.name}"
                raise data_refused("INVALID_FIELD", message)
            if not field.writable:
                message = f"Unable to create/update fields: {field.name}. They cannot be written."
                raise data_refused("INVALID_FIELD_FOR_INSERT_UPDATE", message, field.name)
            values[field.name] = stored(field, value)
            parent_id = values[field.name]
            if field.refers and parent_id is not None and parent_id not in self.live[field.refers]:
                raise data_refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", field.name)
        return values

    def _parent_by_external_id(self, reference: Field, given: Mapping[str, Any]) -> str:
        """`{"Account": {"Client_Number__c": "C-0001"}}` stands for the id of that account."""
        parent = SCHEMA[reference.refers.lower()]
        named = [(parent.field(name), value) for name, value in given.items() if name != "attributes"]
        match named:
            case [(Field(external_id=True) as field, str(value))]:
                held = self.holding(parent, field, value)
                if len(held) == 1:
                    return str(held[0]["Id"])
                place = f"field {field.name} in entity {parent.name}"
                message = f"Foreign key external ID: {value} not found for {place}"
                raise data_refused("INVALID_FIELD", message)
        raise data_refused(
            "INVALID_FIELD", f"{reference.relationship} must name one external id of {parent.name}"
        )

    def _write(self, sobject: SObject, document: Document, before: Document | None, user: str) -> Document:
        missing = [field.name for field in sobject.fields if field.required and document[field.name] is None]
        if missing:
            message = f"Required fields are missing: [{', '.join(missing)}]"
            raise data_refused("REQUIRED_FIELD_MISSING", message, *missing)
        if sobject.name == "Opportunity":
            document["IsClosed"], document["IsWon"] = STAGES[document["StageName"]]
        try:
            return self.live[sobject.name].put(document["Id"], self._signed(document, before, user))
        except Duplicate as duplicate:
            held = f"{duplicate.field} duplicates value on record with id: {duplicate.holder}"
            message = f"duplicate value found: {held}"
            raise data_refused("DUPLICATE_VALUE", message) from None

    def _signed(self, document: Document, before: Document | None, user: str) -> Document:
        """Say who wrote last and when: never earlier than any write before, later than this record's last."""
        last = self._org.get("last write")
        time = stamp(self._clock())
        if last is not None and last["stamp"] > time:
            time = last["stamp"]
        if before is not None and before["SystemModstamp"] >= time:
            time = stamp(moment(before["SystemModstamp"]) + SECOND)
        self._org.put("last write", {"stamp": time})
        return document | {
            "CreatedDate": document["CreatedDate"] or time,
            "LastModifiedDate": time,
            "LastModifiedById": user,
            "SystemModstamp": time,
        }

    def _refuse_locked(self, key: str) -> None:
        if self.locked.get(key, 0) > 0:
            self.locked[key] -= 1
            message = "unable to obtain exclusive access to this record or 1 records: " + key
            raise data_refused("UNABLE_TO_LOCK_ROW", message)


def _refuse_read_only(sobject: SObject) -> None:
    if not sobject.writable:
        message = f"entity type cannot be inserted, updated or deleted: {sobject.name}"
        raise data_refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)
