"""The suite itself, on a connector that does everything right."""

from tests.connectors.kit.conformance import *  # noqa: F403

VERBS, FEEDS = ("book",), ("bookings",)
