"""Counting of usage entries, each once however often it is delivered, and reading of the counters."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from vigil.errors import Unavailable
from vigil.money.usage.model import (
    Amount,
    CountResult,
    Meter,
    StoredBytes,
    UsageEntry,
    UsageHour,
    UsageMonth,
    transaction_groups,
)
from vigil.money.usage.ports import UsageStore


class UsageCounter:
    """Adds usage entries to the counters of their tenants and hours."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def count(self, entries: Iterable[UsageEntry]) -> list[tuple[str, str]]:
        """Count each entry that is not counted yet; return the keys of failed entries, which must be retried.

        Raises Unavailable if every entry failed.
        """
        given = list(entries)
        failed = list(self.count_each(given).failed)
        if given and len(failed) == len({entry.key for entry in given}):
            raise Unavailable("No usage entry could be counted; try again.")
        return failed

    def count_each(self, entries: Iterable[UsageEntry]) -> CountResult:
        """Count each entry that is not counted yet; return the keys of known and of failed entries."""
        known: list[tuple[str, str]] = []
        failed: list[tuple[str, str]] = []
        for group in transaction_groups(entries):
            left: Sequence[UsageEntry] = group
            try:
                while left and (found := set(self._store.add(left))):
                    known += found
                    left = [entry for entry in left if entry.key not in found]
            except Unavailable:
                failed += [entry.key for entry in left]
        return CountResult(tuple(known), tuple(failed))

    def amounts_by_day(self, tenant_id: str, first: str, last: str) -> Mapping[str, Mapping[Meter, Amount]]:
        """Return the usage of a tenant on each day from `first` to `last` (`2026-11-21`) of one month by meter.

        Days without usage are missing. The days are read consistently.
        """
        return self._store.amounts_by_day(tenant_id, first, last)

    def counted_keys(self, tenant_id: str, entry_ids: Sequence[str]) -> Collection[tuple[str, str]]:
        """Return the keys of those of up to 100 entries of a tenant that are counted."""
        return self._store.counted_keys(tenant_id, entry_ids)


class Usage:
    """Reads the usage of tenants."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def month(self, tenant_id: str, month: str) -> UsageMonth:
        """Return the usage of a tenant in a month (`2026-11`)."""
        return self._store.month(tenant_id, month)

    def hours(self, tenant_id: str, month: str) -> tuple[UsageHour, ...]:
        """Return the hours with usage of a month (`2026-11`), in order, read consistently."""
        return self._store.month(tenant_id, month).hours

    def stored_bytes(self, tenant_id: str) -> StoredBytes:
        """Return the stored bytes of a tenant."""
        return self._store.stored_bytes(tenant_id)
