"""The correlation id of the current request: the caller's own if it is well formed, or a new one."""

import re
import uuid
from contextvars import ContextVar

HEADER = "x-correlation-id"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._-]{1,64}")
current: ContextVar[str] = ContextVar("correlation_id", default="")


def start(offered: str | None) -> str:
    """Set and return the correlation id of a request. An offered id that could break a log line is replaced."""
    correlation_id = offered if offered and _WELL_FORMED.fullmatch(offered) else str(uuid.uuid4())
    current.set(correlation_id)
    return correlation_id
