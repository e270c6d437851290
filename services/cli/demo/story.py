"""What happens in the demo, from won deals to paid invoices, with what goes wrong on the way and how it is mended.

People act through the vendors' own interfaces only; what is true at the end is read from the vendors' own ledgers.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import TypeVar
from uuid import uuid4

from contracts import Contract
from contracts.billing.v1 import CloseBillingCycle
from contracts.exceptions.v1 import ReleaseException
from contracts.postings.v1 import TimePosted
from contracts.projects.v1 import WorkspaceProvisioned
from contracts.queries.v1 import AskExceptions, AskLineage, ExceptionRecord, Exceptions, Lineage, LineageRow
from contracts.reconciliations.v1 import StartReconciliation
from contracts.timesheets.v1 import MilestoneCompleted
from contracts.types import EntityCode, ExceptionId, period_of
from services.sandbox.auditor import Account
from services.sandbox.firm import Deal, Firm
from services.sandbox.people import Approvers, Consultants, Mishap, People, Scenario, engagement_of

from ..operator import SERVICES, Operator

__all__ = ["Story", "Told", "Waited"]

A = TypeVar("A", bound=Contract)

#: Where the exceptions live that a demo run can raise.
_APPROVAL = ("approval-needed", "price-differs")


class Waited(Exception):
    """Something did not come to its end in time; says what was waited for and what is known about it."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """What the story knows at its end beside the vendors' ledgers."""

    raised: int
    exceptions_open: int
    activation_ms: tuple[float, ...]
    entry_to_erp_ms: tuple[float, ...]


