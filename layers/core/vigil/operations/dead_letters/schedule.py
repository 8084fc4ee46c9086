"""The redriver's minute: one run, one log line, a line and a metric for each step."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from vigil.errors import Unavailable
from vigil.operations.dead_letters.redrive import Reprocessor, Taken
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry, describe_error


class Redrive:
    """Runs a reprocessor and tells of what it does."""

    def __init__(self, telemetry: Telemetry, build: Callable[[Callable[[Taken], None]], Reprocessor]) -> None:
        self._telemetry = telemetry
        self._steps: Counter[str] = Counter()
        self._reprocessor = build(self._observe)

    def handle(self, event: Any, context: Any) -> dict[str, int]:
        """Return how often each step was taken; raise Unavailable if one failed, after all the others."""
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
            raise Unavailable(f"{facts.failed} steps failed; they are tried again.")
        return dict(self._steps)

    def _observe(self, taken: Taken) -> None:
        self._steps[taken.step] += 1
        said: dict[str, str] = {}
        if job := taken.job:
            said |= {"job_id": job.job_id, "tenant_id": job.tenant_id, "kind": job.work.kind, "reason": job.reason}
            said |= {"message_id": job.work.id, "correlation_id": job.work.correlation_id, "state": job.state}
        if taken.error:
            said["error"] = describe_error(taken.error)
        failed = taken.step == "failed"
        self._telemetry.log_event(f"dead_letter_{taken.step}", failed=failed, about=("queue", taken.queue), **said)
