"""What every CRM connector offers: its verbs, its feeds, and what an applied write reports.

A verb takes one command of `contracts` (named beside it) and reports plain JSON of the shape below.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypedDict, get_args

from contracts import Contract
from contracts.opportunities.v1 import AnnotateOpportunity

__all__ = ["COMMANDS", "FEEDS", "VERBS", "FeedName", "Shown", "VerbName"]

VerbName = Literal["annotate_opportunity"]
VERBS: Final[tuple[VerbName, ...]] = get_args(VerbName)

#: `customers` observes CustomerChanged, `opportunities` OpportunityWon.
FeedName = Literal["customers", "opportunities"]
FEEDS: Final[tuple[FeedName, ...]] = get_args(FeedName)

#: The command that each verb carries out.
COMMANDS: Final[Mapping[VerbName, type[Contract]]] = {"annotate_opportunity": AnnotateOpportunity}


class Shown(TypedDict):
    """`annotate_opportunity`: there is nothing to report but that the CRM shows it."""
