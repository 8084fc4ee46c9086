"""Ports of usage: the counters, the sources of recounts, request counts and stored files."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from vigil.money.usage.model import Amount, Meter, StoredBytes, UsageEntry, UsageMonth


class UsageStore(Protocol):
    """Usage counters of all tenants."""

    def add(self, entries: Sequence[UsageEntry]) -> Collection[tuple[str, str]]:
        """Count all entries and return an empty collection; or count none and return the keys counted before."""
        ...

    def amounts_by_day(self, tenant_id: str, first: str, last: str) -> Mapping[str, Mapping[Meter, Amount]]:
        """Return the usage of each day from `first` to `last` (`2026-11-21`) of one month, read consistently."""
        ...

    def counted_keys(self, tenant_id: str, entry_ids: Sequence[str]) -> Collection[tuple[str, str]]:
        """Return the keys of those of up to 100 entries that are counted, read consistently."""
        ...

    def month(self, tenant_id: str, month: str) -> UsageMonth:
        """Return the usage of a month (`2026-11`), read consistently."""
        ...

    def set_amounts(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        """Set meters of an hour (`2026-11-21T05`); earlier values of these meters are replaced."""
        ...

    def reported_entries(self, tenant_id: str, period: str) -> Iterator[UsageEntry]:
        """Yield the entries with details of a month, day or hour, in order of hours; at most a second behind."""
        ...

    def database_growth(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes in the database and their growth in each of the hours, read at the same moment."""
        ...

    def record_storage(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        """Set the bytes of a tenant's files and the gauges of hours.

        Returns False, without a write, for a tenant that has never stored data or was erased.
        """
        ...

    def stored_bytes(self, tenant_id: str) -> StoredBytes:
        """Return the stored bytes of a tenant."""
        ...

    def record_finding(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        """Store the finding of an audit about a meter on a day."""
        ...


class LedgerRows(Protocol):
    """Decisions of a day, or chunks of batches that were completed on a day."""

    def count(self, tenant_id: str, day: str) -> int:
        """Return the number of predictions in these rows."""
        ...

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows of a tenant and a day as DynamoDB JSON."""
        ...


class RequestCounts(Protocol):
    """Numbers of admitted requests."""

    def requests_in_hour(self, tenant_id: str, hour: str) -> int:
        """Return the number of a tenant's admitted requests in an hour (`2026-11-21T05`)."""
        ...


class RecountSource(Protocol):
    """Rows or counters from which some meters are recounted."""

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, Amount]:
        """Return the amount of each meter of this source on a day, zeros included."""
        ...

    def repair(self, tenant_id: str, day: str) -> None:
        """Count the amounts that the counters of a day lack, if that is possible; safe to repeat."""
        ...


class StoredFiles(Protocol):
    """Files of all tenants."""

    def stored_bytes(self, tenant_id: str) -> int:
        """Return the bytes of all versions of a tenant's files. Calls in the order of tenant ids cost least."""
        ...