class Story:
    """One run. `say` hears each chapter; `audit(held)` draws the vendors' account."""

    def __init__(
        self, *, firm: Firm, deals: Sequence[Deal], people: People, consultants: Consultants, approvers: Approvers,
        mishaps: Sequence[Mishap], operator: Operator, audit: Callable[[set[str]], Awaitable[Account]],
        say: Callable[[str], None], patience: float = 120.0,
    ) -> None:  # fmt: skip
        self._firm, self._deals, self._people = firm, tuple(deals), people
        self._consultants, self._approvers, self._operator = consultants, approvers, operator
        self._scenario, self._audit, self._say = Scenario(mishaps, people), audit, say
        self._patience = patience
        #: Deals of an earlier run on the same data folder: the story carries on with them.
        self._under_way: set[str] = set()
        self._won_at: dict[str, float] = {}
        self._approved_at: dict[str, float] = {}
        self._raised: set[str] = set()

    async def run(self) -> tuple[Account, Told]:
        """Live through it; raises `Waited` where it does not come to its end."""
        await self._win()
        await self._work()
        await self._mend()
        await self._bill()
        account = await self._paid()
        await self._reconcile()
        return account, await self._told()

    # -- the won deals

    async def _win(self) -> None:
        for deal in self._deals:
            if (await self._people.sales.standing(deal)).engagement_status == "Ready":
                self._under_way.add(deal.number)
        new = [deal for deal in self._deals if deal.number not in self._under_way]
        if self._under_way:
            self._say(f"{len(self._under_way)} deals are won and under way from before")
        self._say(f"Sales wins {len(new)} deals in Salesforce")
        for deal in new:
            mishap = self._scenario.of(deal)
            if mishap is not None and mishap.kind == "missing-handover":
                await self._scenario.provoke(mishap)
            else:
                await self._people.sales.win(deal)
            self._won_at[deal.number] = time.time()
        whole = [deal for deal in self._deals if not self._meets(deal, "missing-handover")]
        await self._until("deals to become projects", lambda: self._all_ready(whole))
        for deal in self._deals:
            if self._meets(deal, "missing-handover"):
                await self._until(
                    f"sales to see what {deal.number} lacks", partial(self._problem_shown, deal)
                )
                standing = await self._people.sales.standing(deal)
                self._say(f"  {deal.number} is held up, Salesforce shows: {standing.problem}")
                mishap = self._scenario.of(deal)
                assert mishap is not None
                await self._scenario.mend(mishap)
                self._won_at.pop(deal.number)
        await self._until("the completed deal to become a project", lambda: self._all_ready(self._deals))
        self._say(f"  {len(self._deals)} projects are active in the ERP and can be booked on in Kantata")

    def _meets(self, deal: Deal, kind: str) -> bool:
        mishap = self._scenario.of(deal)
        return mishap is not None and mishap.kind == kind and deal.number not in self._under_way

    async def _all_ready(self, deals: Sequence[Deal]) -> str | None:
        waiting = []
        for deal in deals:
            standing = await self._people.sales.standing(deal)
            if standing.engagement_status != "Ready":
                waiting.append(
                    f"{deal.number} {standing.engagement_status or ''} {standing.problem or ''}".strip()
                )
        return "; ".join(waiting[:3]) or None

    async def _problem_shown(self, deal: Deal) -> str | None:
        standing = await self._people.sales.standing(deal)
        return None if standing.problem else f"{deal.number} shows no problem"

    # -- the hours

    async def _work(self) -> None:
        first, last = _working_days(self._firm.today)
        booked = 0
        for deal in self._deals:
            booked += len(await self._consultants.book(deal, first, last))
            week = first
            while week <= last:
                await self._consultants.submit(deal, week)
                week += timedelta(days=7 - week.weekday())
        self._say(f"Consultants book {booked} time entries from {first} to {last}")
        provoked = [mishap for mishap in self._scenario.mishaps if mishap.kind != "missing-handover"]
        for mishap in provoked:
            await self._scenario.provoke(mishap)
            self._say(f"  goes wrong on purpose: {mishap.kind} {mishap.deal.number} {mishap.detail}".rstrip())
        if provoked:
            await asyncio.sleep(4)  # the ERP's and Kantata's feeds are read every two seconds
        for deal in self._deals:
            await self._approvers.approve(deal)
            self._approved_at[str(engagement_of(deal))] = time.time()
        await self._until("approved time to be posted or held", self._time_settled)
        held = await self._exceptions()
        self._say(f"  approved time is in the ERP, {len(held)} exceptions hold up the rest")
        for code in sorted({record.code for _, record in held}):
            same = [record for _, record in held if record.code == code]
            self._say(f"    {len(same):4} x {code}: {same[0].summary}")

    async def _time_settled(self) -> str | None:
        account = await self._audit({record.held_up.reference for _, record in await self._exceptions()})
        if account.entries_approved and not account.minutes_unexplained:
            return None
        return f"{account.minutes_unexplained} minutes are unexplained: {'; '.join(account.report()[:2])}"

    async def _mend(self) -> None:
        """Put the causes right; what waited for a fact goes by itself, what a vendor refused is released."""
        for mishap in self._scenario.mishaps:
            if mishap.kind != "missing-handover":
                await self._scenario.mend(mishap)
                self._say(f"Mended: {mishap.kind} {mishap.deal.number} {mishap.detail}".rstrip())
        await self._until("exceptions to be released", self._nothing_held)

    async def _nothing_held(self) -> str | None:
        held = await self._exceptions()
        for service, record in held:
            if not record.releases_on:
                await self._release(service, record, "mended")
        return None if not held else f"{len(held)} exceptions, such as {held[0][1].summary}"

    # -- the money

    async def _bill(self) -> None:
        known = await self._milestones()
        completed = [
            deal
            for deal in self._deals
            if deal.contract_type == "fixed-fee" and await self._people.delivery.complete_milestone(deal)
        ]
        self._say(f"Delivery completes {len(completed)} milestones; finance closes the billing cycle")
        await self._until("milestones to arrive", lambda: self._milestones_arrived(completed, known))
        billable = [deal for deal in self._deals if deal.contract_type != "fixed-fee" or deal in completed]
        posted = (await self._audit(set())).invoices_posted
        for entity in sorted({deal.entity for deal in self._deals}):
            await self._operator.publish(
                CloseBillingCycle(
                    legal_entity=EntityCode(entity), period=period_of(self._firm.today), through=self._firm.today,
                    requested_by="finance",
                )
            )  # fmt: skip
        await self._until("drafts to wait for approval", lambda: self._drafts_wait(billable))
        waiting = await self._exceptions(_APPROVAL)
        for service, record in waiting:
            await self._release(service, record, "looked at")
        self._say(f"  {len(waiting)} drafts are approved by a person and posted by the ERP")
        await self._until("invoices to be posted", lambda: self._invoices_posted(posted + len(billable)))

    async def _milestones(self) -> Counter[str]:
        """How many completed milestones the orchestrator has heard of, by engagement."""
        keys = [str(engagement_of(deal)) for deal in self._deals if deal.contract_type == "fixed-fee"]
        return Counter(
            row.key for row in await self._lineage(keys, MilestoneCompleted) if row.actor == "billing"
        )

    async def _milestones_arrived(self, deals: Sequence[Deal], before: Counter[str]) -> str | None:
        now = await self._milestones()
        missing = [key for deal in deals if now[key := str(engagement_of(deal))] <= before[key]]
        return f"none from {missing[0]}" if missing else None

    async def _drafts_wait(self, deals: Sequence[Deal]) -> str | None:
        waiting = {str(record.held_up.engagement) for _, record in await self._exceptions(_APPROVAL)}
        missing = [deal.number for deal in deals if str(engagement_of(deal)) not in waiting]
        refused = await self._exceptions()
        for service, record in refused:
            await self._release(service, record, "tried again")
        why = refused[0][1].summary if refused else ""
        return f"no draft for {', '.join(missing[:5])} {why}".strip() if missing else None

    async def _invoices_posted(self, wanted: int) -> str | None:
        for service, record in await self._exceptions():
            await self._release(service, record, "tried again")
        posted = (await self._audit(set())).invoices_posted
        return None if posted >= wanted else f"{posted} of {wanted} are posted"

    async def _paid(self) -> Account:
        paid = await self._people.finance.pay_all(partial_first=True)
        self._say(f"Clients pay {len(paid)} invoices, in two instalments")
        await self._until("the CRM to show what is paid", self._balances)
        return await self._audit(set())

    async def _balances(self) -> str | None:
        account = await self._audit(set())
        return None if account.explained else "; ".join(account.report()[:3])

    async def _reconcile(self) -> None:
        """Fairlead's own account has to say what the vendors' ledgers say: that nothing differs."""
        first, _ = _working_days(self._firm.today)
        message = await self._operator.publish(
            StartReconciliation(
                reconciliation=f"R-{uuid4().hex[:12]}",
                start=first,
                end=self._firm.today,
                requested_by="finance",
            )
        )
        self._say("The reconciler reads the vendors' ledgers")
        await self._until("the reconciler's statement", lambda: self._statement(message))

    async def _statement(self, started: str) -> str | None:
        question = AskLineage(service="reconciler", keys=("account",), limit=1500)
        rows = (await self._ask(question, Lineage)).rows
        after = [
            row
            for row in rows
            if row.at >= min((one.at for one in rows if one.message == started), default=row.at)
        ]
        drawn = [row.note for row in after if row.note.endswith("entries")]
        if not drawn:
            return "it is not drawn yet"
        if not drawn[-1].startswith("0 differences"):
            return drawn[-1]
        self._say(f"  {drawn[-1]}")
        return None

    # -- what the story asks

    async def _exceptions(self, codes: Sequence[str] | None = None) -> list[tuple[str, ExceptionRecord]]:
        """Open exceptions of these codes; without codes, all but those that wait for approval."""
        found = []
        for service in SERVICES:
            answer = await self._ask(AskExceptions(service=service, limit=800), Exceptions)
            for record in answer.exceptions:
                self._raised.add(record.exception)
                if record.code in codes if codes is not None else record.code not in _APPROVAL:
                    found.append((service, record))
        return found

    async def _ask(self, question: Contract, answer: type[A]) -> A:
        """Ask a service; one that is being restarted is asked again."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return await self._operator.ask(question, answer)
            except TimeoutError:
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(0.25)

    async def _release(self, service: str, record: ExceptionRecord, reason: str) -> None:
        await self._operator.publish(
            ReleaseException(
                exception=ExceptionId(record.exception), service=service, requested_by=self._operator.name,
                reason=reason,
            )
        )  # fmt: skip

    async def _lineage(self, keys: Sequence[str], kind: type[Contract]) -> list[LineageRow]:
        """The orchestrator's record of messages of one kind."""
        rows: list[LineageRow] = []
        for key in keys:
            question = AskLineage(service="orchestrator", keys=(key,), types=(kind.wire_name(),), limit=1500)
            rows += (await self._ask(question, Lineage)).rows
        return rows

    async def _until(self, what: str, still: Callable[[], Awaitable[str | None]]) -> None:
        """Ask until nothing is missing any more. A service that is being restarted may not answer for a while."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                missing = await still()
            except TimeoutError as silent:
                missing = str(silent)
            if missing is None:
                return
            if time.monotonic() > deadline:
                raise Waited(f"waited {self._patience:.0f} s for {what}: {missing}")
            await asyncio.sleep(0.25)

    async def _told(self) -> Told:
        """Latencies from the orchestrator's record: from the person's click until the project is ready everywhere,
        and until the ERP's receipt is recorded."""
        engagements = {str(engagement_of(deal)): deal for deal in self._deals}
        activations, postings = [], []
        for engagement, deal in engagements.items():
            if deal.number in self._won_at:
                rows = await self._lineage([engagement], WorkspaceProvisioned)
                activations += _since(self._won_at[deal.number], rows)
            if self._scenario.of(deal) is None:
                rows = await self._lineage([engagement], TimePosted)
                postings += _since(self._approved_at[engagement], rows)
        open_now = len(await self._exceptions()) + len(await self._exceptions(_APPROVAL))
        return Told(
            raised=len(self._raised), exceptions_open=open_now,
            activation_ms=tuple(activations), entry_to_erp_ms=tuple(postings),
        )  # fmt: skip


def _since(moment: float, rows: Sequence[LineageRow]) -> list[float]:
    """Milliseconds from a moment to each row that came after it; earlier ones belong to an earlier run."""
    return [(row.at.timestamp() - moment) * 1000 for row in rows if row.at.timestamp() >= moment]


def _working_days(today: date) -> tuple[date, date]:
    """The end of the month before and up to ten days of this one; both months are open."""
    first_of_month = today.replace(day=1)
    return first_of_month - timedelta(days=4), min(today, first_of_month + timedelta(days=9))
