"""One line an event, key=value, to standard error: the event first, then what it is about. Never payloads."""

import logging
import re
import sys

import structlog

__all__ = ["set_up_logs"]

_SECRET = re.compile(r"(?i)(bearer |basic |password[=:]\s*|secret[=:]\s*|token[=:]\s*)[^\s,;\"']+")


def _redact(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Whatever looks like a credential is taken out, wherever it came from."""
    return {
        name: _SECRET.sub(r"\1[removed]", value) if isinstance(value, str) else value
        for name, value in event.items()
    }


def _one_line(logger: object, method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Vendors' words may hold line breaks; a log line may not."""
    return {
        name: value.replace("\r", "\\r").replace("\n", "\\n") if isinstance(value, str) else value
        for name, value in event.items()
    }


def set_up_logs(service: str, level: str = "INFO") -> None:
    """Send the standard library's and structlog's events to standard error as `key=value` lines."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        _redact,
        _one_line,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            lambda logger, method, event: {"service": service, **event},
            structlog.processors.KeyValueRenderer(key_order=["event", "level", "service"]),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for chatty in ("alembic", "httpx", "httpcore", "nats", "faststream"):
        logging.getLogger(chatty).setLevel("WARNING")
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
