"""What an adapter answers when a vendor refuses a write, or nobody can tell whether it happened."""

from typing import Literal

from ..base import Contract, published
from ..types import ConnectionName

__all__ = ["WriteRefused"]


@published("{service}.evt.write.refused.v1", key="key")
class WriteRefused(Contract, frozen=True, kw_only=True, tag="writes.write-refused.v1"):
    """The command `command` (a wire name) about `reference` was not carried out.

    `key` is the command's ordering key. `why` is in the vendor's own words, secrets removed. `unsure` means that
    the vendor may have carried it out and offers no way to find out: a person decides.
    """

    service: str
    key: str
    command: str
    reference: str
    category: Literal["data", "policy", "conflict", "unsure", "security"]
    why: str
    connection: ConnectionName
