"""External references: what other systems know a record by, and how their last synchronisation went."""

from typing import Any

from ..ledger import Document
from .body import read_fields
from .books import Books
from .errors import invalid, malformed
from .filters import MOMENTS
from .resource import Association, Call, Filter, Narrowing, Resource
from .values import Reader, flag, ident, one_of, text

__all__ = ["RESOURCES", "SUBJECTS", "create_or_update", "refer"]

#: Subject type to the collections it may be in.
SUBJECTS = {
    "BillingMilestone": ("billing_milestones",),
    "Expense": ("expenses",),
    "Invoice": ("invoices",),
    "Participation": ("participations",),
    "Post": ("posts",),
    "RateCard": ("rate_cards",),
    "Role": ("roles",),
    "Story": ("stories",),
    "Submission": ("timesheet_submissions", "expense_report_submissions"),
    "TimeEntry": ("time_entries",),
    "User": ("users",),
    "Workspace": ("workspaces",),
}
#: What is read of the reference itself, whether it comes alone or inside its subject.
OWN: dict[str, Reader] = {
    "service_name": text,
    "service_model": text,
    "service_model_ref": text,
    "status": one_of("pending", "successful", "failed"),
    "external_link": text,
    "external_message": text,
    "external_status": text,
    "locked": flag,
}


def subject_of(books: Books, reference: Document) -> dict[str, str] | None:
    """Where the subject of a reference is, by collection and id."""
    number = reference["subject_id"]
    for key in SUBJECTS[reference["subject_type"]]:
        if number in books[key]:
            return {"key": key, "id": number}
    return None


def create_or_update(call: Call, fields: Document) -> Document:
    """Keep one reference per subject and service: the second write changes the first."""
    if subject_of(call.books, fields) is None:
        raise invalid("Subject can't be found", "subject_id")
    return _keep(call, fields["subject_type"], fields["subject_id"], fields)


def refer(call: Call, subject_type: str, number: str, sent: Any) -> None:
    """Keep the `external_reference` that a record was written with."""
    if not isinstance(sent, dict):
        raise malformed("external_reference must be an object")
    _keep(call, subject_type, number, read_fields(NESTED, sent, creating=True))


def _keep(call: Call, subject_type: str, number: str, fields: Document) -> Document:
    references = call.books["external_references"]
    subject = f"{subject_type}:{number}"
    slot = f"{subject}:{fields['service_name']}"
    keys = {
        "subject_type": subject_type,
        "subject_id": number,
        "subject": subject,
        "slot": slot,
        "identity": f"{subject_type}:{fields['service_name']}:{fields['service_model_ref']}",
        "last_synced_at": call.books.now(),
    }
    kept = references.by("slot", slot)
    if kept is not None:
        return call.books.change("external_references", kept, {**fields, **keys}, by=call.by)
    blank = {
        "status": "pending", "external_link": None, "external_message": None, "external_status": None,
        "locked": False,
    }  # fmt: skip
    return call.books.insert("external_references", {**blank, **fields, **keys}, by=call.by)


def need_subject_type(call: Call) -> None:
    """The vendor lists references of one subject type at a time."""
    listing = call.request.method == "GET" and not call.request.has_param("only")
    if listing and call.request.param("subject_type") not in SUBJECTS:
        raise malformed("subject_type is missing or not supported")


def of_subject_type(call: Call, value: str) -> Narrowing:
    near = call.books["external_references"].where("subject_type", value)
    return Narrowing(among=lambda: near)


def of_subject(call: Call, value: str) -> Narrowing:
    subject = f"{call.request.param('subject_type')}:{ident(value)}"
    return Narrowing(among=lambda: call.books["external_references"].where("subject", subject))


def exactly(field: str) -> Filter:
    return lambda call, value: Narrowing(test=lambda reference: reference[field] == value)


def of_reference(call: Call, value: str) -> Narrowing:
    """An exact reference; with subject type and service it comes from an index."""
    identity = f"{call.request.param('subject_type')}:{call.request.param('service_name')}:{value}"
    if not call.request.has_param("service_name"):
        return Narrowing(test=lambda reference: reference["service_model_ref"] == value)
    return Narrowing(among=lambda: call.books["external_references"].where("identity", identity))


#: A reference inside its subject's own body.
NESTED = Resource(
    key="external_references",
    singular="external_reference",
    writable=OWN,
    required=("service_name", "service_model", "service_model_ref"),
)

EXTERNAL_REFERENCES = Resource(
    key="external_references",
    singular="external_reference",
    fields=(
        "subject_type", "subject_id", "service_name", "service_model", "service_model_ref", "status",
        "external_link", "external_message", "external_status", "locked", "last_synced_at", "created_at",
        "updated_at",
    ),
    includes={"subject": Association(key="", field="subject_ref", ids=subject_of)},
    filters={
        **MOMENTS,
        "subject_type": of_subject_type,
        "subject_id": of_subject,
        "service_name": exactly("service_name"),
        "service_model": exactly("service_model"),
        "service_model_ref": of_reference,
        "status": exactly("status"),
        "external_status": exactly("external_status"),
        "external_message": exactly("external_message"),
    },
    orders={"created_at": "created_at", "updated_at": "updated_at", "last_synced_at": "last_synced_at"},
    order="last_synced_at:desc",
    writable={"subject_type": one_of(*SUBJECTS), "subject_id": ident, **OWN},
    required=("subject_type", "subject_id", "service_name", "service_model", "service_model_ref"),
    guard=need_subject_type,
)  # fmt: skip

RESOURCES = (EXTERNAL_REFERENCES,)
