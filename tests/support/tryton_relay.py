"""A real Tryton behind the sandbox's server, so that fault scripts strike calls to it as they strike stand-ins."""

from collections.abc import Mapping
from typing import Any

import httpx

from services.sandbox.firm import Firm
from services.sandbox.ledger import Ledger
from services.sandbox.wire import Headers, Request, Response

__all__ = ["Relay"]

PASSED_ON = ("authorization", "content-type")


class Relay:
    """Passes every request on and every answer back."""

    name = "tryton"

    def __init__(self, url: str) -> None:
        self.ledger = Ledger()
        self._http = httpx.Client(base_url=url, timeout=60)

    def settle(self, firm: Firm) -> None:
        """Tryton was founded with its firm."""

    def answer(self, request: Request) -> Response:
        headers = {name: value for name, value in request.headers.items() if name in PASSED_ON}
        reply = self._http.request(request.method, request.path, content=request.body, headers=headers)
        media = reply.headers.get("content-type", "text/html")
        return Response(
            status=reply.status_code, headers=Headers({"content-type": media}), body=reply.content
        )

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        raise ValueError(verb)

    def close(self) -> None:
        self._http.close()
