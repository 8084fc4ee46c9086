"""Sources of recounts: rows of ledgers, rows of reported events, and the request counts of the rate limiter."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from vigil.money.usage.model import REPORTED_METERS, Amount, Meter, UsageEntry, sum_amounts
from vigil.money.usage.ports import LedgerRows, RequestCounts, UsageStore
from vigil.money.usage.service import UsageCounter

LedgerReader = tuple[LedgerRows, Callable[[Mapping[str, Any]], UsageEntry]]
"""The rows of a ledger, and the function that makes the usage entry of a row."""
_LATE = timedelta(hours=1)
"""How far back counts are copied: a request admitted at the end of an hour is counted during the next one."""


class PredictionSource:
    """Predictions in decisions and in chunks of batches."""

    def __init__(self, ledgers: Sequence[LedgerReader], usage: UsageStore) -> None:
        self._ledgers = ledgers
        self._counter = UsageCounter(usage)

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return the predictions of a day."""
        return {"predictions": sum(ledger.count(tenant_id, day) for ledger, _ in self._ledgers)}

    def repair(self, tenant_id: str, day: str) -> None:
        """Count the rows of a day that are not counted yet; each row counts once."""
        for ledger, entry in self._ledgers:
            self._counter.count(entry(image) for image in ledger.images(tenant_id, day))


class ReportedUsageSource:
    """Rows of reported usage events.

    Row and counter are written in one transaction, so every stored row was counted.
    """

    def __init__(self, usage: UsageStore) -> None:
        self._usage = usage

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, Amount]:
        """Return the amounts of a day's events by meter."""
        rows = self._usage.reported_entries(tenant_id, day)
        return dict.fromkeys(REPORTED_METERS, 0) | sum_amounts(entry.amounts for entry in rows)

    def repair(self, tenant_id: str, day: str) -> None:
        """Do not repair: a stored event is marked as counted, so a mismatch needs an investigation."""


class RequestCountSource:
    """Admitted requests, copied from the counters of the rate limiter into the usage of their hours.

    The amounts are set, not added, so copies may be repeated and may run at the same time.
    """

    def __init__(self, requests: RequestCounts, usage: UsageStore, clock: Callable[[], datetime]) -> None:
        self._requests = requests
        self._usage = usage
        self._clock = clock

    def run(self, tenant_id: str) -> int:
        """Copy the counts of the current and the previous hour; return 0, the number of published events.

        Raises Unavailable.
        """
        now = self._clock().astimezone(UTC)
        self._copy(tenant_id, (f"{moment:%Y-%m-%dT%H}" for moment in (now - _LATE, now)))
        return 0

    def amounts(self, tenant_id: str, day: str) -> Mapping[Meter, int]:
        """Return the admitted requests of a day."""
        return {"api_calls": sum(self._requests.requests_in_hour(tenant_id, hour) for hour in _hours(day))}

    def repair(self, tenant_id: str, day: str) -> None:
        """Copy the counts of every hour of a day."""
        self._copy(tenant_id, _hours(day))

    def _copy(self, tenant_id: str, hours: Iterator[str]) -> None:
        for hour in hours:
            if requests := self._requests.requests_in_hour(tenant_id, hour):
                self._usage.set_amounts(tenant_id, hour, {"api_calls": requests})


def _hours(day: str) -> Iterator[str]:
    return (f"{day}T{hour:02}" for hour in range(24))
