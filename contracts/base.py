"""What a contract is: a frozen, tagged struct with one subject and one ordering key."""

from collections.abc import Callable
from typing import ClassVar, Literal, TypeVar, cast, get_args

import msgspec

__all__ = ["Contract", "Kind", "SubjectPattern", "published"]

Kind = Literal["evt", "cmd", "qry"]


class SubjectPattern(msgspec.Struct, frozen=True):
    """Where a contract travels: `<owner>.<kind>.<noun>.<verb>.v<major>`, the slot is added by the bus.

    The owner may be `{service}`: then the message's own field `service` names it, as for exceptions, which
    every service raises under its own name.
    """

    owner: str
    kind: Kind
    noun: str
    verb: str
    major: int

    @classmethod
    def parse(cls, text: str) -> "SubjectPattern":
        """Read `time.evt.entry.approved.v1`; raises `ValueError` that says which part is wrong."""
        parts = text.split(".")
        if len(parts) != 5:
            raise ValueError(f"{text!r} has {len(parts)} parts; legal is owner.kind.noun.verb.vN")
        owner, kind, noun, verb, version = parts
        if kind not in get_args(Kind):
            raise ValueError(f"{text!r}: kind {kind!r} is not one of {', '.join(get_args(Kind))}")
        if not (version.startswith("v") and version[1:].isdigit()):
            raise ValueError(f"{text!r}: version {version!r} is not v1, v2, ...")
        return cls(owner, cast("Kind", kind), noun, verb, int(version[1:]))

    def owned_by(self, owner: str) -> str:
        """The subject without its slot, under a concrete owner."""
        return f"{owner}.{self.kind}.{self.noun}.{self.verb}.v{self.major}"


class Contract(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """One published message. Its tag is its wire name and never derives from the class path."""

    subject: ClassVar[SubjectPattern]
    ordering: ClassVar[str]

    @property
    def stream_owner(self) -> str:
        """The service whose subject this message travels under."""
        pattern = type(self).subject
        return str(getattr(self, "service")) if pattern.owner == "{service}" else pattern.owner  # noqa: B009

    @property
    def key(self) -> str:
        """The ordering key: messages with the same key on one stream keep their order."""
        return str(getattr(self, type(self).ordering))

    @classmethod
    def wire_name(cls) -> str:
        """The tag, as it stands in `type` and in the envelope."""
        return str(cls.__struct_config__.tag)


C = TypeVar("C", bound=Contract)


def published(subject: str, *, key: str) -> Callable[[type[C]], type[C]]:
    """Record where a contract travels and which of its fields orders it."""

    def record(contract: type[C]) -> type[C]:
        pattern = SubjectPattern.parse(subject)
        if key not in contract.__struct_fields__:
            raise TypeError(f"{contract.__name__} has no field {key!r} to be ordered by")
        contract.subject, contract.ordering = pattern, key
        return contract

    return record
