"""Endpoints to which vendors report actions of people, and the reports: one action of a person at a vendor each."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

Vendor = Literal["pagerduty", "slack"]
"""Vendor that reports actions of people: only PagerDuty and Slack do. It is a kind of channel too."""
Action = Literal["acknowledge", "resolve"]
"""Action of a person on an alert."""

MAX_BODY_BYTES = 64 * 1024
"""Maximum size of a report, in bytes. PagerDuty guarantees 55 KB, and Slack sends the message with its button."""
SEEN_FOR = timedelta(days=2)
"""Age up to which a report of PagerDuty has an effect.

The id of an applied report is stored for twice this time, so that a repeated one is recognised.
"""

_ENDPOINT = re.compile(r"(_operators|[a-z][a-z0-9-]{2,31})\.([a-z0-9-]{1,40})")
_ACTOR = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The channel of a tenant to which a vendor sends its reports. Its name in URLs is `<tenant>.<channel>`."""

    tenant_id: str
    channel_id: str

    @property
    def name(self) -> str:
        """The last part of the URL of the endpoint, `<tenant>.<channel>`."""
        return f"{self.tenant_id}.{self.channel_id}"


@dataclass(frozen=True, slots=True)
class Report:
    """One action of a person on an incident at a vendor, such as a pressed button.

    `report_id` identifies it among those of its channel. `alert_key` is the key of the incident, `Episode.dedup_key` if
    Vigil opened it. `by` is the vendor and its id of the person, such as `slack:U123`. `occurred_at` is the vendor's
    time of the action, with an offset.
    """

    report_id: str
    action: Action
    alert_key: str
    by: str
    occurred_at: datetime


class Reader(Protocol):
    """Format of a vendor's reports: their signature and their content. One reader serves all channels."""

    def is_signed(self, secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Return True if one of the secrets signed this body, and the vendor's time limit of a signature is not over.

        Names of headers are in lower case.
        """
        ...

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Report | None:
        """Return the report in a body whose signature was checked, or None if it must not change an alert.

        None also stands for an unreadable body.
        """
        ...


def parse_endpoint(name: str) -> Endpoint | None:
    """Return the endpoint of a name `<tenant>.<channel>`, or None for a name in another format."""
    match = _ENDPOINT.fullmatch(name)
    return Endpoint(match[1], match[2]) if match else None


def actor(vendor: Vendor, person: object) -> str:
    """Return `<vendor>:<person>` for the record of a change.

    It is the vendor alone if `person` is no text of 1 to 32 letters, digits, hyphens and underscores.
    """
    return f"{vendor}:{person}" if isinstance(person, str) and _ACTOR.fullmatch(person) else vendor
