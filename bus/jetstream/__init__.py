"""The bus on a NATS server with JetStream."""

from .administration import TopologyConnection
from .bus import JetStreamBus
from .connection import Patience

__all__ = ["JetStreamBus", "Patience", "TopologyConnection"]
