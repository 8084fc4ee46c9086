"""Hourly measurement of stored byte-hours, in files and in the database."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from vigil.money.usage.model import Meter
from vigil.money.usage.ports import StoredFiles, UsageStore

_Gauges = dict[str, dict[Meter, int]]
_HOURS_BACK = 6
"""Hours of the database that each sweep records, so that the next sweep fills the gap of a missed one."""
_SETTLING = timedelta(minutes=5)
"""Wait after the end of an hour, because clocks differ slightly."""


class StorageMeter:
    """Hourly sweep that records stored byte-hours. Idempotent; may run late.

    The database bytes at the end of an hour are the bytes now, less the later growth, so an hour can be recorded
    afterwards. Files are measured now. An hour without a measurement has none, in the tenant's favour.
    """

    max_duration = timedelta(hours=2)

    def __init__(self, usage: UsageStore, files: StoredFiles, clock: Callable[[], datetime]) -> None:
        self._usage = usage
        self._files = files
        self._clock = clock

    def next_sweep(self, last: str) -> str | None:
        """Return the hour that ended last, unless it is `last`."""
        hour = f"{self._clock().astimezone(UTC) - timedelta(hours=1) - _SETTLING:%Y-%m-%dT%H}"
        return hour if hour > last else None

    def process_tenant(self, tenant_id: str, ended: str) -> Mapping[str, int]:
        """Record the byte-hours of a tenant; files only for the hour that ended.

        Returns 1 under `held` if the tenant has stored data, else 0.
        """
        now = self._clock().astimezone(UTC)
        hours = [f"{now - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(_HOURS_BACK + 1)]
        database, growth = self._usage.database_growth(tenant_id, hours)
        gauges: _Gauges = {}
        for later, hour in pairwise(hours):
            database -= growth.get(later, 0)
            gauges[hour] = {"database_byte_hours": max(database, 0)}
        stored = self._files.stored_bytes(tenant_id)
        gauges.setdefault(ended, {})["storage_byte_hours"] = stored
        return {"held": self._usage.record_storage(tenant_id, stored, gauges)}
