"""What tenants have stored, hour by hour: byte-hours of files and of the database."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from vigil.money.usage.model import Meter
from vigil.money.usage.ports import Files, UsageStore

_Said = dict[str, dict[Meter, int]]
_HOURS_BACK = 6
"""Hours of the database are said again for a while, so that a round that was left out is made up for by the next."""
_SETTLING = timedelta(minutes=5)
"""After the end of an hour: clocks differ a little."""


class Gauges:
    """Says what is held at the end of each hour, a job of rounds. May come twice or late: it says the same.

    The database's bytes at the end of an hour are those of now less what came after it, so that an hour can be said
    later. Files are measured, so that an hour in which nobody measured them has none: that is in the tenant's favour.
    """

    max_duration = timedelta(hours=2)

    def __init__(self, usage: UsageStore, files: Files, clock: Callable[[], datetime]) -> None:
        self._usage = usage
        self._files = files
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the hour that has just ended, unless it was the last."""
        hour = f"{self._clock().astimezone(UTC) - timedelta(hours=1) - _SETTLING:%Y-%m-%dT%H}"
        return hour if hour > last else None

    def process_tenant(self, tenant_id: str, ended: str) -> Mapping[str, int]:
        """Say a tenant's hours, and of the one that has ended how much its files hold; return whether it has any."""
        now = self._clock().astimezone(UTC)
        hours = [f"{now - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(_HOURS_BACK + 1)]
        held, grown = self._usage.grown(tenant_id, hours)
        gauges: _Said = {}
        for later, hour in pairwise(hours):
            held -= grown.get(later, 0)
            gauges[hour] = {"database_byte_hours": max(held, 0)}
        stored = self._files.held(tenant_id)
        gauges.setdefault(ended, {})["storage_byte_hours"] = stored
        return {"held": self._usage.hold(tenant_id, stored, gauges)}
