"""The correlation id of the current request: the caller's own if it has a known form, or a new one."""

import re
import uuid
from contextvars import ContextVar

HEADER = "x-correlation-id"
MAX_CHARACTERS = 64
_KNOWN_FORMS = (
    re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),  # UUID
    re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}"),  # ULID
    re.compile(r"(?=[0-9]*[a-fA-F])([0-9a-fA-F]{16}|[0-9a-fA-F]{32}|[0-9a-fA-F]{64})"),  # only digits can be a number
    re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"),  # traceparent
)
"""Forms of generated ids. Free text could be a name or a number of a person, and the id goes into logs and events."""
current: ContextVar[str] = ContextVar("correlation_id", default="")


def start(offered: str | None) -> str:
    """Set and return the correlation id of a request. An offered id of another form is replaced by a new one."""
    correlation_id = offered if offered and is_well_formed(offered) else str(uuid.uuid4())
    current.set(correlation_id)
    return correlation_id


def is_well_formed(offered: str) -> bool:
    """Return True for a UUID, a ULID, a `traceparent`, or 16, 32 or 64 hexadecimal digits that include a letter."""
    return len(offered) <= MAX_CHARACTERS and any(form.fullmatch(offered) for form in _KNOWN_FORMS)
