"""A real Tryton ERP with the seeded firm in it: installed, founded once, started and supervised."""

from .installation import DATABASE, Installation

__all__ = ["DATABASE", "Installation"]
