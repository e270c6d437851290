"""How the orchestrator words what is held up: one place for codes, owners and fixes."""

from bus.decision import Problem
from bus.facts import FactKey
from contracts.exceptions.v1 import Category, HeldUp
from contracts.policies.v1 import Policy

from .model import Refusal

__all__ = ["problem", "refused"]


def problem(
    policy: Policy, code: str, summary: str, *, fix: str, held_up: HeldUp, category: Category = "data",
    releases_on: tuple[FactKey, ...] = (),
) -> Problem:  # fmt: skip
    """A problem with the owner that the firm's policy names for its code."""
    owner = policy.owners.get(code, policy.default_owner)
    return Problem(
        code=code,
        category=category,
        summary=summary,
        fix=fix,
        owner=owner,
        held_up=held_up,
        releases_on=releases_on,
    )


def refused(policy: Policy, refusal: Refusal, held_up: HeldUp) -> Problem:
    """A vendor refused a write, or nobody can tell whether it was carried out."""
    if refusal.category == "unsure":
        return problem(
            policy, "write-unsure", f"Nobody can tell whether {refusal.command} happened: {refusal.why}",
            fix="Look in the vendor's system. Release it only if nothing is there; it is then tried again.",
            held_up=held_up, category="unsure",
        )  # fmt: skip
    category: Category = "policy" if refusal.category == "policy" else "data"
    return problem(
        policy, "write-refused", f"{refusal.command} was refused: {refusal.why}",
        fix="Mend what the vendor names, in its own system or here, then release.",
        held_up=held_up, category=category,
    )  # fmt: skip
