"""Salesforce as its clients meet it: the token endpoint and the REST API of one org."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..firm import Firm
from ..ledger import Ledger
from ..wire import Answer, Clock, Headers, Request, Response, Router
from . import changes, composite, describe, queries, settling, sobject_collections, sobjects
from .call import Call
from .errors import Refused, not_found
from .ids import whole
from .logins import Logins
from .query import Cursors
from .quota import Quota
from .records import Records

__all__ = ["Salesforce"]

OLDEST, NEWEST = 46, 67
DATA = re.compile(r"/services/data/v(?P<version>\d+\.0)(?P<rest>/.*)?")
SEASONS = ("Winter", "Spring", "Summer")

NAME, KEY = r"(?P<name>\w+)", r"(?P<key>\w+)"
EXTERNAL_ID = r"(?P<field>\w+)/(?P<value>.+)"
CURSOR = r"(?P<cursor>\w+)-(?P<offset>\d+)"

#: Below `/services/data/vNN.0`, first match wins.
ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "", describe.resources),
    ("GET", "/limits", lambda call: Response.of(call.quota.show())),
    ("GET", "/query", queries.ask),
    ("GET", "/queryAll", queries.ask_with_deleted),
    ("GET", f"/query(?:All)?/{CURSOR}", queries.proceed),
    ("POST", "/composite", composite.compose),
    ("POST", "/composite/sobjects", sobject_collections.create),
    ("PATCH", "/composite/sobjects", sobject_collections.change),
    ("DELETE", "/composite/sobjects", sobject_collections.remove),
    ("GET", f"/composite/sobjects/{NAME}", sobject_collections.read),
    ("POST", f"/composite/sobjects/{NAME}", sobject_collections.read_by_post),
    ("PATCH", rf"/composite/sobjects/{NAME}/(?P<field>\w+)", sobject_collections.put),
    ("GET", "/sobjects", describe.every_object),
    ("GET", f"/sobjects/{NAME}", describe.summary),
    ("POST", f"/sobjects/{NAME}", sobjects.create),
    ("GET", f"/sobjects/{NAME}/describe", describe.fields_of),
    ("GET", f"/sobjects/{NAME}/updated", changes.updated),
    ("GET", f"/sobjects/{NAME}/deleted", changes.deleted),
    ("GET", f"/sobjects/{NAME}/{KEY}", sobjects.read),
    ("PATCH", f"/sobjects/{NAME}/{KEY}", sobjects.change),
    ("DELETE", f"/sobjects/{NAME}/{KEY}", sobjects.remove),
    ("GET", f"/sobjects/{NAME}/{EXTERNAL_ID}", sobjects.read_by_external_id),
    ("PATCH", f"/sobjects/{NAME}/{EXTERNAL_ID}", sobjects.change_by_external_id),
    ("DELETE", f"/sobjects/{NAME}/{EXTERNAL_ID}", sobjects.remove_by_external_id),
)


class Salesforce:
    """One org. Takes `ledger`, `clock` and `seed`; see the README for credentials and custom fields."""

    name = "salesforce"

    def __init__(self, *, ledger: Ledger, clock: Clock, seed: int) -> None:
        self.ledger, self._clock = ledger, clock
        self._records = Records(ledger, clock, seed)
        self._logins = Logins(ledger, self._records, clock, seed)
        self._cursors = Cursors(ledger, self._records)
        self._quota = Quota(ledger, clock)
        self._router = Router()
        for method, pattern, function in ROUTES:
            self._router.add(method, pattern)(function)

    def settle(self, firm: Firm) -> None:
        """Fill an empty org from the firm."""
        if not len(self._records.live["User"]):
            settling.settle(firm, self._records, self._logins)
            self.ledger.commit()

    def answer(self, request: Request) -> Response:
        """Answer one request; nothing of a refused one is kept."""
        try:
            response = self._enter(request)
        except Refused as refusal:
            self.ledger.rollback()
            response = refusal.response()
        except BaseException:
            self.ledger.rollback()
            raise
        self.ledger.commit()
        if DATA.fullmatch(request.path):
            usage = {"sforce-limit-info": self._quota.header()}
            response = replace(response, headers=Headers({**response.headers, **usage}))
        return response

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        """`expire_tokens`, `set_quota` {daily}, `lock_row` {id, times}, `trust_key` {client_id, public_key}."""
        match verb, body:
            case "expire_tokens", {}:
                return self._logins.expire()
            case "set_quota", {"daily": int(daily)} if daily >= 0:
                return self._quota.set(daily)
            case "lock_row", {"id": str(key), "times": int(times)} if whole(key) is not None:
                self._records.locked[str(whole(key))] = times
                return None
            case "trust_key", {"client_id": str(client_id), "public_key": str(pem)}:
                return self._logins.trust_key(client_id, pem)
        raise ValueError(f"{verb} with {sorted(body)} is not legal; legal: {self.control.__doc__}")

    def _enter(self, request: Request) -> Response:
        path = request.path.rstrip("/")
        match request.method, path:
            case "POST", "/services/oauth2/token":
                return self._logins.token(request)
            case "GET", "/services/oauth2/userinfo":
                return self._logins.identity(request)
            case "GET", "/services/data":
                return Response.of([_release(number) for number in range(OLDEST, NEWEST + 1)])
        if not DATA.fullmatch(path):
            raise not_found()
        user = self._logins.user_of(request)
        self._quota.spend()
        return self._serve(request, user)

    def _serve(self, request: Request, user: str) -> Response:
        """One call of the REST API by a known user."""
        at = DATA.fullmatch(request.path.rstrip("/"))
        if at is None or not OLDEST <= float(at["version"]) <= NEWEST:
            raise not_found()
        match self._router.find(request.method, at["rest"] or ""):
            case (function, groups):
                return function(self._call(request, at["version"], user), **groups)
            case allowed if allowed:
                message = (
                    f"HTTP Method '{request.method}' not allowed. Allowed are {','.join(sorted(allowed))}"
                )
                raise Refused(405, "METHOD_NOT_ALLOWED", message)
        raise not_found()

    def _call(self, request: Request, version: str, user: str) -> Call:
        return Call(
            request=request,
            version=version,
            user=user,
            ledger=self.ledger,
            clock=self._clock,
            records=self._records,
            cursors=self._cursors,
            quota=self._quota,
            within=lambda inner: self._serve(inner, user),
        )


def _release(number: int) -> dict[str, str]:
    """Three releases a year; 67 is Summer '26."""
    label = f"{SEASONS[(number - 65) % 3]} '{26 + (number - 65) // 3}"
    return {"label": label, "url": f"/services/data/v{number}.0", "version": f"{number}.0"}
