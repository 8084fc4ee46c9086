"""Usage events: usage of third-party services that producers report. Pure values and rules."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from vigil.errors import FieldError, InvalidInput
from vigil.kernel.time import format_timestamp
from vigil.money.usage.model import Amount, Meter, UsageEntry

MAX_EVENTS = 100
"""Maximum events per request or message."""
_MAX_AHEAD = timedelta(seconds=60)
_MAX_AGE = timedelta(days=90)

EventStatus = Literal["counted", "duplicate", "rejected"]


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """Usage at one moment; source and id identify it among the events of its tenant."""

    source: str
    event_id: str
    moment: datetime
    amounts: Mapping[Meter, Amount]

    def check(self, now: datetime) -> None:
        """Raise InvalidInput if the time of the event is in the future or too long ago."""
        if self.moment > now + _MAX_AHEAD:
            bound = f"at most {_MAX_AHEAD.seconds} s ahead of the server's clock"
            raise InvalidInput(FieldError("time", "is in the future", bound))
        if self.moment < now - _MAX_AGE:
            raise InvalidInput(FieldError("time", "is too long ago", f"at most {_MAX_AGE.days} days ago"))

    def to_entry(self, tenant_id: str, now: datetime) -> UsageEntry:
        """Return the usage entry of the event, in the hour of its own time; it is stored for ever.

        Only a digest of source and id is stored: a producer may have put data of a person into them.
        """
        identity = json.dumps([self.source, self.event_id]).encode()
        details = {
            "happened_at": format_timestamp(self.moment),
            "received_at": format_timestamp(now),
        }
        entry_id = f"evt_{hashlib.sha256(identity).hexdigest()}"
        return UsageEntry(tenant_id, entry_id, f"{self.moment.astimezone(UTC):%Y-%m-%dT%H}", self.amounts, details)


@dataclass(frozen=True, slots=True)
class EventResult:
    """Result of one reported event: the first reasons of a rejection, and `count`, the number of all."""

    status: EventStatus
    errors: tuple[FieldError, ...] = ()
    count: int = 0


def check_batch(sent: Any) -> list[Any]:
    """Return the events of a batch. Raises InvalidInput for a value that is not an array of 1 to MAX_EVENTS."""
    if not isinstance(sent, list):
        bound = f"1 to {MAX_EVENTS} events; one event is sent as application/cloudevents+json"
        raise InvalidInput(FieldError("body", "must be an array of events", bound))
    if not 1 <= len(sent) <= MAX_EVENTS:
        raise InvalidInput(FieldError("body", "has too few or too many events", f"1 to {MAX_EVENTS} events"))
    return sent
