"""Won deal to active project: how many a second under load, and how long one takes alone."""

import time
from collections.abc import Sequence
from statistics import median

import msgspec

from contracts.opportunities.v1 import OpportunityWon
from contracts.projects.v1 import WorkspaceProvisioned
from services.sandbox.firm import Deal

from .figures import Spread, spread
from .stage import Say, Stage

__all__ = ["Activation", "measure_activation"]


class Activation(msgspec.Struct, frozen=True, kw_only=True):
    """From the deal won in Salesforce until customer, project and workspace exist and it is recorded.

    `loaded` is per round: deals over the seconds from the first click to the last record. `alone_click` counts from
    the person's click, so it holds the wait for the next look at the CRM; `alone_event` from the moment the
    orchestrator heard of it. Milliseconds.
    """

    deals: int
    rounds: int
    per_second: float
    per_second_by_round: tuple[float, ...]
    alone: int
    alone_click_ms: Spread
    alone_event_ms: Spread


async def measure_activation(stage: Stage, *, deals: int, rounds: int, alone: int, say: Say) -> Activation:
    """Win one deal after the other, then `rounds` times `deals` at once; raises `Stuck`."""
    waiting = list(stage.firm.deals)
    await stage.activate(_next(waiting, 1))  # the first one of all also opens connections and fetches tokens
    click, event = [], []
    for number, deal in enumerate(_next(waiting, alone), 1):
        say(f"activation alone: {number} of {alone}")
        began = time.time()
        await stage.activate([deal])
        ended = await _at(stage, deal, WorkspaceProvisioned)
        click.append((ended - began) * 1000)
        event.append((ended - await _at(stage, deal, OpportunityWon)) * 1000)
    rates = []
    for number in range(1, rounds + 1):
        chosen, began = _next(waiting, deals), time.time()
        await stage.activate(chosen)
        ended = max([await _at(stage, deal, WorkspaceProvisioned) for deal in chosen])
        rates.append(round(deals / (ended - began), 1))
        say(f"activation under load, round {number} of {rounds}: {deals} deals, {rates[-1]} a second")
    return Activation(
        deals=deals, rounds=rounds, per_second=round(median(rates), 1), per_second_by_round=tuple(rates), alone=alone,
        alone_click_ms=spread(click), alone_event_ms=spread(event),
    )  # fmt: skip


def _next(waiting: list[Deal], count: int) -> Sequence[Deal]:
    chosen = waiting[:count]
    del waiting[:count]
    return chosen


async def _at(stage: Stage, deal: Deal, kind: type[OpportunityWon] | type[WorkspaceProvisioned]) -> float:
    """When the orchestrator recorded the first message of a kind."""
    return min(row.at.timestamp() for row in await stage.rows(deal, kind))
