"""A stand-in for Salesforce: OAuth 2 tokens and the REST API over Account, Opportunity and User."""

from .stand_in import Salesforce

__all__ = ["Salesforce"]
