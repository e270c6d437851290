"""Shows people how their time stands in finance: one external reference on the time entry, overwritten each time."""

from collections.abc import Sequence
from typing import Any, Final

from contracts.timesheets.v1 import AnnotateTime, TimeStanding
from contracts.types import ConnectionName
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Rejected, Unsure

from ..port import Shown
from .api import Api
from .bookings import entry_id
from .options import Options
from .wire import Entry, Reference

__all__ = ["Annotation", "body", "sequence_of", "subject"]

#: A failed reference shows its message to people as an error.
STATUSES: Final[dict[TimeStanding, str]] = {"posted": "successful", "held": "failed", "reversed": "pending"}
MODEL = "posting"


class Annotation:
    """The verb `annotate_time`. An entry keeps one reference per service, so a repeat changes nothing."""

    def __init__(self, name: ConnectionName, api: Api, options: Options) -> None:
        self._name, self._api, self._options = name, api, options

    async def apply(self, writes: Sequence[Write]) -> list[Applied]:
        """Annotate each entry, or raise the family that it failed with."""
        return [await self._annotate(write.command) for write in writes]

    async def find(self, write: Write) -> Applied | None:
        """Whether the entry shows this annotation, or one that came after it."""
        command: AnnotateTime = write.command
        page = await self._api.read(
            "time_entries", only=subject(command, self._name), from_archived_workspaces="true",
            include="workspace,external_references", order="created_at:asc", page="1", per_page="1",
        )  # fmt: skip
        references = page.side("external_references", Reference)
        shown = [
            sequence_of(references[number].service_model_ref)
            for entry in page.rows("time_entries", Entry)
            for number in entry.external_reference_ids
            if number in references and references[number].service_name == self._options.posting_service
        ]
        return _done() if any(number >= command.sequence for number in shown) else None

    async def _annotate(self, command: AnnotateTime) -> Applied:
        sent = body(command, self._name, self._options)
        answer = await self._api.write(
            "POST", "external_references/create_or_update", {"external_reference": sent}
        )
        kept = answer.rows("external_references", Reference)
        told = [(one.subject_id, one.service_name, one.service_model_ref, one.status) for one in kept]
        if told != [(sent["subject_id"], sent["service_name"], sent["service_model_ref"], sent["status"])]:
            raise Unsure("the answer shows another reference than the one that was sent")
        return _done()


def body(command: AnnotateTime, name: ConnectionName, options: Options) -> dict[str, Any]:
    """The reference that shows an annotation. `service_model_ref` ends in `#` and the sequence: that proves it."""
    return {
        "subject_type": "TimeEntry",
        "subject_id": subject(command, name),
        "service_name": options.posting_service,
        "service_model": MODEL,
        "service_model_ref": f"{command.reference or command.entry}#{command.sequence}",
        "status": STATUSES[command.standing],
        "external_message": command.message,
    }


def subject(command: AnnotateTime, name: ConnectionName) -> str:
    """The vendor's id of the entry; `Rejected` for an entry of another connection."""
    number = command.entry.removeprefix(entry_id(name, ""))
    if number == command.entry or not (number.isascii() and number.isdecimal()):
        raise Rejected(f"{command.entry} is not a time entry of {name}")
    return number


def sequence_of(ref: str) -> int:
    """The sequence that a reference carries; 0 for one that is not ours."""
    digits = ref.rpartition("#")[2]
    return int(digits) if "#" in ref and digits.isascii() and digits.isdecimal() and len(digits) < 10 else 0


def _done() -> Applied:
    shown: Shown = {}
    return shown
