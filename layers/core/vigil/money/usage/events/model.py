"""Use that others report: what happened once, when, and how much of what it took. Pure values and rules."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from vigil.errors import FieldError, InvalidInput
from vigil.money.usage.model import Entry, Meter

MOST_EVENTS = 100
"""That are reported at once."""
MOST_UNITS = 10**12
"""Of one meter in one event."""
_AHEAD = timedelta(seconds=60)
_OLDEST = timedelta(days=90)

Status = Literal["counted", "duplicate", "rejected"]


@dataclass(frozen=True, slots=True)
class UsageEvent:
    """Something that happened at a moment, told apart from everything else of its tenant by source and id."""

    source: str
    event_id: str
    moment: datetime
    amounts: Mapping[Meter, int]

    def check(self, now: datetime) -> None:
        """Raise InvalidInput if it cannot have happened when it says, or is too long ago."""
        if self.moment > now + _AHEAD:
            raise InvalidInput(FieldError("time", "is in the future", f"at most {_AHEAD.seconds} s ahead of our clock"))
        if self.moment < now - _OLDEST:
            raise InvalidInput(FieldError("time", "is too long ago", f"at most {_OLDEST.days} days ago"))

    def entry(self, tenant_id: str, now: datetime) -> Entry:
        """Return what is counted of it, in its own hour, and kept for ever."""
        told = json.dumps([self.source, self.event_id]).encode()
        details = {
            "source": self.source,
            "event_id": self.event_id,
            "happened_at": _iso(self.moment),
            "received_at": _iso(now),
        }
        name = f"evt_{hashlib.sha256(told).hexdigest()}"
        return Entry(tenant_id, name, f"{self.moment.astimezone(UTC):%Y-%m-%dT%H}", self.amounts, details)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an event; `errors` say why it was rejected."""

    status: Status
    errors: tuple[FieldError, ...] = ()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
