"""The smallest stand-in there can be: notes are written with PUT and read with GET."""

from collections.abc import Mapping
from typing import Any

from services.sandbox.firm import Firm
from services.sandbox.ledger import Ledger
from services.sandbox.wire import Clock, Request, Response


class Notebook:
    """Keeps the body of `PUT /notes/{name}`, and who was busy at the time; `PUT /notes/ink` breaks it."""

    name = "notebook"

    def __init__(self, *, ledger: Ledger, clock: Clock, seed: int) -> None:
        self.ledger, self.clock, self.seed = ledger, clock, seed
        self.notes = ledger.collection("notes")

    def settle(self, firm: Firm) -> None:
        """A new notebook is empty."""

    def answer(self, request: Request) -> Response:
        name = request.path.removeprefix("/notes/")
        if request.method == "GET":
            found = self.notes.get(name)
            return Response.of(found, 200 if found else 404)
        note = {"name": name, "text": request.body.decode(), "query": request.query}
        self.notes.put(name, {**note, "in_flight": request.in_flight, "base_url": request.base_url})
        if name == "ink":
            raise RuntimeError("spilt")
        self.ledger.commit()
        return Response.of(note, 201)

    def control(self, verb: str, body: Mapping[str, Any]) -> Any:
        if verb != "tear":
            raise ValueError(f"no verb {verb!r}; there is: tear")
        self.notes.delete(body["name"])
        return len(self.notes)
