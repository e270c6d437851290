"""One authenticated call of the REST API, and what its resource may use."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..ledger import Ledger
from ..wire import Clock, Request, Response
from .errors import Refused, not_found
from .query import Cursors
from .quota import Quota
from .records import Records
from .schema import SCHEMA, Field, SObject

__all__ = ["Call"]


@dataclass(frozen=True, kw_only=True)
class Call:
    """`user` is the 18-character id of who calls; `version` is the one in the path, such as `67.0`."""

    request: Request
    version: str
    user: str
    ledger: Ledger
    clock: Clock
    records: Records
    cursors: Cursors
    quota: Quota
    #: Carries out a subrequest for the same user; raises `Refused`.
    within: Callable[[Request], Response]

    def sobject(self, name: str) -> SObject:
        """The object of this name, in any case; raises `Refused` 404."""
        sobject = SCHEMA.get(name.lower())
        if sobject is None:
            raise not_found()
        return sobject

    def external_id(self, sobject: SObject, name: str) -> Field:
        """The external id field of this name; raises `Refused` 404."""
        field = sobject.field(name)
        if field is None or not field.external_id:
            raise not_found(f"Provided external ID field does not exist or is not accessible: {name}")
        return field

    def body(self) -> dict[str, Any]:
        """The body as a JSON object; raises `Refused` JSON_PARSER_ERROR."""
        try:
            content = self.request.json()
        except ValueError as error:
            raise Refused(400, "JSON_PARSER_ERROR", f"The body is not JSON: {error}") from None
        if not isinstance(content, dict):
            raise Refused(400, "JSON_PARSER_ERROR", "The body is not a JSON object")
        return content
