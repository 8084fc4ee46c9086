"""Counting what tenants use, each entry once whatever is delivered twice, late or out of order."""

from collections.abc import Iterable, Sequence

from vigil.errors import Unavailable
from vigil.metering.model import Entry, Hour, MonthOfUse, packed
from vigil.metering.ports import UsageStore


class Meter:
    """Adds entries to the counters of their tenants and hours."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def count(self, entries: Iterable[Entry]) -> list[tuple[str, str]]:
        """Count each entry unless it is counted already; return the names of those that could not be, to come again.

        Raises Unavailable if not one could be.
        """
        given = list(entries)
        failed = [entry.name for group in packed(given) if not self._counted(group) for entry in group]
        if given and len(failed) == len({entry.name for entry in given}):
            raise Unavailable("Nothing could be counted.")
        return failed

    def _counted(self, group: Sequence[Entry]) -> bool:
        """Count what is new of a group, and say whether all of it is counted now."""
        try:
            while group and (known := set(self._store.add(group))):
                group = [entry for entry in group if entry.name not in known]
        except Unavailable:
            return False
        return True


class Usage:
    """Tells what is counted."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        """Return what a tenant has used of a month (`2026-11`)."""
        return self._store.month(tenant_id, month)

    def hours(self, tenant_id: str, month: str) -> tuple[Hour, ...]:
        """Return the hours of a month (`2026-11`) in order, only those with something; read consistently."""
        return self._store.month(tenant_id, month).hours
