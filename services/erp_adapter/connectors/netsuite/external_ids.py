"""The external ids under which NetSuite holds our records: legal, readable, reversible, never shared.

NetSuite takes letters, digits, `_` and `-`, and compares without regard to case; business ids know no such
limits. So each part of an id is written in a base case (upper for engagements and invoices, lower for time
entries) and `_` escapes the rest:

    `_x`   the letter x in the other case      `__`    a colon
    `_35_` the character of that code point    `_-`    the border between two parts

    FL-D-00042            project of engagement D-00042
    FL-D-00042_-DESIGN    its task DESIGN
    FL-D-00042_-MS_-GO    its milestone GO, carried as a task
    FL-kantata__85_-1     revision 1 of the time entry kantata:85
    FL-D-00042_-INV-7     invoice INV-7 of that engagement
"""

import re
from dataclasses import dataclass

from contracts.types import EngagementId, EntryId, InvoiceId, MilestoneCode, TaskCode

__all__ = ["ExternalIds", "is_legal"]

LEGAL = re.compile(r"[A-Za-z0-9_-]+")
PIECE = re.compile(r"(?P<colon>__)|_(?P<code>[0-9]+)_|_(?P<other>[A-Za-z])|(?P<plain>[A-Za-z0-9-])")
BORDER = "_-"


def is_legal(external_id: str) -> bool:
    """Whether NetSuite takes this as an external id in a URL."""
    return LEGAL.fullmatch(external_id) is not None


@dataclass(frozen=True)
class ExternalIds:
    """Makes and reads the external ids of one connection. Reading gives None for what is not ours."""

    prefix: str

    def project(self, engagement: EngagementId) -> str:
        return self._made(engagement)

    def task(self, engagement: EngagementId, code: TaskCode) -> str:
        return self._made(engagement, code)

    def milestone(self, engagement: EngagementId, code: MilestoneCode) -> str:
        return self._made(engagement, "MS", code)

    def invoice(self, engagement: EngagementId, invoice: InvoiceId) -> str:
        return self._made(engagement, invoice)

    def time(self, entry: EntryId, revision: int) -> str:
        return self._made(entry, str(revision), upper=False)

    def read_project(self, external_id: str) -> EngagementId | None:
        match self._parts(external_id):
            case [engagement]:
                return EngagementId(engagement)
        return None

    def read_invoice(self, external_id: str) -> tuple[EngagementId, InvoiceId] | None:
        match self._parts(external_id):
            case [engagement, invoice]:
                return EngagementId(engagement), InvoiceId(invoice)
        return None

    def read_time(self, external_id: str) -> tuple[EntryId, int] | None:
        match self._parts(external_id, upper=False):
            case [entry, revision] if revision.isdecimal() and revision.isascii():
                return EntryId(entry), int(revision)
        return None

    def _made(self, *parts: str, upper: bool = True) -> str:
        return f"{self.prefix}-{BORDER.join(_written(part, upper) for part in parts)}"

    def _parts(self, external_id: str, upper: bool = True) -> list[str]:
        """The parts of an id of ours, or none; only the one spelling that we write counts."""
        head = f"{self.prefix}-"
        if not external_id.upper().startswith(head):
            return []
        parts = _read(external_id[len(head) :], upper)
        if parts is None or self._made(*parts, upper=upper).upper() != external_id.upper():
            return []
        return parts


def _written(part: str, upper: bool) -> str:
    return "".join(_character(character, upper) for character in part)


def _character(character: str, upper: bool) -> str:
    if character == ":":
        return "__"
    if character == "-" or (character.isascii() and character.isdigit()):
        return character
    if character.isascii() and character.isalpha():
        return character if character.isupper() == upper else f"_{character}"
    return f"_{ord(character)}_"


def _read(text: str, upper: bool) -> list[str] | None:
    parts, at = [""], 0
    while at < len(text):
        if text.startswith(BORDER, at):
            parts.append("")
            at += len(BORDER)
            continue
        piece = PIECE.match(text, at)
        if piece is None:
            return None
        if (character := _meant(piece, upper)) is None:
            return None
        parts[-1] += character
        at = piece.end()
    return parts


def _meant(piece: re.Match[str], upper: bool) -> str | None:
    kind, text = piece.lastgroup, piece[piece.lastgroup or 0]
    if kind == "colon":
        return ":"
    if kind == "code":
        return chr(int(text)) if len(text) < 8 and int(text) < 0x110000 else None
    return text.upper() if (kind == "plain") == upper else text.lower()
