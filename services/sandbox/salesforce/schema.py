"""The objects this org has and the rules of their fields: Account, Opportunity and User."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..firm import ENTITIES

__all__ = ["SCHEMA", "STAGES", "Field", "SObject"]

CURRENCIES = tuple(dict.fromkeys(entity.currency for entity in ENTITIES))

#: Stage name to (closed, won), in the order sales goes through them.
STAGES = {
    "Prospecting": (False, False),
    "Qualification": (False, False),
    "Needs Analysis": (False, False),
    "Value Proposition": (False, False),
    "Proposal/Price Quote": (False, False),
    "Negotiation/Review": (False, False),
    "Closed Won": (True, True),
    "Closed Lost": (True, False),
}


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column. `length` is in characters; `values` closes a picklist; `refers` names the parent object."""

    name: str
    type: str = "string"
    length: int = 255
    required: bool = False
    values: tuple[str, ...] = ()
    refers: str = ""
    external_id: bool = False
    unique: bool = False
    writable: bool = True

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def label(self) -> str:
        return self.name.removesuffix("__c").replace("_", " ")

    @property
    def relationship(self) -> str:
        """What the parent is called in a path: `Account` for `AccountId`."""
        return self.name.removesuffix("Id") if self.refers else ""

    @property
    def exact(self) -> bool:
        """Ids and external ids tell capitals from small letters; other texts do not."""
        return self.external_id or self.type in ("id", "reference")

    @property
    def filterable(self) -> bool:
        return self.type != "textarea"


@dataclass(frozen=True, kw_only=True)
class SObject:
    name: str
    prefix: str
    fields: tuple[Field, ...]
    writable: bool = True

    @cached_property
    def _by_name(self) -> Mapping[str, Field]:
        return {field.name.lower(): field for field in self.fields}

    @cached_property
    def _parents(self) -> Mapping[str, Field]:
        return {field.relationship.lower(): field for field in self.fields if field.refers}

    def field(self, name: str) -> Field | None:
        """A field by its API name, in any case."""
        return self._by_name.get(name.lower())

    def parent(self, name: str) -> Field | None:
        """The reference field behind a relationship name, in any case."""
        return self._parents.get(name.lower())


SYSTEM = (
    Field(name="Id", type="id", length=18, unique=True, writable=False),
    Field(name="IsDeleted", type="boolean", writable=False),
    Field(name="CreatedDate", type="datetime", writable=False),
    Field(name="CreatedById", type="reference", length=18, refers="User", writable=False),
    Field(name="LastModifiedDate", type="datetime", writable=False),
    Field(name="LastModifiedById", type="reference", length=18, refers="User", writable=False),
    Field(name="SystemModstamp", type="datetime", writable=False),
)

#: What a record of a person's work carries besides.
OWNED = (
    Field(name="OwnerId", type="reference", length=18, refers="User"),
    Field(name="CurrencyIsoCode", type="picklist", length=3, values=CURRENCIES),
)

ENTITY = Field(
    name="Legal_Entity__c", type="picklist", length=4, values=tuple(entity.code for entity in ENTITIES)
)

ACCOUNT = SObject(
    name="Account",
    prefix="001",
    fields=(
        *SYSTEM,
        Field(name="Name", required=True),
        Field(name="ParentId", type="reference", length=18, refers="Account"),
        Field(name="BillingStreet"),
        Field(name="BillingCity", length=40),
        Field(name="BillingPostalCode", length=20),
        Field(name="BillingCountryCode", length=2),
        Field(name="Phone", type="phone", length=40),
        Field(name="Description", type="textarea", length=32000),
        *OWNED,
        Field(name="Client_Number__c", length=20, external_id=True, unique=True),
        Field(name="Tax_Number__c", length=40),
        Field(name="Accounts_Payable_Email__c", type="email", length=80),
        ENTITY,
        Field(name="ERP_Customer__c", length=80),
    ),
)

OPPORTUNITY = SObject(
    name="Opportunity",
    prefix="006",
    fields=(
        *SYSTEM,
        Field(name="Name", length=120, required=True),
        Field(name="AccountId", type="reference", length=18, refers="Account"),
        Field(name="StageName", type="picklist", length=40, required=True, values=tuple(STAGES)),
        Field(name="IsClosed", type="boolean", writable=False),
        Field(name="IsWon", type="boolean", writable=False),
        Field(name="Amount", type="currency"),
        Field(name="CloseDate", type="date", required=True),
        Field(name="NextStep"),
        Field(name="Description", type="textarea", length=32000),
        *OWNED,
        Field(name="Deal_Number__c", length=20, external_id=True, unique=True),
        ENTITY,
        Field(name="Contract_Type__c", type="picklist", values=("Fixed Fee", "Time and Materials")),
        Field(name="Service_Package__c", length=40),
        Field(name="Rate_Card__c", length=40),
        Field(name="Tax_Profile__c", length=40),
        Field(name="Start_Date__c", type="date"),
        Field(name="End_Date__c", type="date"),
        Field(name="Delivery_Manager__c", length=20),
        Field(name="Team__c"),
        Field(name="Purchase_Order__c", length=40),
        Field(name="Engagement_Status__c", length=80),
        # Not unique: several opportunities may feed one project, so a read by it can answer 300.
        Field(name="Project_Code__c", length=40, external_id=True),
        Field(name="Billing_Status__c", length=80),
        Field(name="Invoiced_Amount__c", type="currency"),
        Field(name="Paid_Amount__c", type="currency"),
        Field(name="Handover_Problem__c", type="textarea", length=32000),
    ),
)

USER = SObject(
    name="User",
    prefix="005",
    writable=False,
    fields=(
        *SYSTEM,
        Field(name="Username", length=80, unique=True),
        Field(name="FirstName", length=40),
        Field(name="LastName", length=80, required=True),
        Field(name="Name", length=121),
        Field(name="Email", type="email", length=128),
        Field(name="IsActive", type="boolean"),
    ),
)

SCHEMA = {sobject.name.lower(): sobject for sobject in (ACCOUNT, OPPORTUNITY, USER)}
