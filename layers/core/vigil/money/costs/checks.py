"""Scheduled sweep that runs every spend check for every tenant."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from vigil.errors import VigilError
from vigil.kernel.time import format_timestamp
from vigil.money.costs.ports import SpendCheck


class SpendChecks:
    """Sweep of all spend checks; a new sweep starts as soon as the last one has ended."""

    max_duration = timedelta(minutes=20)

    def __init__(self, checks: Sequence[SpendCheck], clock: Callable[[], datetime]) -> None:
        self._checks = checks
        self._clock = clock

    def next_sweep(self, _last: str) -> str | None:
        """Return the name of a sweep, its time; a sweep is always due."""
        return format_timestamp(self._clock())

    def process_tenant(self, tenant_id: str, _name: str) -> Mapping[str, int]:
        """Run all checks for a tenant and return the number of published events as `told`.

        A failed check does not stop the others: the last error is raised after all have run.
        """
        published, failed = 0, None
        for check in self._checks:
            try:
                published += check.run(tenant_id)
            except VigilError as error:
                failed = error
        if failed:
            raise failed
        return {"told": published}
