"""What travels between Fairlead's services: entities, events, commands and queries, and how they evolve."""

from .base import Contract, Kind, SubjectPattern, published
from .catalogue import CONTRACTS, Catalogue, FutureVersion, Undecodable

__all__ = [
    "CONTRACTS",
    "Catalogue",
    "Contract",
    "FutureVersion",
    "Kind",
    "SubjectPattern",
    "Undecodable",
    "published",
]
