"""Logs and traces: how a process tells what it does, without telling secrets."""

from .logs import set_up_logs

__all__ = ["set_up_logs"]
