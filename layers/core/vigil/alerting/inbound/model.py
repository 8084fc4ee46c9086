"""Endpoints to which vendors report actions of people, and the actions themselves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Vendor = Literal["pagerduty", "slack"]
"""Vendor that reports actions. It is a kind of channel too."""
Action = Literal["acknowledge", "resolve"]
"""Action of a person on an alert."""

MAX_BODY_BYTES = 64 * 1024
"""Maximum size of a report. PagerDuty guarantees 55 KB, and Slack sends the message with its button."""
SEEN_FOR = timedelta(days=2)
"""Time for which the id of an applied report is stored. An older report has no effect."""

_ENDPOINT = re.compile(r"(_operators|[a-z][a-z0-9-]{2,31})\.([a-z0-9-]{1,40})")
_ACTOR = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A channel as its vendor addresses it. Its name in URLs is `<tenant>.<channel>`."""

    tenant_id: str
    channel_id: str

    @property
    def name(self) -> str:
        """The last part of the URL of the endpoint."""
        return f"{self.tenant_id}.{self.channel_id}"


@dataclass(frozen=True, slots=True)
class Report:
    """A person's action at a vendor. `report_id` identifies it in its channel; `alert_key` is the key of the incident.

    `by` is the vendor and its id of the person, such as `slack:U123`. `occurred_at` is the vendor's time of the action,
    with an offset.
    """

    report_id: str
    action: Action
    alert_key: str
    by: str
    occurred_at: datetime


class Reader(Protocol):
    """Format of a vendor's reports."""

    def is_signed(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Return True if one of the secrets signed this body. Names of headers are in lower case."""
        ...

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report | None:
        """Return the report in a signed body, or None for anything that changes no alert."""
        ...


def parse_endpoint(name: str) -> Endpoint | None:
    """Return the endpoint of a name, or None."""
    match = _ENDPOINT.fullmatch(name)
    return Endpoint(match[1], match[2]) if match else None


def actor(vendor: Vendor, person: object) -> str:
    """Return the name of a person at a vendor, or of the vendor alone if the id has another form."""
    return f"{vendor}:{person}" if isinstance(person, str) and _ACTOR.fullmatch(person) else vendor
