"""The schedule that brings in calls, one log line for each run."""

from typing import Any

from vigil.metering.audit import Audit
from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry


class CallsSchedule:
    """Brings in the calls of past hours."""

    def __init__(self, audit: Audit, telemetry: Telemetry) -> None:
        self._audit = audit
        self._telemetry = telemetry

    def handle(self, _event: Any, _context: Any) -> dict[str, int]:
        """Return how many counters were set."""
        correlation.begin(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "calls"
        try:
            facts.records, facts.status = self._audit.bring_in_calls(), 200
            return {"counters": facts.records}
        finally:
            self._telemetry.end(facts, started)
