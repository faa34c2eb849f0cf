"""The log goes to stderr: lines for people on a terminal, JSON lines everywhere else."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, cast

from crossdock.kernel.redact import masked

Event = MutableMapping[str, Any]


def to_stderr(level: int = logging.INFO) -> None:
    """Called before anything is wired: stdout belongs to the answer."""
    import structlog

    people = sys.stderr.isatty()
    last: Any = (
        structlog.dev.ConsoleRenderer()
        if people
        else structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_secrets,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_stderr_logger,
        cache_logger_on_first_use=False,
    )


def _stderr_logger(*_: Any) -> Any:
    """Looked up for every line: a test or a supervisor may have replaced the stream."""
    import structlog

    return structlog.PrintLogger(sys.stderr)


def _without_secrets(_logger: Any, _method: str, event: Event) -> Event:
    """Personal and secret fields never reach a log, whoever put them there."""
    return cast("Event", masked(event))
