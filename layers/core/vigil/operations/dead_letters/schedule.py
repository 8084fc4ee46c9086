"""Scheduled run of the redriver, every minute, with one log line per run and per step."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.dead_letters.redrive import Redriver, RedriveStep
from vigil.runtime import correlation
from vigil.runtime.error_facts import error_fields
from vigil.runtime.telemetry import Telemetry


class ScheduledRedrive:
    """Runs a redriver and reports its steps."""

    def __init__(self, telemetry: Telemetry, build: Callable[[Callable[[RedriveStep], None]], Redriver]) -> None:
        self._telemetry = telemetry
        self._steps: Counter[str] = Counter()
        self._reprocessor = build(self._observe)

    def handle(self, event: Any, context: Any) -> dict[str, int]:
        """Run the redriver and return the number of steps by name. Raises Unavailable at the end if a step failed."""
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "redrive"
        self._steps.clear()
        try:
            self._reprocessor.run(lambda: context.get_remaining_time_in_millis() / 1e3)
            facts.records, facts.failed = self._steps.total(), self._steps["failed"]
            facts.status = 500 if facts.failed else 200
        finally:
            self._telemetry.end(facts, started)
        if facts.failed:
            raise Unavailable(f"{facts.failed} steps failed; the next run retries them.")
        return dict(self._steps)

    def _observe(self, step: RedriveStep) -> None:
        self._steps[step.step] += 1
        fields: dict[str, Any] = {}
        if job := step.job:
            fields |= {"job_id": job.job_id, "tenant_id": job.tenant_id, "kind": job.work.kind, "reason": job.reason}
            fields |= {"message_id": job.work.id, "correlation_id": job.work.correlation_id, "state": job.state}
        if step.error:
            fields |= error_fields(step.error)
        failed = step.step == "failed"
        self._telemetry.log_event(f"dead_letter_{step.step}", failed=failed, about=("queue", step.queue), **fields)
