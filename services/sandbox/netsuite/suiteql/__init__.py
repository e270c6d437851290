"""SuiteQL: the query service, for the tables and the part of the language that integrations use."""

from .service import SUITEQL_PATH, SuiteQl

__all__ = ["SUITEQL_PATH", "SuiteQl"]
