"""Counting what tenants use, each entry once whatever is delivered twice, late or out of order."""

from collections.abc import Iterable, Sequence

from vigil.errors import Unavailable
from vigil.money.usage.model import Entry, Held, Hour, MonthOfUse, Tally, packed
from vigil.money.usage.ports import UsageStore


class Meter:
    """Adds entries to the counters of their tenants and hours."""

    def __init__(self, store: UsageStore) -> None:
        self._store = store

    def count(self, entries: Iterable[Entry]) -> list[tuple[str, str]]:
        """Count each entry unless it is counted already; return the names of those that could not be, to come again.

        Raises Unavailable if not one could be.
        """
        given = list(entries)
        failed = list(self.tally(given).failed)
        if given and len(failed) == len({entry.name for entry in given}):
            raise Unavailable("Nothing could be counted.")
        return failed

    def tally(self, entries: Iterable[Entry]) -> Tally:
        """Count each entry unless it is counted already, and say which were, and which could not be."""
        known: list[tuple[str, str]] = []
        failed: list[tuple[str, str]] = []
        for group in packed(entries):
            left: Sequence[Entry] = group
            try:
                while left and (found := set(self._store.add(left))):
                    known += found
                    left = [entry for entry in left if entry.name not in found]
            except Unavailable:
                failed += [entry.name for entry in left]
        return Tally(tuple(known), tuple(failed))


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

    def held(self, tenant_id: str) -> Held:
        """Return what a tenant has stored."""
        return self._store.held(tenant_id)
