"""Shows sales how an engagement fares, in fields of the opportunity. A repeat by record id changes nothing."""

from collections.abc import Sequence
from decimal import Decimal

from contracts.opportunities.v1 import AnnotateOpportunity
from contracts.types import Money, exponent
from services.adapterkit.connector import Applied, Write
from services.adapterkit.families import Family, Rejected, Unavailable

from ..port import Shown
from .api import Api, Body, Row
from .options import AnnotationFields, Options
from .rows import is_record_id, value_at

__all__ = ["Annotation", "amounts", "body", "foreign", "rounds", "shows"]

SOBJECT = "Opportunity"
CURRENCY = "CurrencyIsoCode"


def amounts(command: AnnotateOpportunity, fields: AnnotationFields) -> dict[str, Money]:
    """The amounts to write, by field."""
    named = {fields.invoiced: command.invoiced, fields.paid: command.paid}
    return {name: money for name, money in named.items() if name is not None and money is not None}


def body(command: AnnotateOpportunity, fields: AnnotationFields) -> Body:
    """The fields to write: what the command leaves out is left alone, an empty text clears."""
    named = {
        fields.engagement_status: command.engagement_status,
        fields.project_code: command.project_code,
        fields.billing_status: command.billing_status,
        fields.problem: command.problem,
    }
    texts = {name: text for name, text in named.items() if name is not None and text is not None}
    return {
        **{name: text or None for name, text in texts.items()},
        **{
            name: Decimal(money.amount).scaleb(-exponent(money.currency))
            for name, money in amounts(command, fields).items()
        },
    }


def shows(record: Row, written: Body) -> bool:
    """Whether the record's fields hold what was written."""
    return all(_same(value_at(record, name), value) for name, value in written.items())


def foreign(command: AnnotateOpportunity, fields: AnnotationFields, held: str) -> Rejected | None:
    """The refusal where the opportunity is held in another currency: its fields would show the amounts as its own."""
    others = {money.currency for money in amounts(command, fields).values()} - {held}
    if not others:
        return None
    return Rejected(f"the opportunity is held in {held}, the amounts are in {', '.join(sorted(others))}")


def rounds(writes: Sequence[Write]) -> list[list[Write]]:
    """The writes cut into calls, so that no call names an opportunity twice and each keeps its order."""
    cut: list[list[Write]] = []
    turns: dict[str, int] = {}
    for write in writes:
        turn = turns.get(_opportunity(write), 0)
        turns[_opportunity(write)] = turn + 1
        if turn == len(cut):
            cut.append([])
        cut[turn].append(write)
    return cut


class Annotation:
    """The verb `annotate_opportunity`."""

    def __init__(self, api: Api, options: Options) -> None:
        self._api, self._options, self._fields = api, options, options.annotation

    async def apply(self, writes: Sequence[Write]) -> list[Applied | Family]:
        """Write all of them. What follows an annotation of the same opportunity that did not end is not sent."""
        ended: dict[str, Family | None] = {}
        waiting: set[str] = set()
        for together in rounds(writes):
            free = [write for write in together if _opportunity(write) not in waiting]
            late = Unavailable("an earlier annotation of the same opportunity has not ended")
            ended |= {write.key: late for write in together}
            ended |= await self._together(free)
            waiting |= {
                _opportunity(write) for write in free if not isinstance(ended[write.key], Rejected | None)
            }
        outcomes = [ended[write.key] for write in writes]
        return [Shown() if outcome is None else outcome for outcome in outcomes]

    async def find(self, write: Write) -> Applied | None:
        """Whether the opportunity shows all that the annotation names."""
        command, written = write.command, body(write.command, self._fields)
        if not written:
            return Shown()
        if not is_record_id(command.record):
            return None
        [record] = await self._api.records(SOBJECT, [command.record], [*written, *self._currency_field])
        if record is None or not shows(record, written) or foreign(command, self._fields, self._held(record)):
            return None
        return Shown()

    async def _together(self, writes: Sequence[Write]) -> dict[str, Family | None]:
        """One call for what can be written; what became of each, None where it is shown."""
        ended: dict[str, Family | None] = {write.key: _flaw(write) for write in writes}
        open_ = [write for write in writes if ended[write.key] is None and body(write.command, self._fields)]
        try:
            ended |= await self._foreign(open_)
            open_ = [write for write in open_ if ended[write.key] is None]
            failures = await self._write(open_)
        except Family as family:
            failures = [family] * len(open_)
        return ended | {write.key: failure for write, failure in zip(open_, failures, strict=True)}

    async def _foreign(self, writes: Sequence[Write]) -> dict[str, Family | None]:
        """Refusals of amounts in another currency; an opportunity that is gone is left for Salesforce to refuse."""
        priced = [write for write in writes if amounts(write.command, self._fields)]
        held: list[Row | None] = [{}] * len(priced)
        if priced and self._options.multi_currency:
            held = await self._api.records(SOBJECT, [write.command.record for write in priced], [CURRENCY])
        return {
            write.key: None if row is None else foreign(write.command, self._fields, self._held(row))
            for write, row in zip(priced, held, strict=True)
        }

    async def _write(self, writes: Sequence[Write]) -> Sequence[Family | None]:
        bodies = {write.command.record: body(write.command, self._fields) for write in writes}
        if len(bodies) > 1:
            return await self._api.update_many(SOBJECT, bodies)
        for record, written in bodies.items():
            await self._api.update(SOBJECT, record, written)
        return [None] * len(bodies)

    def _held(self, record: Row) -> str:
        """The currency that the opportunity's amounts are in."""
        if not self._options.multi_currency:
            return self._options.corporate_currency
        held = value_at(record, CURRENCY)
        if not isinstance(held, str):
            raise Unavailable(f"an opportunity without a currency: {CURRENCY} is {held!r}")
        return held

    @property
    def _currency_field(self) -> list[str]:
        return [CURRENCY] if self._options.multi_currency else []


def _opportunity(write: Write) -> str:
    """Ids have 15 characters, and three more that only check those."""
    return str(write.command.record)[:15]


def _flaw(write: Write) -> Rejected | None:
    record = write.command.record
    return None if is_record_id(record) else Rejected(f"{record!r} is no id of a Salesforce record")


def _same(held: object, written: str | Decimal | None) -> bool:
    """Salesforce trims texts, keeps an empty one as null, and ends lines in its own way."""
    if isinstance(written, Decimal):
        return isinstance(held, Decimal | int) and held == written
    return _plain(held) == _plain(written)


def _plain(text: object) -> object:
    if isinstance(text, str):
        return "\n".join(text.splitlines()).strip() or None
    return text
