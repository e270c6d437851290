"""What one Salesforce org is configured with; the defaults fit an org set up as the vendor page asks."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, Field, HttpUrl

__all__ = ["AccountFields", "AnnotationFields", "OpportunityFields", "Options"]

_NAME = "[A-Za-z][A-Za-z0-9_]*"
#: An API name, with its namespace and `__c` where it has them.
FieldName = Annotated[str, Field(pattern=f"^{_NAME}$")]
#: A field of the record itself, or one of a parent: `Owner.EmployeeNumber`. SOQL follows five parents.
FieldPath = Annotated[str, Field(pattern=rf"^{_NAME}(\.{_NAME}){{0,5}}$")]


class AccountFields(BaseModel, extra="forbid", frozen=True):
    """Where an account keeps what a customer is made of; null where the org has no such field."""

    client_number: FieldName = Field(
        default="Client_Number__c",
        description="The firm's client number: an external id, unique. Accounts without one are no customers.",
    )
    legal_entity: FieldPath | None = Field(
        default="Legal_Entity__c", description="Code of the legal entity that serves the client."
    )
    street: FieldPath | None = Field(default="BillingStreet", description="Street of the billing address.")
    city: FieldPath | None = Field(default="BillingCity", description="City of the billing address.")
    postal_code: FieldPath | None = Field(
        default="BillingPostalCode", description="Postal code of the billing address."
    )
    country: FieldPath | None = Field(
        default="BillingCountryCode",
        description="Country of the billing address. The code exists only where state and country picklists are on.",
    )
    tax_number: FieldPath | None = Field(default="Tax_Number__c", description="The client's tax number.")
    email: FieldPath | None = Field(
        default="Accounts_Payable_Email__c", description="Where the client takes invoices."
    )


class OpportunityFields(BaseModel, extra="forbid", frozen=True):
    """Where an opportunity keeps what sales hands over; null where the org has no such field."""

    deal_number: FieldName | None = Field(
        default="Deal_Number__c",
        description="The firm's deal number: an external id, unique. Without one the record id stands in.",
    )
    legal_entity: FieldPath | None = Field(default="Legal_Entity__c", description="Code of the legal entity.")
    contract_type: FieldPath | None = Field(default="Contract_Type__c", description="How the work is billed.")
    service_package: FieldPath | None = Field(
        default="Service_Package__c", description="Code of what was sold."
    )
    rate_card: FieldPath | None = Field(default="Rate_Card__c", description="Code of the rate card.")
    tax_profile: FieldPath | None = Field(default="Tax_Profile__c", description="Code of the tax profile.")
    amount: FieldPath | None = Field(default="Amount", description="The contract's value, a currency field.")
    start: FieldPath | None = Field(default="Start_Date__c", description="First day of the work.")
    end: FieldPath | None = Field(default="End_Date__c", description="Last day of the work.")
    manager: FieldPath | None = Field(
        default="Delivery_Manager__c", description="Employee number of the delivery manager."
    )
    team: FieldPath | None = Field(
        default="Team__c", description="Employee numbers of the team, joined by semicolons."
    )
    purchase_order: FieldPath | None = Field(
        default="Purchase_Order__c", description="The client's purchase order."
    )


class AnnotationFields(BaseModel, extra="forbid", frozen=True):
    """Where an opportunity shows how its engagement fares; null for what sales does not want to see."""

    engagement_status: FieldName | None = Field(
        default="Engagement_Status__c", description="How delivery stands: a text."
    )
    project_code: FieldName | None = Field(
        default="Project_Code__c", description="The project's code: a text."
    )
    billing_status: FieldName | None = Field(
        default="Billing_Status__c", description="How billing stands: a text."
    )
    invoiced: FieldName | None = Field(
        default="Invoiced_Amount__c", description="What has been invoiced: a currency field."
    )
    paid: FieldName | None = Field(
        default="Paid_Amount__c", description="What has been paid: a currency field."
    )
    problem: FieldName | None = Field(
        default="Handover_Problem__c", description="What keeps the engagement from going on: a long text."
    )


class Options(BaseModel, extra="forbid", frozen=True):
    """Configuration of a Salesforce connection."""

    instance_url: HttpUrl | None = Field(
        default=None,
        description="The org's own address, where the connection's address is another one.",
    )
    api_version: str = Field(
        default="67.0", pattern=r"^[1-9][0-9]{1,2}\.0$", description="Version of the REST API; at least 46.0."
    )
    account: AccountFields = Field(default=AccountFields(), description="Fields of an account.")
    opportunity: OpportunityFields = Field(
        default=OpportunityFields(), description="Fields of an opportunity that are read."
    )
    annotation: AnnotationFields = Field(
        default=AnnotationFields(), description="Fields of an opportunity that are written."
    )
    multi_currency: bool = Field(
        default=True, description="Whether records carry a currency. Off where the org has a single one."
    )
    corporate_currency: str = Field(
        default="USD",
        pattern="^[A-Z]{3}$",
        description="ISO code of all amounts where the org has a single currency.",
    )
    closed_from: date | None = Field(
        default=None,
        description="Opportunities with a close date before this day are left out, however long they are won.",
    )
    records_per_call: int = Field(
        default=200, ge=1, le=200, description="Opportunities annotated in one call; Salesforce takes 200."
    )
    records_per_page: int = Field(
        default=500, ge=1, le=2000, description="Changes read in one query; a poll makes two."
    )
    poll_seconds: float = Field(
        default=30.0,
        gt=0,
        description="How often each of the two feeds is read: four API calls together, 11,520 in 24 hours.",
    )
    overlap_seconds: int = Field(
        default=600,
        ge=1,
        description="How far a feed reads back: a change is stamped in its transaction, which may take 10 minutes.",
    )
    settle_lag_seconds: float = Field(
        default=600.0,
        gt=0,
        description="After this a write that was never answered is over, one way or the other.",
    )
