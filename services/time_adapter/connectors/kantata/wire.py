"""The vendor's wire: one envelope for every answer, and the records that are read out of it.

Association ids show only where `include` asks for them, so they have defaults; what decisions rest on has none.
"""

from collections.abc import Sequence
from datetime import date, datetime
from types import GenericAlias
from typing import Annotated, NoReturn, TypeVar, cast

import httpx
import msgspec
from msgspec import Meta

from services.adapterkit.families import Unavailable, Unsure

__all__ = [
    "Entry", "Envelope", "Event", "Id", "Membership", "Moment", "Participation", "Payload", "Preference", "RateCard",
    "RateCardSet", "Record", "Reference", "Role", "Stamped", "StateChange", "Story", "Submission", "User",
    "Workspace", "words",
]  # fmt: skip

Id = Annotated[str, Meta(pattern="^[0-9]{1,20}$")]
#: Carries the account's offset.
Moment = Annotated[datetime, Meta(tz=True)]
Minutes = Annotated[int, Meta(ge=0, le=100_000)]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Anything with an id; every id of the vendor's is a string of digits."""

    id: Id


class Stamped(Record, frozen=True):
    """Any record, read for when it changed. Events have no `updated_at` that counts."""

    updated_at: Moment | None = None
    created_at: Moment | None = None


class Reference(Record, frozen=True):
    """An external reference: what another system calls the subject, and how that system stands to it."""

    service_name: str
    service_model: str
    service_model_ref: str
    subject_id: Id | None = None
    status: str | None = None


class User(Record, frozen=True):
    full_name: str = ""
    disabled: bool | None = None
    role_id: Id | None = None
    external_reference_ids: tuple[Id, ...] = ()


class Membership(Record, frozen=True):
    """What a user may do on the account."""

    can_create_workspace: bool | None = None
    is_administrator: bool | None = None


class Role(Record, frozen=True):
    name: str


class RateCard(Record, frozen=True):
    currency: str


class RateCardSet(Record, frozen=True):
    title: str
    rate_card_ids: tuple[Id, ...] = ()


class Preference(Record, frozen=True):
    """What a workspace's invoices say by default."""

    project_code: str | None = None


class Workspace(Record, frozen=True):
    archived: bool
    require_time_approvals: bool | None = None
    approver_ids: tuple[Id, ...] = ()
    workspace_invoice_preference_id: Id | None = None
    external_reference_ids: tuple[Id, ...] = ()


class Participation(Record, frozen=True):
    user_id: Id
    is_team_lead: bool | None = None


class StateChange(Record, frozen=True):
    state: str
    created_at: Moment


class Story(Record, frozen=True):
    story_type: str
    state: str
    updated_at: Moment
    time_trackable: bool | None = None
    archived: bool | None = None
    external_reference_ids: tuple[Id, ...] = ()
    story_state_change_ids: tuple[Id, ...] = ()


class Entry(Record, frozen=True):
    """A time entry."""

    date_performed: date
    time_in_minutes: Minutes
    billable: bool
    approved: bool
    workspace_id: Id
    user_id: Id | None = None
    story_id: Id | None = None
    role_id: Id | None = None
    active_submission_id: Id | None = None
    recent_submission_id: Id | None = None
    external_reference_ids: tuple[Id, ...] = ()


class Submission(Record, frozen=True):
    """A timesheet: one user's week in one workspace. Its lines know their most recent submission only."""

    status: str
    time_entry_ids: tuple[Id, ...] = ()
    workspace_id: Id | None = None
    #: The one association id that the vendor's contract does not say to be a string.
    current_resolution_creator_id: int | Id | None = None
    resolution_description: str | None = None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What an event shows of its subject."""

    workspace_id: int | Id | None = None


class Event(Record, frozen=True):
    event_type: str
    subject_id: int | Id
    previous_payload: Payload | None = None
    current_payload: Payload | None = None


class _Result(msgspec.Struct, frozen=True):
    key: str
    id: Id


class _Frame(msgspec.Struct, frozen=True):
    count: Annotated[int, Meta(ge=0)]
    results: tuple[_Result, ...]


class _Problem(msgspec.Struct, frozen=True):
    message: str
    field: str | None = None


class _Refusal(msgspec.Struct, frozen=True):
    errors: tuple[_Problem, ...] = ()
    error_message: str = ""


T = TypeVar("T")
R = TypeVar("R", bound=Record)


class Envelope:
    """One answer. Order lives in `results` alone; records lie beside it, in one map by id per collection.

    What does not fit raises `Unsure` where the answer is to a write, `Unavailable` where it is to a read.
    """

    def __init__(self, content: bytes, *, writes: bool) -> None:
        self._writes = writes
        frame = self._decoded(content, _Frame, "the answer")
        self._parts = self._decoded(content, dict[str, msgspec.Raw], "the answer")
        self._results = frame.results
        #: How many records matched, on all pages together.
        self.count = frame.count

    @property
    def ids(self) -> list[str]:
        return [result.id for result in self._results]

    def rows(self, key: str, kind: type[R]) -> list[R]:
        """The records that were asked for, in their order."""
        if strange := {result.key for result in self._results} - {key}:
            self._refuse(f"results name {', '.join(sorted(strange))} where {key} was asked for")
        held = self.side(key, kind)
        if missing := [number for number in self.ids if number not in held]:
            self._refuse(f"results name {key} {', '.join(missing[:5])}, which are not in the answer")
        return [held[number] for number in self.ids]

    def side(self, key: str, kind: type[R]) -> dict[str, R]:
        """All records of one collection in the answer, by id."""
        part = self._parts.get(key)
        if part is None:
            return {}
        held = self._decoded(part, cast("type[dict[str, R]]", GenericAlias(dict, (str, kind))), key)
        if any(number != record.id for number, record in held.items()):
            self._refuse(f"{key} holds a record under an id that is not its own")
        return held

    def _decoded(self, content: bytes | msgspec.Raw, kind: type[T], what: str) -> T:
        try:
            return msgspec.json.decode(content, type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError) as failure:
            self._refuse(f"{what} cannot be read: {failure}")

    def _refuse(self, why: str) -> NoReturn:
        raise (Unsure(why) if self._writes else Unavailable(why))


def words(reply: httpx.Response) -> str:
    """The vendor's own words in a refusal; the beginning of the body where it is none of its usual shapes."""
    try:
        said = msgspec.json.decode(reply.content, type=_Refusal)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return reply.text[:500]
    return _told(said.errors) or said.error_message or reply.text[:500]


def _told(problems: Sequence[_Problem]) -> str:
    return "; ".join(
        f"{problem.message} ({problem.field})" if problem.field else problem.message for problem in problems
    )
