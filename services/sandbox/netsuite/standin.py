"""The NetSuite account: takes a request, finds out who asks, and hands it to the part that answers."""

from collections.abc import Mapping
from typing import Any

from ..firm import Firm
from ..ledger import Ledger
from ..wire import Clock, Request, Response, Router
from . import metadata, oauth1, oauth2
from .batch import JOB_ROOT, Jobs, is_collection
from .books import Books, Stamp
from .call import Call
from .credentials import ACCOUNT, TOKENS, Credentials, TokenPair
from .decoding import parse_object
from .problems import Problem, unauthorised
from .rendering import RECORD_ROOT
from .resource import RecordApi
from .settle import settle
from .suiteql import SUITEQL_PATH, SuiteQl

__all__ = ["NetSuite"]


class NetSuite:
    """A stand-in for one NetSuite account's SuiteTalk REST services.

    `concurrency` requests may be in flight at once (15 is the Premium tier); an asynchronous job takes
    `async_seconds` of the clock.
    """

    name = "netsuite"

    def __init__(
        self,
        *,
        ledger: Ledger,
        clock: Clock,
        seed: int,
        concurrency: int = 15,
        async_seconds: float = 0.2,
        tokens: tuple[TokenPair, ...] = TOKENS,
    ) -> None:
        self.ledger = ledger
        self._clock, self._concurrency, self._async_seconds = clock, concurrency, async_seconds
        self._books = Books(ledger, seed)
        self._credentials = Credentials(ledger, seed, tokens)
        self._records = RecordApi(self._books)
        self._jobs = Jobs(ledger, self._books, self._records)
        self._suiteql = SuiteQl(self._books)
        self._routes = self._router()

    def settle(self, firm: Firm) -> None:
        """Set up what finance already keeps: the firm's structure, people, prices, periods, two customers."""
        if not len(self._books.records["subsidiary"]):
            settle(self._books, firm, self._clock())
            self.ledger.commit()

    def answer(self, request: Request) -> Response:
        """Answer one request; jobs that fell due before it are carried out first."""
        self._jobs.run_due(self._clock())
        self.ledger.commit()
        mark = 0
        try:
            if request.path == oauth2.TOKEN_PATH:
                response = self._token(request)
            else:
                self._admit(request)
                user = self._authenticate(request)
                mark = self.ledger.savepoint()
                response = self._route(request, Stamp(at=self._clock(), by=user))
        except Problem as problem:
            self.ledger.rollback(mark)
            response = problem.response()
        except BaseException:
            self.ledger.rollback()
            raise
        self.ledger.commit()
        return response

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        """Verbs: `register_certificate`, `revoke`, `expire_tokens`, `configure`; see the README."""
        self._jobs.run_due(self._clock())
        try:
            match verb:
                case "register_certificate":
                    self._credentials.register(body)
                case "revoke":
                    self._credentials.revoke(body)
                case "expire_tokens":
                    self._credentials.expire()
                case "configure":
                    self._concurrency = int(body.get("concurrency", self._concurrency))
                    self._async_seconds = float(body.get("async_seconds", self._async_seconds))
                case _:
                    raise ValueError(f"unknown verb {verb!r}")
        except KeyError as absent:
            raise ValueError(f"{verb} needs {absent}") from absent
        self.ledger.commit()
        return None

    def _admit(self, request: Request) -> None:
        if request.in_flight > self._concurrency:
            raise Problem(
                "CONCURRENCY_LIMIT_EXCEEDED",
                "Concurrent request limit exceeded. Request blocked.",
                status=429,
                outer="USER_ERROR",
            )

    def _authenticate(self, request: Request) -> str:
        scheme = request.headers.get("authorization").partition(" ")[0].lower()
        if scheme == "bearer":
            return oauth2.authenticate(request, self._credentials, self._clock())
        if scheme == "oauth":
            return oauth1.authenticate(request, self._credentials, self._clock().timestamp())
        raise unauthorised(ACCOUNT, "Invalid login attempt. No credentials were sent.")

    def _token(self, request: Request) -> Response:
        if request.method != "POST":
            return Response.of({"error": "invalid_request"}, 405, {"Allow": "POST"})
        return oauth2.grant(request, self._credentials, self._clock())

    def _router(self) -> Router:
        routes = Router()
        root, job = RECORD_ROOT, JOB_ROOT
        routes.add("POST", SUITEQL_PATH)(self._suiteql.answer)
        routes.add("GET", rf"{root}/metadata-catalog/?(?P<record>\w*)")(metadata.answer)
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            routes.add(method, rf"{root}/(?P<path>(?!metadata-catalog)\w.*)")(self._record)
        routes.add("GET", rf"{job}/(?P<job>\d+)(/(?P<below>task))?")(self._job)
        routes.add("GET", rf"{job}/(?P<job>\d+)/task/(?P<task>\d+)(/(?P<below>result))?")(self._job)
        return routes

    def _route(self, request: Request, stamp: Stamp) -> Response:
        found = self._routes.find(request.method, request.path)
        if isinstance(found, set):
            status, code = (405, "METHOD_NOT_ALLOWED") if found else (404, "INVALID_URL")
            raise Problem(
                code, "There is nothing at this address.", status=status, where=("o:errorUrl", request.path)
            )
        answer, groups = found
        return answer(request, stamp, **{name: text or "" for name, text in groups.items()})

    def _record(self, request: Request, stamp: Stamp, path: str) -> Response:
        if "respond-async" in request.headers.get("prefer"):
            return self._jobs.submit(request, stamp, self._async_seconds)
        if is_collection(request):
            raise Problem(
                "INVALID_REQUEST",
                "Batch operations are asynchronous: send Prefer: respond-async.",
                where=("o:errorHeader", "Prefer"),
            )
        body = parse_object(request.body) if request.body else {}
        call = Call(
            method=request.method,
            path=path.rstrip("/"),
            params=dict(request.params),
            headers=request.headers,
            body=body,
            base_url=request.base_url,
        )
        return self._records.perform(call, stamp)

    def _job(self, request: Request, stamp: Stamp, job: str, task: str = "", below: str = "") -> Response:
        return self._jobs.show(request, stamp.at, job, task, below)
