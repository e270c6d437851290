"""What goes wrong on purpose: which deal meets which mishap, how it comes about and how people mend it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

from ..firm import Deal, Firm
from .delivery import DeliveryManagers
from .finance import Finance
from .finance_tryton import FinanceTryton
from .sales import Sales

__all__ = ["KINDS", "TRYTON_KINDS", "Kind", "Mishap", "People", "Scenario", "plan"]

Kind = Literal["missing-handover", "project-on-hold", "inactive-task", "missing-rate", "closed-period"]
KINDS: Final[tuple[Kind, ...]] = (
    "missing-handover", "project-on-hold", "inactive-task", "missing-rate", "closed-period",
)  # fmt: skip
#: Those that people without administrator's rights can bring about in Tryton.
TRYTON_KINDS: Final[tuple[Kind, ...]] = ("missing-handover", "inactive-task", "closed-period")
FIELDS: Final = ("Legal_Entity__c", "Rate_Card__c", "Service_Package__c", "Delivery_Manager__c")


@dataclass(frozen=True, kw_only=True)
class Mishap:
    """One thing that goes wrong for one deal.

    `detail` is the empty field, the task's title, the labour category or the month (`2026-10`); a project on hold has
    none. A missing rate hits every deal on the same rate card, a closed period every deal of the legal entity.
    """

    kind: Kind
    deal: Deal
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class People:
    """Who brings mishaps about and mends them."""

    sales: Sales
    delivery: DeliveryManagers
    finance: Finance | FinanceTryton


def plan(
    firm: Firm, random: Random, *, deals: Sequence[Deal] = (), kinds: Collection[Kind] = KINDS
) -> tuple[Mishap, ...]:
    """One mishap of each kind, each for a deal of its own among `deals` (all of the firm's unless given).

    Hours of a fixed fee have no price, so a missing rate goes to time and materials. Raises `ValueError` where there
    are too few deals.
    """
    free, made = list(deals or firm.deals), list[Mishap]()
    random.shuffle(free)
    # The pickiest kind chooses first.
    for kind in sorted(kinds, key=lambda kind: (kind != "missing-rate", KINDS.index(kind))):
        fit = [deal for deal in free if kind != "missing-rate" or deal.contract_type == "time-and-materials"]
        if not fit:
            raise ValueError(f"no deal is left for {kind}")
        deal = fit[0]
        free.remove(deal)
        made.append(Mishap(kind=kind, deal=deal, detail=DETAILS[kind](firm, random, deal)))
    return tuple(made)


class Scenario:
    """The mishaps of one run. `missing-handover` takes the place of winning the deal.

    The others are provoked when the deal's project is active and its time booked but not approved yet.
    """

    def __init__(self, mishaps: Sequence[Mishap], people: People) -> None:
        self.mishaps, self._people = tuple(mishaps), people

    def of(self, deal: Deal) -> Mishap | None:
        """What goes wrong for a deal, if anything does."""
        return next((mishap for mishap in self.mishaps if mishap.deal.number == deal.number), None)

    async def provoke(self, mishap: Mishap) -> None:
        """Bring it about."""
        deal, detail, people = mishap.deal, mishap.detail, self._people
        match mishap.kind:
            case "missing-handover":
                await people.sales.win_incomplete(deal, (detail,))
            case "project-on-hold":
                await self._netsuite.hold(deal)
            case "inactive-task":
                await people.delivery.close_task(deal, detail)
            case "missing-rate":
                await self._netsuite.remove_rate(deal.rate_card, detail)
            case "closed-period":
                await people.finance.close_period(deal.entity, detail)

    async def mend(self, mishap: Mishap) -> None:
        """Put it right, the way the owner of the cause would."""
        deal, detail, people = mishap.deal, mishap.detail, self._people
        match mishap.kind:
            case "missing-handover":
                await people.sales.complete(deal)
            case "project-on-hold":
                await self._netsuite.activate(deal)
            case "inactive-task":
                await people.delivery.reopen_task(deal, detail)
            case "missing-rate":
                await self._netsuite.add_rate(deal.rate_card, detail)
            case "closed-period":
                await people.finance.reopen_period(deal.entity, detail)

    @property
    def _netsuite(self) -> Finance:
        if isinstance(self._people.finance, Finance):
            return self._people.finance
        raise TypeError(
            "in Tryton people can neither hold projects nor change prices: plan with TRYTON_KINDS"
        )


def _some_field(firm: Firm, random: Random, deal: Deal) -> str:
    return random.choice(FIELDS)


def _some_task(firm: Firm, random: Random, deal: Deal) -> str:
    return random.choice(firm.package(deal.package).tasks)


def _some_category(firm: Firm, random: Random, deal: Deal) -> str:
    """A labour category that somebody on the team has."""
    return random.choice(sorted({one.labour_category for one in firm.consultants if one.number in deal.team}))


def _oldest_open_month(firm: Firm, random: Random, deal: Deal) -> str:
    return min(each.name for each in firm.periods if each.entity == deal.entity and not each.closed)


DETAILS: Final[dict[Kind, Callable[[Firm, Random, Deal], str]]] = {
    "missing-handover": _some_field,
    "project-on-hold": lambda firm, random, deal: "",
    "inactive-task": _some_task,
    "missing-rate": _some_category,
    "closed-period": _oldest_open_month,
}
