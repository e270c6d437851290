"""Is what sales handed over complete, known and consistent? If so, what is the plan?"""

from datetime import date
from decimal import Decimal

import msgspec

from contracts.customers.v1 import Customer
from contracts.opportunities.v1 import Handover, OpportunityWon
from contracts.policies.v1 import EntityPolicy, Policy, ServicePackage
from contracts.projects.v1 import BillingInstalment, ContractType, Milestone, Plan, Task
from contracts.reference.v1 import RateCardChanged
from contracts.types import MilestoneCode, Money, TaskCode, WorkerId, exponent

__all__ = ["amend", "gaps", "plan"]

_TEXTS = ("legal_entity", "contract_type", "service_package", "rate_card", "tax_profile", "purchase_order")


def amend(handover: Handover, values: dict[str, str]) -> Handover:
    """The hand-over with what a person supplied; raises `ValueError` naming a value that is not legal.

    Legal are `legal_entity`, `contract_type`, `service_package`, `rate_card`, `tax_profile`, `purchase_order`,
    `manager`, `team` (employee numbers joined by `;`), `start` and `end` (`YYYY-MM-DD`).
    """
    changed: dict[str, object] = {}
    for name, value in values.items():
        if name in _TEXTS:
            changed[name] = value
        elif name == "manager":
            changed[name] = WorkerId(value)
        elif name == "team":
            changed[name] = tuple(WorkerId(part.strip()) for part in value.split(";") if part.strip())
        elif name in ("start", "end"):
            changed[name] = date.fromisoformat(value)
        else:
            raise ValueError(
                f"{name!r} is no hand-over value; legal are {', '.join(_TEXTS)}, manager, team, start, end"
            )
    return msgspec.structs.replace(handover, **changed)


def gaps(won: OpportunityWon, handover: Handover, customer: Customer, policy: Policy) -> list[str]:
    """Everything that keeps the deal from becoming a project, each as one sentence; empty when it may."""
    found = [f"{name} is missing" for name in policy.required_handover if not getattr(handover, name)]
    entity = policy.legal_entities.get(handover.legal_entity or "")  # type: ignore[call-overload]
    found += _unknown("legal_entity", handover.legal_entity, policy.legal_entities)
    found += _unknown("contract_type", handover.contract_type, policy.contract_types)
    found += _unknown("service_package", handover.service_package, policy.service_packages)
    if entity is not None:
        found += _outside(handover, entity)
    if handover.start and handover.end and handover.end < handover.start:
        found.append(f"end {handover.end} lies before start {handover.start}")
    if handover.amount is not None and handover.amount.amount <= 0:
        found.append("amount is not above zero")
    if not customer.name or not customer.country:
        found.append(f"customer {customer.id} lacks a name or country")
    return found


def _unknown(name: str, value: str | None, known: object) -> list[str]:
    assert isinstance(known, dict)
    if not value or value in known:
        return []
    return [f"{name} {value!r} is not in the policy; legal are {', '.join(sorted(known))}"]


def _outside(handover: Handover, entity: EntityPolicy) -> list[str]:
    """What the legal entity does not allow."""
    found = []
    if handover.amount is not None and handover.amount.currency != entity.currency:
        found.append(f"amount is in {handover.amount.currency}, {entity.name} bills in {entity.currency}")
    if handover.tax_profile and handover.tax_profile not in entity.tax_profiles:
        found.append(f"tax_profile {handover.tax_profile!r} is not one of {', '.join(entity.tax_profiles)}")
    if handover.rate_card and handover.rate_card not in entity.rate_cards:
        found.append(f"rate_card {handover.rate_card!r} is not one of {', '.join(entity.rate_cards)}")
    return found


def plan(
    won: OpportunityWon, handover: Handover, customer: Customer, card: RateCardChanged, policy: Policy
) -> Plan:
    """The canonical plan of a deal without gaps."""
    assert handover.legal_entity and handover.service_package and handover.contract_type and handover.amount
    assert (
        handover.start and handover.end and handover.manager and handover.rate_card and handover.tax_profile
    )
    package = policy.service_packages[handover.service_package]
    kind = policy.contract_types[handover.contract_type]
    milestones = _milestones(package, handover.amount) if kind == "fixed-fee" else ()
    return Plan(
        code=f"P-{won.opportunity}",
        name=won.name,
        customer=customer.id,
        legal_entity=handover.legal_entity,  # type: ignore[arg-type]
        currency=handover.amount.currency,
        contract_type=kind,
        service_package=handover.service_package,
        rate_card=handover.rate_card,
        tax_profile=handover.tax_profile,
        contract_value=handover.amount,
        start=handover.start,
        end=handover.end,
        manager=handover.manager,
        team=tuple(dict.fromkeys((*handover.team, handover.manager))),
        purchase_order=handover.purchase_order,
        tasks=tuple(
            Task(code=TaskCode(f"T{n}"), name=name, billable=kind == "time-and-materials")
            for n, name in enumerate(package.tasks, 1)
        ),
        milestones=milestones,
        budget_minutes=_budget(handover.amount, card, policy.budget_category),
        billing_schedule=_schedule(kind, milestones, handover.start, handover.end),
    )


def _milestones(package: ServicePackage, amount: Money) -> tuple[Milestone, ...]:
    """The fixed fee shared out by per cent, rounded down; the last milestone takes what is left."""
    shares = [amount.amount * share.percent // 100 for share in package.milestones]
    shares[-1] += amount.amount - sum(shares)
    return tuple(
        Milestone(
            code=MilestoneCode(f"M{n}"), name=share.name, amount=Money(amount=part, currency=amount.currency)
        )
        for n, (share, part) in enumerate(zip(package.milestones, shares, strict=True), 1)
    )


def _budget(amount: Money, card: RateCardChanged, category: str) -> int:
    """How many whole hours the contract value buys at the policy's budget category, in minutes."""
    rate = card.rates.get(category) or max(card.rates.values())
    hours = Decimal(amount.amount) / 10 ** exponent(amount.currency) / rate
    return min(int(hours) * 60, 100_000)


def _schedule(
    kind: ContractType, milestones: tuple[Milestone, ...], start: date, end: date
) -> tuple[BillingInstalment, ...]:
    """A fixed fee is due by milestone, spread evenly over the engagement; hours are due at each month's end."""
    if kind == "fixed-fee":
        step = (end - start) / len(milestones)
        return tuple(
            BillingInstalment(due=start + step * n, milestone=milestone.code, amount=milestone.amount)
            for n, milestone in enumerate(milestones, 1)
        )
    due, found = _month_end(start), []
    while due < end:
        found.append(BillingInstalment(due=due))
        due = _month_end(date.fromordinal(due.toordinal() + 1))
    return (*found, BillingInstalment(due=end))


def _month_end(day: date) -> date:
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date.fromordinal(after.toordinal() - 1)
