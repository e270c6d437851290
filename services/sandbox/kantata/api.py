"""The API's routes: the five verbs every collection has, and the verbs of their own that a few have."""

from collections.abc import Callable

from ..ledger import Document
from ..wire import Response, Router
from . import (
    expenses,
    feed,
    invoices,
    locks,
    milestones,
    participations,
    people,
    posts,
    preferences,
    rates,
    references,
    resolutions,
    stories,
    submissions,
    time_entries,
    workspaces,
)
from .body import payload, read_fields, records
from .envelope import Catalogue, envelope, found
from .errors import invalid, malformed, not_found
from .listing import Page, passes, select
from .resource import Call, Resource
from .values import idents

__all__ = ["CATALOGUE", "route"]

CATALOGUE: Catalogue = {
    resource.key: resource
    for module in (
        expenses, feed, invoices, locks, milestones, participations, people, posts, preferences, rates,
        references, resolutions, stories, submissions, time_entries, workspaces,
    )
    for resource in module.RESOURCES
}  # fmt: skip

ROOT = r"/api/v1"
END = r"(?:\.json)?"
MOST_DELETED = 100


def show(call: Call, resource: Resource, kept: list[Document]) -> Response:
    """The envelope around records that were named or written."""
    size = max(len(kept), 20)
    return envelope(call, CATALOGUE, resource, Page(records=kept, total=len(kept), number=1, size=size))


def resource_of(call: Call, key: str) -> Resource:
    resource = CATALOGUE.get(key)
    if resource is None:
        raise not_found()
    if resource.guard is not None:
        resource.guard(call)
    return resource


def index(call: Call, key: str) -> Response:
    resource = resource_of(call, key)
    return envelope(call, CATALOGUE, resource, select(call, resource))


def single(call: Call, key: str, number: str) -> Response:
    resource = resource_of(call, key)
    record = found(call, resource, number)
    if not passes(call, resource, record):
        raise not_found()
    return show(call, resource, [record])


def create(call: Call, key: str) -> Response:
    resource = resource_of(call, key)
    if resource.create is None:
        raise not_found()
    made = []
    for sent in records(resource, payload(call.request)):
        record = resource.create(call, read_fields(resource, sent, creating=True))
        if sent.get("external_reference") is not None and resource.subject in references.SUBJECTS:
            references.refer(call, resource.subject, record["id"], sent["external_reference"])
        made.append(record)
    return show(call, resource, made)


def update(call: Call, key: str, number: str) -> Response:
    resource = resource_of(call, key)
    if resource.update is None:
        raise not_found()
    sent = payload(call.request).get(resource.singular)
    if not isinstance(sent, dict):
        raise malformed(f"{resource.singular} is missing")
    changed = resource.update(
        call, found(call, resource, number), read_fields(resource, sent, creating=False)
    )
    if sent.get("external_reference") is not None and resource.subject in references.SUBJECTS:
        references.refer(call, resource.subject, number, sent["external_reference"])
    return show(call, resource, [changed])


def delete(call: Call, key: str, number: str) -> Response:
    return remove(call, resource_of(call, key), [number])


def delete_entries(call: Call) -> Response:
    """Delete several time entries, or none of them."""
    sent = call.listed("ids") or payload(call.request).get("ids")
    try:
        numbers = idents(sent)
    except ValueError as error:
        raise malformed(f"ids {error}") from error
    if not 0 < len(numbers) <= MOST_DELETED:
        raise malformed(f"ids must name 1 to {MOST_DELETED} time entries")
    return remove(call, CATALOGUE["time_entries"], numbers)


def remove(call: Call, resource: Resource, numbers: list[str]) -> Response:
    """Delete records and what other systems call them."""
    if resource.remove is None:
        raise not_found()
    for number in numbers:
        resource.remove(call, found(call, resource, number))
        subject = f"{resource.subject}:{number}"
        for reference in call.books["external_references"].where("subject", subject):
            call.books.remove("external_references", reference, by=call.by)
    return Response(status=204)


def me(call: Call) -> Response:
    return show(call, CATALOGUE["users"], [call.user])


def refer(call: Call) -> Response:
    resource = CATALOGUE["external_references"]
    (sent,) = records(resource, payload(call.request))
    fields = read_fields(resource, sent, creating=True)
    return show(call, resource, [references.create_or_update(call, fields)])


def event_types(call: Call) -> Response:
    return feed.event_types(call)


def cancel_invoice(call: Call, number: str) -> Response:
    resource = CATALOGUE["invoices"]
    return show(call, resource, [invoices.cancel(call, found(call, resource, number))])


def resolve_one(call: Call, key: str, number: str, verb: str) -> Response:
    """Approve, reject or cancel one submission."""
    resource, kind = CATALOGUE[key], resolutions.KINDS[key]
    resolution = payload(call.request).get("resolution") or {}
    if not isinstance(resolution, dict):
        raise malformed("resolution must be an object")
    submission = found(call, resource, number)
    resolutions.resolve(call, kind, submission, resolutions.VERBS[verb], resolution.get("description"))
    return show(call, resource, [found(call, resource, number)])


def resolve_several(verb: resolutions.Verb) -> Callable[[Call], Response]:
    """Approve, reject or cancel several timesheets, or none of them."""

    def resolve(call: Call) -> Response:
        resolution = payload(call.request).get("resolution")
        if not isinstance(resolution, dict):
            raise malformed("resolution is missing")
        try:
            numbers = idents(resolution.get("submission_ids"))
        except ValueError as error:
            raise invalid(f"Submission ids {error}", "submission_ids") from error
        if not numbers:
            raise invalid("Submission ids can't be blank", "submission_ids")
        kind, resource = resolutions.TIMESHEETS, CATALOGUE["timesheet_submissions"]
        made = [
            resolutions.resolve(
                call, kind, found(call, resource, number), verb, resolution.get("description")
            )
            for number in numbers
        ]
        return show(call, CATALOGUE["resolutions"], made)

    return resolve


def route(router: Router) -> None:
    """Register every route; the particular ones first, because the first that fits is taken."""
    router.add("GET", f"{ROOT}/users/me{END}")(me)
    router.add("POST", f"{ROOT}/external_references/create_or_update{END}")(refer)
    router.add("GET", f"{ROOT}/subscribed_events/event_types{END}")(event_types)
    router.add("PUT", rf"{ROOT}/invoices/(?P<number>\d+)/cancel{END}")(cancel_invoice)
    router.add("DELETE", f"{ROOT}/time_entries{END}")(delete_entries)
    kinds, verbs = "|".join(resolutions.KINDS), "|".join(resolutions.VERBS)
    router.add("PUT", rf"{ROOT}/(?P<key>{kinds})/(?P<number>\d+)/(?P<verb>{verbs}){END}")(resolve_one)
    for name, verb in (
        ("timesheet_approvals", resolutions.APPROVE),
        ("timesheet_rejections", resolutions.REJECT),
        ("timesheet_cancellations", resolutions.CANCEL),
    ):
        router.add("POST", f"{ROOT}/{name}{END}")(resolve_several(verb))
    collection, record = rf"{ROOT}/(?P<key>[a-z_]+){END}", rf"{ROOT}/(?P<key>[a-z_]+)/(?P<number>\d+){END}"
    router.add("GET", collection)(index)
    router.add("POST", collection)(create)
    router.add("GET", record)(single)
    router.add("PUT", record)(update)
    router.add("DELETE", record)(delete)
