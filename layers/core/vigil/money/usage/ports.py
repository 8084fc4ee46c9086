"""What metering needs from outside: counters, what they are recounted from, and the calls of each hour."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from vigil.money.usage.model import Entry, Held, Meter, MonthOfUse


class UsageStore(Protocol):
    """The counters of all tenants."""

    def add(self, entries: Sequence[Entry]) -> Collection[tuple[str, str]]:
        """Count all and return nothing, or count none and return the names of those that are counted already."""
        ...

    def month(self, tenant_id: str, month: str) -> MonthOfUse:
        """Return what is counted of a month, read consistently."""
        ...

    def say(self, tenant_id: str, hour: str, amounts: Mapping[Meter, int]) -> None:
        """Say how much there was of something in an hour (`2026-11-21T05`), whatever was said before."""
        ...

    def kept(self, tenant_id: str, period: str) -> Iterator[Entry]:
        """Yield the entries that are kept, of a month, a day or an hour, by their hours; a second behind at most."""
        ...

    def grown(self, tenant_id: str, hours: Sequence[str]) -> tuple[int, Mapping[str, int]]:
        """Return the bytes in the database, and by how many each of these hours made them more, of one moment."""
        ...

    def hold(self, tenant_id: str, storage_bytes: int, gauges: Mapping[str, Mapping[Meter, int]]) -> bool:
        """Say what a tenant's files hold now, and the gauges of hours; nothing of a tenant without anything stored.

        Returns whether it was said.
        """
        ...

    def held(self, tenant_id: str) -> Held:
        """Return what a tenant holds."""
        ...

    def note(self, tenant_id: str, day: str, meter: Meter, finding: Mapping[str, Any]) -> None:
        """Keep what an audit found of a meter on a day."""
        ...


class LedgerRows(Protocol):
    """The decisions of a tenant on a day, or the chunks of batches that became done on it."""

    def count(self, tenant_id: str, day: str) -> int:
        """Return how many predictions they are."""
        ...

    def images(self, tenant_id: str, day: str) -> Iterator[Mapping[str, Any]]:
        """Yield the rows in DynamoDB's JSON."""
        ...


class Calls(Protocol):
    """The requests that were let in."""

    def made(self, tenant_id: str, hour: str) -> int:
        """Return how many a tenant made in an hour (`2026-11-21T05`)."""
        ...


class Recount(Protocol):
    """What some meters are recounted from."""

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return what there was on a day of each of its meters, of those with nothing as well."""
        ...

    def repair(self, tenant_id: str, day: str) -> None:
        """Count what the counters of a day lack, if that can be told; safe to repeat."""
        ...


class Files(Protocol):
    """The files of tenants."""

    def held(self, tenant_id: str) -> int:
        """Return how many bytes a tenant has, every version counted; cheapest for one tenant after the other."""
        ...
