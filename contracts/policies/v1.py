"""Policy: the firm's mappings and rules, as one content-hashed bundle that travels like any event."""

from typing import Annotated

from msgspec import Meta

from ..base import Contract, published
from ..projects.v1 import ContractType
from ..types import CurrencyCode, EntityCode, PolicyHash, Value

__all__ = ["EntityPolicy", "MilestoneShare", "Policy", "PolicyPublished", "ServicePackage"]

Percent = Annotated[int, Meta(gt=0, le=100)]


class MilestoneShare(Value, frozen=True, kw_only=True):
    """A milestone and its share of a fixed fee, in whole per cent."""

    name: str
    percent: Percent


class ServicePackage(Value, frozen=True, kw_only=True):
    """What the firm sells under one code: the tasks it is booked on and the milestones a fixed fee is billed on."""

    name: str
    practice: str
    tasks: tuple[str, ...]
    milestones: tuple[MilestoneShare, ...]


class EntityPolicy(Value, frozen=True, kw_only=True):
    """A legal entity: where it is, what it bills in, which tax profiles and rate cards it may use."""

    name: str
    region: str
    currency: CurrencyCode
    time_zone: str
    tax_profiles: tuple[str, ...]
    rate_cards: tuple[str, ...]


class Policy(Value, frozen=True, kw_only=True):
    """Everything that a decision may know about the firm beside facts.

    Keys of `contract_types`, `service_packages`, `legal_entities` and `labour_categories` are the words that the
    connected systems use; unknown words are exceptions, never guesses. `owners` routes an exception's code to a
    team, `default_owner` takes the rest.
    """

    firm: str
    contract_types: dict[str, ContractType]
    service_packages: dict[str, ServicePackage]
    legal_entities: dict[EntityCode, EntityPolicy]
    labour_categories: dict[str, str]
    budget_category: str
    required_handover: tuple[str, ...]
    owners: dict[str, str]
    default_owner: str
    approve_invoices: bool = True


@published("operator.evt.policy.published.v1", key="hash")
class PolicyPublished(Contract, frozen=True, kw_only=True, tag="policies.policy-published.v1"):
    """From here on decisions use this bundle. `hash` is the SHA-256 of its canonical JSON, in hex."""

    hash: PolicyHash
    policy: Policy
    published_by: str
