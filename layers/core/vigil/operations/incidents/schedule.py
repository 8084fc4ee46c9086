"""Scheduled sweep of incidents, every minute, with one log line per run."""

from typing import Any

from vigil.errors import Unavailable
from vigil.operations.incidents.sweep_service import IncidentSweep
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry


class IncidentSweepHandler:
    """Lambda handler of the minute sweep of incidents."""

    def __init__(self, sweep: IncidentSweep, telemetry: Telemetry) -> None:
        self._sweep = sweep
        self._telemetry = telemetry

    def handle(self, event: Any, _context: Any) -> dict[str, int]:
        """Return the counts of a run. Raises Unavailable if the work of an incident failed."""
        correlation.start(event.get("id"))
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "incidents"
        try:
            result = self._sweep.run()
            facts.records, facts.failed = result.escalated + result.resent, result.failed
            facts.status = 503 if result.failed else 200
        finally:
            self._telemetry.end(facts, started)
        if result.failed:
            raise Unavailable(f"The work of {result.failed} incidents failed; the next run repeats it.")
        return {"escalated": result.escalated, "resent": result.resent}
