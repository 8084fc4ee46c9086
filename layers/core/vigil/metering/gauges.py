"""What tenants have stored, hour by hour: byte-hours of files and of the database."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from vigil.metering.model import Meter
from vigil.metering.ports import Files, UsageStore

_Said = dict[str, dict[Meter, int]]
_HOURS_BACK = 6
"""Hours are said again for a while, so that a run that failed is made up for by the next."""


class Gauges:
    """Says what is held at the end of each hour. May come twice or late: it says the same.

    The database's bytes at the end of an hour are those of now less what came after it, so that an hour can be said
    later. Files are measured, so that an hour in which nobody measured them has none: that is in the tenant's favour.
    """

    def __init__(
        self, tenants: Callable[[], Iterable[str]], usage: UsageStore, files: Files, clock: Callable[[], datetime]
    ) -> None:
        self._tenants = tenants
        self._usage = usage
        self._files = files
        self._clock = clock

    def measure(self) -> int:
        """Say the hours that have ended; return of how many tenants."""
        now, stored = self._clock().astimezone(UTC), self._files.held()
        hours = [f"{now - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(_HOURS_BACK + 1)]
        return sum(self._say(tenant_id, hours, stored.get(tenant_id, 0)) for tenant_id in self._tenants())

    def _say(self, tenant_id: str, hours: list[str], stored: int) -> bool:
        """Say a tenant's hours, of which the first is the one that has not ended."""
        held, grown = self._usage.grown(tenant_id, hours)
        gauges: _Said = {}
        for later, hour in pairwise(hours):
            held -= grown.get(later, 0)
            gauges[hour] = {"database_byte_hours": max(held, 0)}
        gauges[hours[1]]["storage_byte_hours"] = stored
        return self._usage.hold(tenant_id, stored, gauges)
