"""Customers: mastered in the CRM, carried in the ERP."""

from ..base import Contract, published
from ..types import ConnectionName, CurrencyCode, CustomerId, EngagementId, EntityCode, RecordId, Value

__all__ = ["Customer", "CustomerChanged", "CustomerEnsured", "EnsureCustomer"]


class Customer(Value, frozen=True, kw_only=True):
    """A client of the firm. `parent` is the next company up in its hierarchy."""

    id: CustomerId
    name: str
    parent: CustomerId | None = None
    legal_entity: EntityCode | None = None
    currency: CurrencyCode | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None
    tax_number: str | None = None
    email: str | None = None


@published("crm.evt.customer.changed.v1", key="id")
class CustomerChanged(Contract, frozen=True, kw_only=True, tag="customers.customer-changed.v1"):
    """The CRM's record of a client was created or changed. `version` grows with every change."""

    id: CustomerId
    version: int
    customer: Customer
    connection: ConnectionName
    record: RecordId


@published("erp.cmd.customer.ensure.v1", key="engagement")
class EnsureCustomer(
    Contract, frozen=True, kw_only=True, forbid_unknown_fields=True, tag="customers.ensure-customer.v1"
):
    """See to it that the ERP holds this customer exactly once, as the CRM has it."""

    engagement: EngagementId
    customer: Customer
    version: int


@published("erp.evt.customer.ensured.v1", key="engagement")
class CustomerEnsured(Contract, frozen=True, kw_only=True, tag="customers.customer-ensured.v1"):
    """The ERP holds the customer under `record`."""

    engagement: EngagementId
    customer: CustomerId
    record: RecordId
    connection: ConnectionName
