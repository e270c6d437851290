"""Asynchronous jobs: accepted at once, carried out when their time has come, their results kept.

Nothing runs in the background. Whoever touches the account first after a job is due makes it happen, with
the moment it was due, so that every later read counts it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from ..ledger import Document, Ledger
from ..wire import Headers, Request, Response
from .books import Books, Stamp
from .call import Call, bad_parameter
from .decoding import parse_object
from .problems import Problem, invalid
from .rendering import RECORD_ROOT
from .resource import COLLECTION_MEDIA, SINGULAR_MEDIA, RecordApi

__all__ = ["JOB_ROOT", "MOST_ITEMS", "Jobs", "is_collection"]

JOB_ROOT = "/services/rest/async/v1/job"
MOST_ITEMS = 100
KEPT_HEADERS = ("content-type", "x-netsuite-propertynamevalidation", "x-netsuite-propertyvaluevalidation")


def is_collection(request: Request) -> bool:
    """Whether the request is about several records at once."""
    return "type=collection" in request.headers.get("content-type") or request.has_param("ids")


class Jobs:
    """The jobs of the account, in the ledger. A batch has one task for each of its records."""

    def __init__(self, ledger: Ledger, books: Books, api: RecordApi) -> None:
        self._ledger, self._books, self._api = ledger, books, api
        self._jobs = ledger.collection("asyncJob", unique=("key",), index=("pending",))

    def submit(self, request: Request, stamp: Stamp, seconds: float) -> Response:
        """Accept a request for later (202); raises `Problem` for a repeated key or an unfit batch."""
        key = self._fresh_key(request)
        job: Document = {
            "id": str(self._books.number("id:asyncJob")),
            "key": key,
            "pending": True,
            "submitted": stamp.at.isoformat(),
            "due": (stamp.at + timedelta(seconds=seconds)).isoformat(),
            "by": stamp.by,
            "method": request.method,
            "path": request.path.removeprefix(RECORD_ROOT + "/"),
            "params": dict(request.params),
            "headers": {name: request.headers.get(name) for name in KEPT_HEADERS},
            "body": request.body.decode("utf-8", "replace"),
            "base_url": request.base_url,
            "batch": is_collection(request),
            "tasks": 1,
            "results": [],
        }
        job["tasks"] = sum(1 for _ in _calls(job))
        self._jobs.put(job["id"], job)
        headers = {
            "Location": f"{request.base_url}{JOB_ROOT}/{job['id']}",
            "Preference-Applied": "respond-async",
        }
        return Response(status=202, headers=Headers(headers))

    def _fresh_key(self, request: Request) -> str | None:
        """The idempotency key of a request, where it has one; raises `Problem` where it was used before."""
        key = request.headers.get("x-netsuite-idempotency-key") or None
        if key is not None and (first := self._jobs.by("key", key)) is not None:
            raise Problem(
                "IDEMPOTENCY_ERROR",
                f"A request with the idempotency key {key} was submitted before.",
                title="Conflict",
                where=("o:errorHeader", "X-NetSuite-Idempotency-Key"),
                headers={"Location": f"{request.base_url}{JOB_ROOT}/{first['id']}"},
            )
        return key

    def run_due(self, now: datetime) -> None:
        """Carry out every job that is due, in the order they fall due; the caller commits."""
        waiting = [(datetime.fromisoformat(job["due"]), job) for job in self._jobs.where("pending", True)]
        for due, job in sorted(waiting, key=lambda pair: pair[0]):
            if due <= now:
                self._run(job, due)

    def _run(self, job: Document, due: datetime) -> None:
        stamp = Stamp(at=due, by=job["by"])
        results = []
        for call in _calls(job):
            mark = self._ledger.savepoint()
            try:
                answer = self._api.perform(call, stamp)
            except Problem as problem:
                self._ledger.rollback(mark)
                answer = problem.response()
            results.append(
                {"status": answer.status, "headers": dict(answer.headers), "body": answer.body.decode()}
            )
        self._jobs.put(job["id"], {**job, "pending": False, "body": "", "results": results})

    def show(self, request: Request, now: datetime, job: str, task: str = "", below: str = "") -> Response:
        """Answer `/job/{id}`, `/job/{id}/task`, `/task/{n}` and `/task/{n}/result`."""
        held = self._jobs.get(job)
        if held is None or (task and not 1 <= int(task) <= held["tasks"]):
            raise Problem("NONEXISTENT_ID", "The asynchronous job does not exist.", status=404)
        url = f"{request.base_url}{JOB_ROOT}/{job}"
        if below == "result":
            return _replayed(held, int(task))
        if task:
            return Response.of(_task(held, int(task), url, now), media=SINGULAR_MEDIA)
        if below == "task":
            links = [{"rel": "self", "href": f"{url}/task/{number + 1}"} for number in range(held["tasks"])]
            body = {
                "links": [{"rel": "self", "href": f"{url}/task"}],
                "count": 1,
                "items": [{"links": links}],
            }
            return Response.of(body, media=COLLECTION_MEDIA)
        body = {
            "links": [{"rel": "self", "href": url}],
            "id": job,
            "completed": not held["pending"],
            "progress": _progress(held, held["results"], now),
            "task": {"links": [{"rel": "self", "href": f"{url}/task"}]},
        }
        return Response.of(body, media=SINGULAR_MEDIA)


def _progress(job: Document, results: list[Document], now: datetime) -> str:
    if job["pending"]:
        submitted, due = (datetime.fromisoformat(job[name]) for name in ("submitted", "due"))
        return "pending" if now < submitted + (due - submitted) / 2 else "processing"
    return "succeeded" if all(result["status"] < 400 for result in results) else "failed"


def _task(job: Document, number: int, url: str, now: datetime) -> dict[str, Any]:
    own = job["results"][number - 1 : number]
    shown = {
        "id": str(number),
        "completed": not job["pending"],
        "progress": _progress(job, own, now),
        "startTime": _moment(job["submitted"]),
        "links": [
            {"rel": "self", "href": f"{url}/task/{number}"},
            {"rel": "related", "href": f"{url}/task/{number}/result"},
        ],
    }
    return shown if job["pending"] else {**shown, "endTime": _moment(job["due"])}


def _moment(iso: str) -> str:
    return f"{datetime.fromisoformat(iso):%Y-%m-%dT%H:%M:%SZ}"


def _replayed(job: Document, number: int) -> Response:
    if job["pending"]:
        raise Problem("NONEXISTENT_ID", "The result is not available yet.", status=404)
    result = job["results"][number - 1]
    return Response(status=result["status"], headers=Headers(result["headers"]), body=result["body"].encode())


def _calls(job: Document) -> Iterator[Call]:
    """The operations of a job; raises `Problem` where a batch breaks the rules of batches."""
    if not job["batch"]:
        body = parse_object(job["body"].encode()) if job["body"] else {}
        yield _call(job, job["method"], job["path"], body)
    elif job["method"] in ("GET", "DELETE"):
        ids = [token.strip().replace("'", "") for token in job["params"].get("ids", "").split(",")]
        _limit(ids, job)
        for token in ids:
            yield _call(job, job["method"], f"{job['path']}/{token}", {})
    else:
        items = parse_object(job["body"].encode()).get("items")
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise invalid("A batch needs items.", "items")
        _limit(items, job)
        for place, item in enumerate(items):
            yield _call(job, job["method"], _item_path(job, item, place), item)


def _limit(items: list[Any], job: Document) -> None:
    if "/" in job["path"]:
        raise Problem("INVALID_REQUEST", "A batch is sent to the collection of a record type.")
    if not 1 <= len(items) <= MOST_ITEMS:
        raise Problem("INVALID_REQUEST", f"A batch holds between 1 and {MOST_ITEMS} records.")
    if job["method"] == "GET" and job["params"].get("expandRecords") != "true":
        raise bad_parameter("expandRecords", "A batch GET needs expandRecords=true.")


def _item_path(job: Document, item: dict[str, Any], place: int) -> str:
    """Where one item goes: the internal id wins over the external one; PUT takes the external only."""
    if job["method"] == "POST":
        return str(job["path"])
    if item.get("id") is not None and job["method"] == "PATCH":
        return f"{job['path']}/{item['id']}"
    if item.get("externalId") is None:
        raise invalid("Each item needs an id or externalId.", f"items[{place}].externalId")
    return f"{job['path']}/eid:{item['externalId']}"


def _call(job: Document, method: str, path: str, body: dict[str, Any]) -> Call:
    return Call(
        method=method,
        path=path,
        params=job["params"],
        headers=Headers(job["headers"]),
        body=body,
        base_url=job["base_url"],
    )
