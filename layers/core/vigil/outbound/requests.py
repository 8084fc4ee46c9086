"""Requests to other systems, their answers, and the error of a request without an answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal

from vigil.errors import Unavailable

CONNECT_LIMIT = timedelta(seconds=3)
"""Maximum time for the look-up of the name, the connection and the handshake."""
TOTAL_LIMIT = timedelta(seconds=10)
"""Maximum time of a request, from the look-up of the name to the last byte of the answer."""
ANSWER_LIMIT = 64 * 1024
"""Maximum size of the body of an answer, in bytes; the rest is not read."""
MAX_PAUSE = timedelta(hours=1)
"""Maximum pause that the Retry-After of an answer can set."""

Method = Literal["GET", "POST", "PUT", "DELETE"]
"""Method of a request."""
NoAnswerCause = Literal["refused", "unresolved", "unreachable", "untrusted", "late", "broken"]
"""Cause of a missing answer.

`refused`: the rules of destinations forbid the URL or an address of its host. `unresolved`: the host has no address.
`unreachable`: the address accepts no connection. `untrusted`: the certificate is not valid for the host. `late`: a
time limit is over. `broken`: the connection ended, or the answer is not HTTP.
"""

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]{0,4096}")


@dataclass(frozen=True, slots=True)
class OutboundRequest:
    """One HTTPS request. `connect` and `total` limit its time, `answer_bytes` the size of the body of its answer.

    URL, headers and body do not appear in its `repr`. Raises ValueError for a header whose name or value is not visible
    ASCII; the text does not contain the header.
    """

    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    method: Method = "POST"
    connect: timedelta = CONNECT_LIMIT
    total: timedelta = TOTAL_LIMIT
    answer_bytes: int = ANSWER_LIMIT

    def __post_init__(self) -> None:
        for name, value in self.headers.items():
            if not _HEADER_NAME.fullmatch(name) or not _HEADER_VALUE.fullmatch(value):
                raise ValueError("a header must have a name of 1 to 128 and a value of at most 4096 ASCII characters")


@dataclass(frozen=True, slots=True)
class OutboundAnswer:
    """Status, headers with lower-case names, and body of an answer. A redirect is an answer too.

    `is_cut` is True if `body` is incomplete: it was longer than the limit of the request, late or broken.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_cut: bool = False


class NoAnswer(Unavailable):
    """A request has no answer. `cause` names the reason.

    `was_sent` is False only if the destination cannot have received the request. The text of the error names only the
    cause.
    """

    def __init__(self, cause: NoAnswerCause, *, was_sent: bool = False) -> None:
        super().__init__(f"The destination gave no answer: {cause}.")
        self.cause: NoAnswerCause = cause
        self.was_sent = was_sent


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return the pause of a Retry-After header in seconds or as a date, 0 to MAX_PAUSE.

    None if the header is absent or malformed. Names of headers are in lower case.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), MAX_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
        pause = moment.replace(tzinfo=moment.tzinfo or UTC) - now
    except (ArithmeticError, TypeError, ValueError):  # such as a zone of many days
        return None
    return min(max(pause, timedelta()), MAX_PAUSE)
