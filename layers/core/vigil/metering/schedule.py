"""The schedules of metering, one log line for each run.

`{"job": "gauges"}` comes every hour, `{"job": "recount"}` every day.
"""

from typing import Any

from vigil.metering.audit import Audit
from vigil.metering.gauges import Gauges
from vigil.platform import correlation
from vigil.platform.telemetry import Telemetry


class AuditSchedule:
    """Runs the job that an event names."""

    def __init__(self, audit: Audit, gauges: Gauges, telemetry: Telemetry) -> None:
        self._audit = audit
        self._gauges = gauges
        self._telemetry = telemetry

    def handle(self, event: dict[str, Any], _: Any) -> dict[str, int]:
        """Return what the run did; what did not agree is a metric too, and a failure where it could not be repaired."""
        correlation.begin(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = event["job"]
        try:
            if event["job"] == "gauges":
                facts.records, facts.status = self._gauges.measure(), 200
                return {"tenants": facts.records}
            findings = self._audit.recount()
            facts.mismatches = len(findings)
            facts.failed = sum(not finding.repaired for finding in findings)
            facts.status = 500 if facts.failed else 200
            return {"mismatches": facts.mismatches, "unrepaired": facts.failed}
        finally:
            self._telemetry.end(facts, started)
