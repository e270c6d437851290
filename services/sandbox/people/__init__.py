"""The firm's people: they act through the vendors' own interfaces, with their own credentials."""

from .approvers import Approvers
from .consultants import Booked, Consultants, week_of
from .delivery import DeliveryManagers
from .desks import Refused
from .finance import Finance, OpenInvoice
from .finance_tryton import FinanceTryton
from .mishaps import KINDS, TRYTON_KINDS, Mishap, People, Scenario, plan
from .sales import Sales, Standing
from .workspaces import Absent, Workspace, engagement_of

__all__ = [
    "KINDS", "TRYTON_KINDS", "Absent", "Approvers", "Booked", "Consultants", "DeliveryManagers", "Finance",
    "FinanceTryton", "Mishap", "OpenInvoice", "People", "Refused", "Sales", "Scenario", "Standing", "Workspace",
    "engagement_of", "plan", "week_of",
]  # fmt: skip
