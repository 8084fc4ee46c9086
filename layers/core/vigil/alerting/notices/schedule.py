"""The Lambda handler of the minute sweep, with one log line and the metric of a completed sweep per run."""

from typing import Any

from vigil.alerting.notices.sweep_service import Sweep
from vigil.runtime import correlation
from vigil.runtime.telemetry import Telemetry

_MIN_SECONDS = 5.0
"""Minimum time left in an invocation for sending further messages, in seconds."""
ALIVE = "AlertingAlive"
"""Metric of a sweep that ended without an error. Its absence raises the alarm `AlertingSilent`."""


class SweepSchedule:
    """Lambda handler that runs the sweep, once a minute."""

    def __init__(self, sweep: Sweep, telemetry: Telemetry) -> None:
        self._sweep = sweep
        self._telemetry = telemetry

    def handle(self, _event: Any, context: Any) -> dict[str, int]:
        """Return the number of sent messages by kind. Raises Unavailable if the index or the queue does not respond."""
        correlation.start(None)
        facts, started = self._telemetry.begin("SCHEDULE")
        facts.route = "alerting_sweep"
        try:
            summary = self._sweep.run(lambda: context.get_remaining_time_in_millis() / 1e3 > _MIN_SECONDS)
            facts.records, facts.status = summary.seen, 200
        finally:
            self._telemetry.end(facts, started)
        self._telemetry.log_event(ALIVE, failed=False, about=("sweep", "alerting"), complete=summary.is_complete)
        return dict(summary.sent)
