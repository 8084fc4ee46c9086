"""The Lambda handler of a scheduled sweep, with one log line per run."""

from typing import Any

from vigil.errors import Unavailable
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry
from vigil.workers.sweeps.service import TenantSweep
from vigil.workers.worker_loop import Deadline

_MIN_SECONDS = 10.0
"""Minimum time left in an invocation for processing another tenant, in seconds."""


class SweepSchedule:
    """Lambda handler that runs one job for all tenants."""

    def __init__(self, name: str, sweep: TenantSweep, telemetry: Telemetry) -> None:
        self._name = name
        self._sweep = sweep
        self._telemetry = telemetry

    def handle(self, _event: Any, context: Any) -> dict[str, int]:
        """Return the numbers of processed and of failed tenants, and the totals of the job's counts.

        A failed tenant is retried in a later run. Raises Unavailable at the end of the run if a tenant failed twice or
        the sweep is late, because the alarms watch the function's errors.
        """
        correlation.start(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = self._name
        deadline = Deadline.from_context(context)

        def on_failure(tenant_id: str, error: Exception) -> None:
            facts.target_tenant = tenant_id
            facts.record_error(error)

        try:
            summary = self._sweep.run(lambda: deadline.remaining() > _MIN_SECONDS, on_failure)
            facts.records, facts.failed = summary.tenants, summary.failed
            facts.mismatches = summary.counts.get("mismatches")
            if summary.lost:
                raise Unavailable(f"{summary.lost} tenants failed twice in this sweep.")
            if self._sweep.is_late(summary):
                raise Unavailable(f"The sweep that started at {summary.open_since} is not finished.")
            facts.status = 503 if summary.failed else 200
            return {"tenants": summary.tenants, "failed": summary.failed, **summary.counts}
        finally:
            self._telemetry.end(facts, started)
