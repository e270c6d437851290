"""Projects and tasks as Tryton holds them: one model, `project.work`, in trees."""

from collections.abc import Iterable, Sequence

import msgspec

from services.adapterkit.families import Rejected

from .directory import Company
from .keys import same_key
from .rpc import Row, Rpc
from .values import Exact

__all__ = ["Line", "Work", "tree", "with_key"]


class Line(msgspec.Struct, frozen=True):
    """The invoice line that carries something, and so its invoice."""

    invoice: int | None


class Work(Row, frozen=True, kw_only=True):
    """A project or a task. Time is booked on its timesheet work; it is billed where it has a price."""

    model = "project.work"
    fields = (
        "name", "comment", "type", "parent", "list_price", "progress", "timesheet_works", "invoice_method",
        "invoice_line.invoice", "create_uid", "party",
    )  # fmt: skip

    name: str
    comment: str | None
    type: str
    parent: int | None
    list_price: Exact | None
    progress: float | None
    timesheet_works: tuple[int, ...]
    invoice_method: str
    line: Line | None = msgspec.field(name="invoice_line.")
    create_uid: int
    party: int | None

    @property
    def sheet(self) -> int:
        """The timesheet work that its time is booked on; raises `Rejected` where it takes none."""
        if not self.timesheet_works:
            raise Rejected(f"task {self.id} ({self.name}) takes no time in Tryton", "policy")
        return self.timesheet_works[0]

    @property
    def priced(self) -> bool:
        return self.list_price is not None and bool(self.list_price.decimal)


async def tree(rpc: Rpc, project: int, company: Company) -> Sequence[Work]:
    """The project and everything below it, in order of id."""
    return await rpc.rows(Work, [["parent", "child_of", [project]]], company=company.id)


def with_key(works: Iterable[Work], key: str) -> list[Work]:
    """Those whose comment stands for `key`."""
    return [work for work in works if same_key(work.comment, key)]
